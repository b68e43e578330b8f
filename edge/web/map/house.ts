// A house for the tests of the map: plans made by hand, without a server.
import type { Plan } from './plan.ts';

export interface HouseSeat {
  section?: number;
  row: number;
  x: number;
  y: number;
  category?: number;
  flags?: number;
}

// A plan of these seats; sections and rows ascend, and every row is called after its number.
export function house_make(seats: readonly HouseSeat[], categories = 2): Plan {
  const count = seats.length;
  const last = seats[count - 1]!;
  const rows = last.row + 1;
  const sections = (last.section ?? 0) + 1;
  const first_of = (groups: number, group: (seat: HouseSeat) => number) =>
    Uint32Array.from({ length: groups + 1 }, (_, i) => {
      const at = seats.findIndex((seat) => group(seat) >= i);
      return at < 0 ? count : at;
    });
  const row_first = first_of(rows, (seat) => seat.row);
  const section_first = first_of(sections, (seat) => seat.section ?? 0);
  const section_rows = section_first.map((seat) => seats[seat]?.row ?? rows);
  const texts = Array.from({ length: rows }, () => ({ prefix: '', first: 1, step: 1 }));
  const of = <T extends Uint8Array | Uint16Array | Int32Array>(
    array: T,
    value: (seat: HouseSeat) => number,
  ): T => {
    seats.forEach((seat, i) => (array[i] = value(seat)));
    return array;
  };
  return {
    name: 'House',
    width: 1000,
    height: 1000,
    seat_radius: 4,
    categories: Array.from({ length: categories }, (_, i) => ({ name: `C${i}`, color: '#0072b2' })),
    shapes: [{ type: 'rectangle', x: 0, y: -60, width: 100, height: 30, color: '#eeeeee' }],
    seats: count,
    rows,
    sections,
    seat_x: of(new Int32Array(count), (seat) => seat.x),
    seat_y: of(new Int32Array(count), (seat) => seat.y),
    seat_section: of(new Uint16Array(count), (seat) => seat.section ?? 0),
    seat_row: of(new Uint16Array(count), (seat) => seat.row),
    seat_category: of(new Uint8Array(count), (seat) => seat.category ?? 0),
    seat_flags: of(new Uint8Array(count), (seat) => seat.flags ?? 0),
    row_first,
    section_first,
    section_rows,
    section_ids: Array.from({ length: sections }, (_, i) => `s${i}`),
    section_names: Array.from({ length: sections }, (_, i) => `Section ${i}`),
    row_names: texts.map((_, i) => `${i + 1}`),
    numbers: texts,
    ids: texts.map((text, row) => ({ ...text, prefix: `${row}-` })),
  };
}

// Rows of ten seats, ten units apart, with two sections of three rows: seat = 10 * row + place.
export function house_plain(): Plan {
  const seats: HouseSeat[] = [];
  for (let row = 0; row < 6; row++) {
    for (let place = 0; place < 10; place++) {
      const section = row < 3 ? 0 : 1;
      seats.push({ section, row, x: place * 10, y: row * 16 + section * 20, category: section });
    }
  }
  return house_make(seats);
}
