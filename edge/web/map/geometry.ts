// What the map derives from a plan once: the box, the middle and the outlines of each section, and
// a grid that finds the seat at a place. Pure; in the plan's units.
import { NONE, rows_steps, type Rows } from './rows.ts';
import { section_outlines, type Outline } from './outline.ts';
import type { Plan, Shape } from './plan.ts';
import { steps_finish, type Steps } from './steps.ts';

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface Geometry {
  readonly plan: Plan;
  readonly rows: Rows;
  readonly pitch: number; // between neighbours
  readonly bounds: Box; // seats and shapes
  readonly section_box: readonly Box[];
  readonly section_label: Float32Array; // x, y alternating: a place inside of each section
  readonly section_gap: Float32Array; // from row to row
  readonly gap_widest: number;
  readonly section_categories: readonly (readonly number[])[]; // the commonest first
  readonly section_outlines: readonly (readonly Outline[])[];
  readonly focus: { x: number; y: number }; // what people look at
  readonly grid: Grid;
}

export interface Grid {
  readonly cell: number;
  readonly x0: number;
  readonly y0: number;
  readonly columns: number;
  readonly lines: number;
  readonly first: Uint32Array; // by cell, cells + 1
  readonly seats: Uint32Array;
}

const RADIUS_PER_PITCH = 0.4; // as plan_layout_write chooses it
const GRID_SIDE_MAX = 512;
const SEATS_A_STEP = 4096;

export const box_empty = (): Box => ({ x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity });

export function box_add(box: Box, x: number, y: number, margin = 0): void {
  box.x0 = Math.min(box.x0, x - margin);
  box.y0 = Math.min(box.y0, y - margin);
  box.x1 = Math.max(box.x1, x + margin);
  box.y1 = Math.max(box.y1, y + margin);
}

export function boxes_meet(a: Box, b: Box): boolean {
  return a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1;
}

function cell_of(value: number, start: number, cell: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor((value - start) / cell)));
}

function grid_make(plan: Plan, box: Box, pitch: number): Grid {
  const side = Math.max(box.x1 - box.x0, box.y1 - box.y0);
  const cell = Math.max(2 * pitch, side / GRID_SIDE_MAX, 1);
  const columns = Math.max(1, Math.ceil((box.x1 - box.x0) / cell));
  const lines = Math.max(1, Math.ceil((box.y1 - box.y0) / cell));
  const first = new Uint32Array(columns * lines + 1);
  const seats = new Uint32Array(plan.seats);
  const at = new Uint32Array(plan.seats);
  for (let i = 0; i < plan.seats; i++) {
    const column = cell_of(plan.seat_x[i]!, box.x0, cell, columns);
    at[i] = cell_of(plan.seat_y[i]!, box.y0, cell, lines) * columns + column;
    first[at[i]! + 1]!++;
  }
  for (let i = 0; i < columns * lines; i++) first[i + 1]! += first[i]!;
  const next = first.slice();
  for (let i = 0; i < plan.seats; i++) seats[next[at[i]!]!++] = i;
  return { cell, x0: box.x0, y0: box.y0, columns, lines, first, seats };
}

// Calls `visit` for every seat within a box, cell by cell.
export function grid_visit(g: Geometry, box: Box, visit: (seat: number) => void): void {
  const { grid, plan } = g;
  const c0 = cell_of(box.x0, grid.x0, grid.cell, grid.columns);
  const c1 = cell_of(box.x1, grid.x0, grid.cell, grid.columns);
  const l0 = cell_of(box.y0, grid.y0, grid.cell, grid.lines);
  const l1 = cell_of(box.y1, grid.y0, grid.cell, grid.lines);
  for (let line = l0; line <= l1; line++) {
    const end = grid.first[line * grid.columns + c1 + 1]!;
    for (let i = grid.first[line * grid.columns + c0]!; i < end; i++) {
      const seat = grid.seats[i]!;
      const x = plan.seat_x[seat]!;
      const y = plan.seat_y[seat]!;
      if (x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1) visit(seat);
    }
  }
}

// The seat nearest to a place, no farther away than `reach`; NONE: there is none.
export function seat_at(g: Geometry, x: number, y: number, reach: number): number {
  let nearest = NONE;
  let distance = reach * reach;
  const box = { x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach };
  grid_visit(g, box, (seat) => {
    const dx = g.plan.seat_x[seat]! - x;
    const dy = g.plan.seat_y[seat]! - y;
    const d = dx * dx + dy * dy;
    if (d > distance) return;
    distance = d;
    nearest = seat;
  });
  return nearest;
}

// The section whose rows cover a place; NONE: there is none.
export function section_at(g: Geometry, x: number, y: number): number {
  const seat = seat_at(g, x, y, g.gap_widest);
  return seat === NONE ? NONE : g.plan.seat_section[seat]!;
}

