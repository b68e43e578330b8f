// The seats that the reader has picked and not reserved yet: theirs alone until the server says so.
import type { EventDetail, Seat } from '#api';

export const CHOICE_MAX = 10;

export interface ChosenSeat {
  index: number;
  id: string;
  section: string; // its name
  row: string;
  number: string;
  price_minor: number;
}

export function chosen_of(event: EventDetail, seat: Seat, index: number): ChosenSeat {
  const section = event.sections.find((s) => s.id === seat.section)?.name ?? seat.section;
  const { id, row, number, price_minor } = seat;
  return { index, id, section, row, number, price_minor };
}

/** `change` is sent after every change. */
export class Choice extends EventTarget {
  #seats: ChosenSeat[] = [];

  get seats(): readonly ChosenSeat[] {
    return this.#seats;
  }

  get total_minor(): number {
    return this.#seats.reduce((sum, seat) => sum + seat.price_minor, 0);
  }

  has(index: number): boolean {
    return this.#seats.some((seat) => seat.index === index);
  }

  /** False when there are too many already. */
  add(seat: ChosenSeat): boolean {
    if (this.has(seat.index)) return true;
    if (this.#seats.length >= CHOICE_MAX) return false;
    this.#set([...this.#seats, seat]);
    return true;
  }

  remove(index: number): void {
    if (this.has(index)) this.#set(this.#seats.filter((seat) => seat.index !== index));
  }

  /** These and no others. */
  become(seats: ChosenSeat[]): void {
    this.#set(seats.slice(0, CHOICE_MAX));
  }

  /** Takes out those that the test is true of, and returns them. */
  take(lost: (seat: ChosenSeat) => boolean): ChosenSeat[] {
    const out = this.#seats.filter(lost);
    if (out.length) this.#set(this.#seats.filter((seat) => !lost(seat)));
    return out;
  }

  #set(seats: ChosenSeat[]): void {
    this.#seats = seats;
    this.dispatchEvent(new Event('change'));
  }
}
