// Wishes to reserve whose outcome is not known: the answer was lost, or it said nothing definite.
// Each is kept with its key and outlives a reload, so that it is this very wish that is sent again,
// and never a second one beside seats that the first may have got.
import type { EventDetail, Reservation } from '#api';
import { is_decided, reservation_create } from './api.ts';
import type { ChosenSeat } from './choice.ts';
import { random_key } from './key.ts';
import { mine_note } from './mine.ts';
import { store, stored_list } from './store.ts';

const LIST = 'cavea.attempts';
const LATE_MS = 60000; // that the last of its tries may have been on its way

export interface Attempt {
  event: string;
  seats: ChosenSeat[];
  key: string;
  at: number; // Date.now() when it was sent last
  hold_seconds: number; // the event's: by then nothing is held any more that nobody knows of
}

function attempts(): Attempt[] {
  const young = ({ at = 0, hold_seconds = 0 }: Partial<Attempt>) =>
    Math.abs(Date.now() - at) < hold_seconds * 1000 + LATE_MS;
  return stored_list<Attempt>('session', LIST, (a) => Boolean(a.event && a.seats) && young(a));
}

function attempt_save(event: string, next: Attempt | null): void {
  const others = attempts().filter((a) => a.event !== event);
  store('session', LIST, JSON.stringify(next ? [...others, next] : others));
}

/** The wish for seats of this event that still waits for its answer. */
export function attempt_open(event: string): Attempt | null {
  return attempts().find((a) => a.event === event) ?? null;
}

export function attempts_open(): Attempt[] {
  return attempts();
}

/** A new wish. Only one is open for an event at a time. */
export function attempt_begin(
  { id: event, hold_seconds }: Pick<EventDetail, 'id' | 'hold_seconds'>,
  seats: readonly ChosenSeat[],
): Attempt {
  const attempt = { event, seats: [...seats], key: random_key(), at: Date.now(), hold_seconds };
  attempt_save(event, attempt);
  return attempt;
}

export function attempt_wants(attempt: Attempt, seats: readonly ChosenSeat[]): boolean {
  const ids = (of: readonly ChosenSeat[]) => of.map((seat) => seat.id).join();
  return ids(attempt.seats) === ids(seats);
}

/** Sends it, again or for the first time; it is over once there is a definite answer. */
export async function attempt_send(attempt: Attempt): Promise<Reservation> {
  const ids = attempt.seats.map((seat) => seat.id);
  attempt_save(attempt.event, { ...attempt, at: Date.now() });
  try {
    const reservation = await reservation_create(attempt.event, ids, attempt.key);
    attempt_save(attempt.event, null);
    mine_note(reservation);
    return reservation;
  } catch (error) {
    if (is_decided(error)) attempt_save(attempt.event, null);
    throw error;
  }
}