function shape_box(shape: Shape, box: Box): void {
  switch (shape.type) {
    case 'rectangle':
      box_add(box, shape.x, shape.y);
      box_add(box, shape.x + shape.width, shape.y + shape.height);
      break;
    case 'ellipse':
      box_add(box, shape.x - shape.radius_x, shape.y - shape.radius_y);
      box_add(box, shape.x + shape.radius_x, shape.y + shape.radius_y);
      break;
    case 'polygon':
      for (const [x, y] of shape.points) box_add(box, x, y);
      break;
    case 'text':
      box_add(box, shape.x, shape.y, shape.size / 2);
      break;
  }
}

// The middle of the largest shape that is drawn (a stage, a field), else of the upper edge.
function focus_find(plan: Plan, bounds: Box): { x: number; y: number } {
  let largest = 0;
  let focus = { x: (bounds.x0 + bounds.x1) / 2, y: bounds.y0 };
  for (const shape of plan.shapes) {
    if (shape.type === 'text' || shape.color === 'transparent') continue;
    const box = box_empty();
    shape_box(shape, box);
    const area = (box.x1 - box.x0) * (box.y1 - box.y0);
    if (area <= largest) continue;
    largest = area;
    focus = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
  }
  return focus;
}

// The usual distance from a row to the next one, asked from the middle seat of each.
function section_gap_find(plan: Plan, section: number, pitch: number): number {
  const gaps: number[] = [];
  for (let row = plan.section_rows[section]!; row + 1 < plan.section_rows[section + 1]!; row++) {
    const middle = (plan.row_first[row]! + plan.row_first[row + 1]!) >> 1;
    let nearest = Infinity;
    for (let seat = plan.row_first[row + 1]!; seat < plan.row_first[row + 2]!; seat++) {
      const dx = plan.seat_x[seat]! - plan.seat_x[middle]!;
      const dy = plan.seat_y[seat]! - plan.seat_y[middle]!;
      nearest = Math.min(nearest, dx * dx + dy * dy);
    }
    gaps.push(Math.sqrt(nearest));
  }
  gaps.sort((a, b) => a - b);
  const gap = gaps[gaps.length >> 1] ?? 1.4 * pitch;
  return Math.max(0.9 * pitch, Math.min(gap, 2.5 * pitch));
}

function section_categories_find(plan: Plan, section: number): number[] {
  const counts = new Map<number, number>();
  for (let seat = plan.section_first[section]!; seat < plan.section_first[section + 1]!; seat++) {
    const category = plan.seat_category[seat]!;
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([category]) => category);
}

// The seat nearest to the middle of all of a section's seats: a place that is surely inside.
function label_place(plan: Plan, section: number, gap: number, out: Float32Array): void {
  const first = plan.section_first[section]!;
  const end = plan.section_first[section + 1]!;
  let [x, y] = [0, 0];
  for (let seat = first; seat < end; seat++) {
    x += plan.seat_x[seat]!;
    y += plan.seat_y[seat]!;
  }
  x /= end - first;
  y /= end - first;
  let [nearest, distance] = [first, Infinity];
  for (let seat = first; seat < end; seat++) {
    const dx = plan.seat_x[seat]! - x;
    const dy = plan.seat_y[seat]! - y;
    const d = dx * dx + dy * dy;
    if (d >= distance) continue;
    distance = d;
    nearest = seat;
  }
  const inside = distance < (1.5 * gap) ** 2;
  out[2 * section] = inside ? x : plan.seat_x[nearest]!;
  out[2 * section + 1] = inside ? y : plan.seat_y[nearest]!;
}

export const geometry_make = (plan: Plan): Geometry => steps_finish(geometry_steps(plan));

export function* geometry_steps(plan: Plan): Steps<Geometry> {
  const pitch = Math.max(1, plan.seat_radius / RADIUS_PER_PITCH);
  const rows = yield* rows_steps(plan);
  const section_box = Array.from({ length: plan.sections }, box_empty);
  const seats_box = box_empty();
  for (let seat = 0; seat < plan.seats; seat++) {
    box_add(section_box[plan.seat_section[seat]!]!, plan.seat_x[seat]!, plan.seat_y[seat]!, pitch);
    if (seat % SEATS_A_STEP === 0) yield;
  }
  for (const box of section_box) {
    box_add(seats_box, box.x0, box.y0);
    box_add(seats_box, box.x1, box.y1);
  }
  const bounds = { ...seats_box };
  for (const shape of plan.shapes) shape_box(shape, bounds);
  const section_gap = new Float32Array(plan.sections);
  const section_label = new Float32Array(2 * plan.sections);
  const section_categories: number[][] = [];
  const outlines: Outline[][] = [];
  for (let s = 0; s < plan.sections; s++) {
    section_gap[s] = section_gap_find(plan, s, pitch);
    label_place(plan, s, section_gap[s]!, section_label);
    section_categories.push(section_categories_find(plan, s));
    yield;
    outlines.push(section_outlines(plan, rows, s, pitch, section_gap[s]!));
    yield;
  }
  return {
    plan, rows, pitch, bounds, section_box, section_label, section_gap,
    gap_widest: section_gap.reduce((widest, gap) => Math.max(widest, gap), pitch),
    section_categories,
    section_outlines: outlines,
    focus: focus_find(plan, bounds),
    grid: grid_make(plan, seats_box, pitch),
  };
}
