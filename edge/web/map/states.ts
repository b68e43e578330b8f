// The states of all seats, a byte each, with what is counted of them. Changes come as seats.bin
// has them: seat index * 4 + state. Pure.
import type { Plan } from './plan.ts';

export const AVAILABLE = 0;
export const HELD = 1;
export const SOLD = 2;
export const BLOCKED = 3;

export class States {
  readonly of: Uint8Array; // by seat
  readonly free: Uint32Array; // by section and category
  readonly seats: Uint32Array; // the same, of all seats that can be sold
  private readonly changed: Uint32Array;

  constructor(
    private readonly plan: Plan,
    states: Uint8Array,
  ) {
    if (states.length !== plan.seats) throw new RangeError('states of another plan');
    const cells = plan.sections * plan.categories.length;
    this.of = states;
    this.free = new Uint32Array(cells);
    this.seats = new Uint32Array(cells);
    this.changed = new Uint32Array(plan.seats);
    for (let seat = 0; seat < plan.seats; seat++) {
      const cell = this.cell_of(seat);
      if (states[seat] === AVAILABLE) this.free[cell]!++;
      if (states[seat] !== BLOCKED) this.seats[cell]!++;
    }
  }

  private cell_of(seat: number): number {
    const { plan } = this;
    return plan.seat_section[seat]! * plan.categories.length + plan.seat_category[seat]!;
  }

  // Applies changes and returns the seats that differ now; the array is used again by the next
  // call. A later record of the same seat wins; records of unknown seats are ignored.
  apply(records: ArrayLike<number>): Uint32Array {
    const { of, free, seats, changed } = this;
    let count = 0;
    for (let i = 0; i < records.length; i++) {
      const seat = records[i]! >>> 2;
      const state = records[i]! & 3;
      const before = of[seat];
      if (before === undefined || before === state) continue;
      const cell = this.cell_of(seat);
      if (before === AVAILABLE) free[cell]!--;
      else if (state === AVAILABLE) free[cell]!++;
      if (before === BLOCKED) seats[cell]!++;
      else if (state === BLOCKED) seats[cell]!--;
      of[seat] = state;
      if (count < changed.length) changed[count++] = seat;
    }
    return changed.subarray(0, count);
  }

  // What apply needs to make these states others.
  records_to(states: Uint8Array): number[] {
    const records: number[] = [];
    for (let seat = 0; seat < states.length; seat++) {
      if (states[seat] !== this.of[seat]) records.push(seat * 4 + states[seat]!);
    }
    return records;
  }

  // Free seats of a section, of the shown categories alone.
  section_free(section: number, shown: ReadonlySet<number> | null): number {
    return this.sum(this.free, section, shown);
  }

  section_seats(section: number, shown: ReadonlySet<number> | null): number {
    return this.sum(this.seats, section, shown);
  }

  private sum(of: Uint32Array, section: number, shown: ReadonlySet<number> | null): number {
    const count = this.plan.categories.length;
    let sum = 0;
    for (let category = 0; category < count; category++) {
      if (!shown || shown.has(category)) sum += of[section * count + category]!;
    }
    return sum;
  }

  // How full of free seats a part of a section is, in steps that are drawn: 0 none, 1 few ... 4.
  level(section: number, category: number): number {
    const cell = section * this.plan.categories.length + category;
    const free = this.free[cell]!;
    if (free === 0) return 0;
    const share = free / Math.max(1, this.seats[cell]!);
    return share > 0.6 ? 4 : share > 0.3 ? 3 : share > 0.1 ? 2 : 1;
  }
}
