// The outlines of sections, for when seats are too small to see: rows that follow each other with
// the same categories become one closed shape through their ends. Pure; in the plan's units.
import type { Plan } from './plan.ts';
import type { Rows } from './rows.ts';

export interface Outline {
  readonly category: number;
  readonly points: Float32Array; // x, y alternating; closed
}

const AISLE = 3; // pitches: a wider gap in a row parts the shape
const WAY = 2.2; // of the usual distance between rows: a wider one does too
const BEND_MOST = 0.08; // pitches that a simplified row may differ from its seats

type Point = [number, number];

// A piece of a row of one category, from end to end.
class Run {
  readonly points: Point[];

  constructor(
    readonly category: number,
    plan: Plan,
    seats: Uint32Array,
    private readonly pitch: number,
  ) {
    this.points = simplified(plan, seats, BEND_MOST * pitch);
  }

  get direction(): Point {
    const [first, last] = [this.points[0]!, this.points[this.points.length - 1]!];
    const [dx, dy] = [last[0] - first[0], last[1] - first[1]];
    const length = Math.sqrt(dx * dx + dy * dy);
    return length > 0 ? [dx / length, dy / length] : [1, 0];
  }

  get middle(): Point {
    const [first, last] = [this.points[0]!, this.points[this.points.length - 1]!];
    return [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2];
  }

  // Half a seat more at both ends.
  lengthen(): void {
    const { points } = this;
    const end = (at: number, beside: number) => {
      const [from, to] = [points[beside] ?? points[at]!, points[at]!];
      let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const length = Math.sqrt(dx * dx + dy * dy);
      if (length === 0) [dx, dy] = [at === 0 ? -1 : 1, 0];
      const reach = this.pitch / 2 / (length || 1);
      return [to[0] + dx * reach, to[1] + dy * reach] as Point;
    };
    const last = points.length - 1;
    const ends = [end(0, 1), end(last, last - 1)] as const;
    if (last === 0) points.push(ends[1]);
    else points[last] = ends[1];
    points[0] = ends[0];
  }

  turn_along(direction: Point): void {
    const [x, y] = this.direction;
    if (x * direction[0] + y * direction[1] < 0) this.points.reverse();
  }

  // Its points, moved sideways by a distance: to the left when that is positive.
  beside(distance: number): Point[] {
    const { points } = this;
    return points.map((at, i) => {
      const [before, after] = [points[Math.max(0, i - 1)]!, points[i + 1] ?? at];
      const [dx, dy] = [after[0] - before[0], after[1] - before[1]];
      const length = Math.sqrt(dx * dx + dy * dy) || 1;
      return [at[0] - (dy / length) * distance, at[1] + (dx / length) * distance];
    });
  }
}

// The first and the last seat and those in between where the row bends.
function simplified(plan: Plan, seats: Uint32Array, most: number): Point[] {
  const { seat_x, seat_y } = plan;
  const last = seats.length - 1;
  const points: Point[] = [[seat_x[seats[0]!]!, seat_y[seats[0]!]!]];
  for (let kept = 0, i = 1; i < last; i++) {
    const from = seats[kept]!;
    const middle = seats[(kept + i + 1) >> 1]!;
    const to = seats[i + 1]!;
    const dx = seat_x[to]! - seat_x[from]!;
    const dy = seat_y[to]! - seat_y[from]!;
    const cross =
      dx * (seat_y[middle]! - seat_y[from]!) - dy * (seat_x[middle]! - seat_x[from]!);
    if (cross * cross <= most * most * (dx * dx + dy * dy)) continue;
    points.push([seat_x[seats[i]!]!, seat_y[seats[i]!]!]);
    kept = i;
  }
  if (last > 0) points.push([seat_x[seats[last]!]!, seat_y[seats[last]!]!]);
  return points;
}

