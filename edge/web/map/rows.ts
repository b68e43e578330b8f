// Who sits beside whom, by the rule of schemas/plan_rows.c: a row is read along the line between
// its ends, and a gap of more than 7/4 of the usual one is an aisle. Pure.
import type { Plan } from './plan.ts';
import { steps_finish, type Steps } from './steps.ts';

export const NONE = -1;

export interface Rows {
  readonly left: Int32Array; // by seat; NONE at an end of the row and at an aisle
  readonly right: Int32Array;
  readonly placed: Uint32Array; // seats row by row from left to right; row_first says where
}

const OWN_GAPS_MIN = 3; // a row of four seats knows its own usual gap

function distance_squared(plan: Plan, a: number, b: number): number {
  const dx = plan.seat_x[a]! - plan.seat_x[b]!;
  const dy = plan.seat_y[a]! - plan.seat_y[b]!;
  return dx * dx + dy * dy;
}

function farthest_from(plan: Plan, first: number, end: number, from: number): number {
  let farthest = from;
  let distance = 0;
  for (let seat = first; seat < end; seat++) {
    const d = distance_squared(plan, seat, from);
    if (d > distance) {
      distance = d;
      farthest = seat;
    }
  }
  return farthest;
}

function row_place(plan: Plan, first: number, end: number, placed: Uint32Array): void {
  const { seat_x, seat_y } = plan;
  const tail = farthest_from(plan, first, end, first);
  const head = farthest_from(plan, first, end, tail);
  let dx = seat_x[head]! - seat_x[tail]!;
  let dy = seat_y[head]! - seat_y[tail]!;
  if (dx < 0 || (dx === 0 && dy < 0)) {
    dx = -dx;
    dy = -dy;
  }
  const row = placed.subarray(first, end);
  const along = new Float64Array(end - first);
  let sorted = true;
  for (let i = 0; i < row.length; i++) {
    row[i] = first + i;
    along[i] = seat_x[first + i]! * dx + seat_y[first + i]! * dy;
    if (i > 0 && along[i]! <= along[i - 1]!) sorted = false;
  }
  if (sorted) return;
  const beside = (seat: number) => seat_y[seat]! * dx - seat_x[seat]! * dy;
  row.sort((a, b) => along[a - first]! - along[b - first]! || beside(a) - beside(b) || a - b);
}

function median(values: Float64Array): number {
  values.sort();
  return values[values.length >> 1] ?? 0;
}

function row_cut(plan: Plan, rows: Rows, row: number, usual_squared: number): void {
  for (let seat = plan.row_first[row]!; seat < plan.row_first[row + 1]!; seat++) {
    const right = rows.right[seat]!;
    if (right === NONE || 16 * distance_squared(plan, seat, right) <= 49 * usual_squared) continue;
    rows.right[seat] = NONE;
    rows.left[right] = NONE;
  }
}

export const rows_make = (plan: Plan): Rows => steps_finish(rows_steps(plan));

export function* rows_steps(plan: Plan): Steps<Rows> {
  const rows: Rows = {
    left: new Int32Array(plan.seats).fill(NONE),
    right: new Int32Array(plan.seats).fill(NONE),
    placed: new Uint32Array(plan.seats),
  };
  const short: number[] = [];
  const gaps = new Float64Array(plan.seats);
  let gaps_count = 0;
  for (let row = 0; row < plan.rows; row++) {
    const first = plan.row_first[row]!;
    const end = plan.row_first[row + 1]!;
    const own = gaps_count;
    row_place(plan, first, end, rows.placed);
    for (let at = first + 1; at < end; at++) {
      const a = rows.placed[at - 1]!;
      const b = rows.placed[at]!;
      rows.right[a] = b;
      rows.left[b] = a;
      gaps[gaps_count++] = distance_squared(plan, a, b);
    }
    const count = gaps_count - own;
    if (count >= OWN_GAPS_MIN) row_cut(plan, rows, row, median(gaps.subarray(own, gaps_count)));
    else if (count > 0) short.push(row);
    yield;
  }
  if (short.length > 0) {
    const usual = median(gaps.subarray(0, gaps_count));
    for (const row of short) row_cut(plan, rows, row, usual);
  }
  return rows;
}
