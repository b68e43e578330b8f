// What is picked and not reserved yet, by event: a page that is built anew (another language, a
// reload, the way back) goes on with it. For this tab, as long as it lives.
import type { ChosenSeat } from './choice.ts';
import { now_ms } from './clock.ts';
import { mine_changes, mine_seats } from './mine.ts';
import { store, stored_list } from './store.ts';

const LIST = 'cavea.picked';
const EVENTS_MAX = 20; // the latest

interface Picked {
  event: string;
  seats: ChosenSeat[];
}

function all(): Picked[] {
  return stored_list<Picked>('session', LIST, (p) => Boolean(p.event && Array.isArray(p.seats)));
}

export function picked(event: string): ChosenSeat[] {
  return all().find((p) => p.event === event)?.seats ?? [];
}

/** Of these, those that this browser does not hold. */
export function picked_keep(event: string, seats: readonly ChosenSeat[]): void {
  const mine = mine_seats(event, now_ms());
  const left = seats.filter((seat) => !mine.has(seat.id));
  if (!left.length && !picked(event).length) return;
  const others = all().filter((p) => p.event !== event);
  const next = left.length ? [...others, { event, seats: left }] : others;
  store('session', LIST, JSON.stringify(next.slice(-EVENTS_MAX)));
}

// Also what another tab has reserved is picked no more.
mine_changes.addEventListener('change', () => {
  for (const { event, seats } of all()) picked_keep(event, seats);
});
