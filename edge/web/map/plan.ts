// A seating plan as the map and the list use it: typed arrays by seat index, read from map.bin
// (GET /v1/plans/{hash}/map.bin, described in edge/plan_map.h). Knows no price, no event, no seat
// state and no document. A plan never changes after plan_read.

export const FLAG_ACCESSIBLE = 1;
export const FLAG_COMPANION = 2;
export const FLAG_BLOCKED = 4;

export interface Category {
  readonly name: string;
  readonly color: string;
}

export type Shape =
  | { type: 'rectangle'; x: number; y: number; width: number; height: number; color: string }
  | { type: 'ellipse'; x: number; y: number; radius_x: number; radius_y: number; color: string }
  | { type: 'polygon'; points: [number, number][]; color: string }
  | { type: 'text'; x: number; y: number; size: number; text: string; color: string };

// The texts of one row: all of them, or what makes them.
type Series = readonly string[] | { readonly prefix: string; first: number; step: number };

export interface Plan {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly seat_radius: number;
  readonly categories: readonly Category[];
  readonly shapes: readonly Shape[];
  readonly seats: number;
  readonly rows: number;
  readonly sections: number;
  readonly seat_x: Int32Array;
  readonly seat_y: Int32Array;
  readonly seat_section: Uint16Array;
  readonly seat_row: Uint16Array;
  readonly seat_category: Uint8Array;
  readonly seat_flags: Uint8Array;
  readonly row_first: Uint32Array; // rows + 1
  readonly section_first: Uint32Array; // sections + 1: seats
  readonly section_rows: Uint32Array; // sections + 1: rows
  readonly section_ids: readonly string[];
  readonly section_names: readonly string[];
  readonly row_names: readonly string[];
  readonly numbers: readonly Series[]; // by row
  readonly ids: readonly Series[];
}

const HEAD_BYTES = 20;
const SEATS_MAX = 65536;
const text_of = new TextDecoder('utf-8', { fatal: true });

// Reads the numbers and texts that follow the JSON; what is cut off or out of bounds throws.
class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
  ) {}

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('the plan is cut off');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError('the plan holds a number that is none');
  }

  signed(): number {
    const value = this.number();
    return (value >>> 1) ^ -(value & 1);
  }

  text(): string {
    const count = this.number();
    if (count > this.bytes.length - this.at) throw new RangeError('the plan is cut off');
    this.at += count;
    return text_of.decode(this.bytes.subarray(this.at - count, this.at));
  }

  series(count: number): Series {
    if (this.number() === 0) return Array.from({ length: count }, () => this.text());
    return { prefix: this.text(), first: this.number(), step: this.signed() };
  }

  runs(into: Uint8Array): void {
    for (let seat = 0; seat < into.length; ) {
      const value = this.number();
      const end = seat + this.number();
      if (end <= seat || end > into.length) throw new RangeError('the plan holds a bad run');
      into.fill(value, seat, end);
      seat = end;
    }
  }

  places(row_first: Uint32Array): Int32Array {
    const rows = row_first.length - 1;
    const places = new Int32Array(row_first[rows]!);
    let row_before = 0;
    for (let row = 0; row < rows; row++) {
      const end = row_first[row + 1]!;
      let step = 0;
      let at = (row_before += this.signed());
      places[row_first[row]!] = at;
      for (let seat = row_first[row]! + 1; seat < end; seat++) {
        step += this.signed();
        places[seat] = at += step;
      }
    }
    return places;
  }

  get done(): boolean {
    return this.at === this.bytes.length;
  }
}

// How many of something each of `count` others has, as where it starts.
function firsts_read(count: number, total: number, one: (i: number) => number): Uint32Array {
  const first = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) first[i + 1] = first[i]! + one(i);
  if (first[count] !== total) throw new RangeError('the plan does not add up');
  return first;
}

// For each of first's ranges, its number at every place of it.
function owners_fill(first: Uint32Array, owner: Uint16Array): Uint16Array {
  for (let i = 0; i + 1 < first.length; i++) owner.fill(i, first[i], first[i + 1]);
  return owner;
}

export function plan_read(buffer: ArrayBuffer): Plan {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < HEAD_BYTES || text_of.decode(bytes.subarray(0, 4)) !== 'CVP1') {
    throw new RangeError('this is no plan');
  }
  const head = new DataView(buffer);
  const [seats, rows, sections] = [4, 8, 12].map((at) => head.getUint32(at, true)) as [
    number, number, number,
  ];
  const json_end = HEAD_BYTES + head.getUint32(16, true);
  if (seats > SEATS_MAX || rows > seats || sections > rows || json_end > bytes.length) {
    throw new RangeError('the plan is out of bounds');
  }
  const layout = JSON.parse(text_of.decode(bytes.subarray(HEAD_BYTES, json_end)));
  const r = new Reader(bytes, json_end);
  const section_ids: string[] = [];
  const section_names: string[] = [];
  const row_names: string[] = [];
  const section_rows = firsts_read(sections, rows, () => {
    section_ids.push(r.text());
    section_names.push(r.text());
    return r.number();
  });
  const row_first = firsts_read(rows, seats, () => {
    row_names.push(r.text());
    return r.number();
  });
  const row_count = (row: number) => row_first[row + 1]! - row_first[row]!;
  const numbers = row_names.map((_, row) => r.series(row_count(row)));
  const ids = row_names.map((_, row) => r.series(row_count(row)));
  const seat_x = r.places(row_first);
  const seat_y = r.places(row_first);
  const seat_category = new Uint8Array(seats);
  const seat_flags = new Uint8Array(seats);
  r.runs(seat_category);
  r.runs(seat_flags);
  if (!r.done) throw new RangeError('the plan is too long');
  const section_first = section_rows.map((row) => row_first[row]!);
  return {
    name: layout.name,
    width: layout.size.width,
    height: layout.size.height,
    seat_radius: layout.seat_radius,
    categories: layout.categories,
    shapes: layout.shapes,
    seats, rows, sections, seat_x, seat_y, seat_category, seat_flags, row_first, section_rows,
    section_first, section_ids, section_names, row_names, numbers, ids,
    seat_section: owners_fill(section_first, new Uint16Array(seats)),
    seat_row: owners_fill(row_first, new Uint16Array(seats)),
  };
}

function series_text(plan: Plan, series: readonly Series[], seat: number): string {
  const row = plan.seat_row[seat]!;
  const texts = series[row]!;
  const at = seat - plan.row_first[row]!;
  return 'step' in texts ? `${texts.prefix}${texts.first + at * texts.step}` : texts[at]!;
}

export function seat_id(plan: Plan, seat: number): string {
  return series_text(plan, plan.ids, seat);
}

export function seat_number(plan: Plan, seat: number): string {
  return series_text(plan, plan.numbers, seat);
}

export function row_name(plan: Plan, seat: number): string {
  return plan.row_names[plan.seat_row[seat]!]!;
}

export function section_name(plan: Plan, section: number): string {
  return plan.section_names[section]!;
}

// The seat with an id; -1: there is none. Looks through all of them.
export function seat_find(plan: Plan, id: string): number {
  for (let seat = 0; seat < plan.seats; seat++) if (seat_id(plan, seat) === id) return seat;
  return -1;
}
