// What becomes of a buyer whom this browser forgets: the cookie is all that leads to what they
// have. Seats that are held go back first, because a payment for them then goes back too; paid ones
// stay paid, and nobody can show their tickets again.
import type { Reservation } from '#api';
import { Problem, is_nobody, reservation_cancel, reservations_read } from './api.ts';
import { session_delete } from './api.ts';
import { now_ms } from './clock.ts';
import { mine_ids, mine_note } from './mine.ts';

const PAGE = 50;
const LATE_MS = 20 * 60000; // after its deadline a payment may still arrive

export interface Losses {
  known: boolean; // false: the server does not know this browser, and cannot say
  held: Reservation[];
  tickets: number; // paid for
  late: boolean; // a payment that came too late may still arrive
}

const NOTHING: Losses = { known: true, held: [], tickets: 0, late: false };

function losses_of(all: Reservation[]): Losses {
  const paid = all.filter((r) => r.state === 'confirmed');
  const recent = (r: Reservation) => Date.parse(r.expires_at) > now_ms() - LATE_MS;
  return {
    known: true,
    held: all.filter((r) => r.state === 'held'),
    tickets: paid.reduce((sum, r) => sum + r.seats.length, 0),
    late: all.some((r) => r.state === 'expired' && r.payment_id !== undefined && recent(r)),
  };
}

/** What would be lost now. */
export async function losses_read(): Promise<Losses> {
  const all = new Map<string, Reservation>();
  try {
    for (let cursor: string | null = null, first = true; first || cursor; first = false) {
      const page = await reservations_read(PAGE, mine_ids(), cursor);
      for (const r of page.reservations) all.set(r.id, r);
      cursor = page.next;
    }
  } catch (error) {
    if (is_nobody(error)) return NOTHING;
    if (error instanceof Problem && error.status === 401) return { ...NOTHING, known: false };
    throw error;
  }
  return losses_of([...all.values()]);
}

// Something was reserved or paid since the reader was told what would be lost.
function is_more(now: Losses, told: Losses): boolean {
  const known = new Set(told.held.map((r) => r.id));
  return now.tickets > told.tickets || now.held.some((r) => !known.has(r.id));
}

/** False: that has changed meanwhile; nothing is forgotten. */
export async function forget(losses: Losses): Promise<boolean> {
  if (is_more(await losses_read(), losses)) return false;
  for (const { id } of losses.held) {
    try {
      mine_note(await reservation_cancel(id));
    } catch (error) {
      if (error instanceof Problem && error.code === 'RESERVATION_CONFIRMED') return false;
      throw error;
    }
  }
  await session_delete();
  return true;
}