function row_runs(plan: Plan, rows: Rows, row: number, pitch: number): Run[] {
  const { seat_x, seat_y, seat_category } = plan;
  const runs: Run[] = [];
  const end = plan.row_first[row + 1]!;
  for (let from = plan.row_first[row]!, at = from; at < end; at++) {
    const seat = rows.placed[at]!;
    const next = at + 1 < end ? rows.placed[at + 1]! : -1;
    const category = seat_category[seat]!;
    if (next >= 0 && seat_category[next] === category) {
      const dx = seat_x[next]! - seat_x[seat]!;
      const dy = seat_y[next]! - seat_y[seat]!;
      if (dx * dx + dy * dy < (AISLE * pitch) ** 2) continue;
    }
    runs.push(new Run(category, plan, rows.placed.subarray(from, at + 1), pitch));
    from = at + 1;
  }
  return runs;
}

// The points between two others that lie farther than a seat's breadth from the line they are on
// (Douglas and Peucker): rows end a bit to and fro along what is a straight side.
function straightened(from: Point, points: readonly Point[], to: Point, most: number): Point[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.sqrt(dx * dx + dy * dy) || 1;
  let [farthest, distance] = [-1, most];
  points.forEach((at, i) => {
    const d = Math.abs(dx * (at[1] - from[1]) - dy * (at[0] - from[0])) / length;
    if (d > distance) [farthest, distance] = [i, d];
  });
  const middle = points[farthest];
  if (!middle) return [];
  return [
    ...straightened(from, points.slice(0, farthest), middle, most),
    middle,
    ...straightened(middle, points.slice(farthest + 1), to, most),
  ];
}

// The shape around runs of rows that follow each other.
function outline_of(runs: readonly Run[], pitch: number, gap: number): Outline {
  const first = runs[0]!;
  const last = runs[runs.length - 1]!;
  runs.forEach((run, i) => {
    run.turn_along((runs[i - 1] ?? run).direction);
    run.lengthen();
  });
  const [dx, dy] = first.direction;
  const next = (runs[1] ?? first).middle;
  const [mx, my] = first.middle;
  // Whether the rows go on to the left of the first one.
  const side = -dy * (next[0] - mx) + dx * (next[1] - my) >= 0 ? 1 : -1;
  const upper = first.beside(-side * (gap / 2));
  const lower = last.beside(side * (gap / 2)).reverse();
  const inner = runs.slice(1, -1);
  const right = inner.map((run) => run.points[run.points.length - 1]!);
  const left = inner.map((run) => run.points[0]!).reverse();
  const points = [
    ...upper,
    ...straightened(upper[upper.length - 1]!, right, lower[0]!, pitch),
    ...lower,
    ...straightened(lower[lower.length - 1]!, left, upper[0]!, pitch),
  ];
  return { category: first.category, points: Float32Array.from(points.flat()) };
}

// Whether a row's runs go on what the row before began.
function runs_follow(before: readonly Run[][], runs: readonly Run[], gap: number): boolean {
  if (before.length !== runs.length) return false;
  return runs.every((run, i) => {
    const above = before[i]![before[i]!.length - 1]!;
    const [dx, dy] = [run.middle[0] - above.middle[0], run.middle[1] - above.middle[1]];
    // Measured across the row: rows of different length have their middles apart.
    const [x, y] = run.direction;
    return run.category === above.category && Math.abs(dx * y - dy * x) < WAY * gap;
  });
}

export function section_outlines(
  plan: Plan,
  rows: Rows,
  section: number,
  pitch: number,
  gap: number,
): Outline[] {
  const outlines: Outline[] = [];
  let open: Run[][] = [];
  const close = () => open.forEach((runs) => outlines.push(outline_of(runs, pitch, gap)));
  for (let row = plan.section_rows[section]!; row < plan.section_rows[section + 1]!; row++) {
    const runs = row_runs(plan, rows, row, pitch);
    if (open.length > 0 && runs_follow(open, runs, gap)) {
      runs.forEach((run, i) => open[i]!.push(run));
      continue;
    }
    close();
    open = runs.map((run) => [run]);
  }
  close();
  return outlines;
}
