// The seats that a buyer has chosen and not yet reserved, and what can be advised about them: the
// bound on their number, a single seat that they would leave over, others when some were lost, the
// best ones that are free. Pure; states are those of states.ts. The server decides.
import { AVAILABLE, BLOCKED, type States } from './states.ts';
import type { Geometry } from './geometry.ts';
import { NONE } from './rows.ts';

export type Refusal = 'limit' | 'taken' | 'blocked';

export interface SelectionChange {
  added: number[];
  removed: number[];
  refused?: Refusal;
}

export type Shown = ReadonlySet<number> | null; // categories; null: all

export class Selection {
  private chosen = new Set<number>();

  constructor(public maximum: number) {}

  get seats(): number[] {
    return [...this.chosen];
  }

  get count(): number {
    return this.chosen.size;
  }

  has(seat: number): boolean {
    return this.chosen.has(seat);
  }

  // Replaces it by what the page knows better; nothing is checked.
  set(seats: Iterable<number>): void {
    this.chosen = new Set(seats);
  }

  toggle(states: States, seat: number): SelectionChange {
    if (this.chosen.delete(seat)) return { added: [], removed: [seat] };
    return this.add(states, [seat]);
  }

  // Adds what is free, in the sequence given, up to the bound; refused says why one was left out.
  add(states: States, seats: Iterable<number>): SelectionChange {
    const change: SelectionChange = { added: [], removed: [] };
    for (const seat of seats) {
      if (this.chosen.has(seat)) continue;
      const state = states.of[seat];
      if (state !== AVAILABLE) {
        change.refused ??= state === BLOCKED ? 'blocked' : 'taken';
        continue;
      }
      if (this.chosen.size >= this.maximum) {
        change.refused = 'limit';
        break;
      }
      this.chosen.add(seat);
      change.added.push(seat);
    }
    return change;
  }

  // Takes out what others took meanwhile and returns it.
  lose(states: States, changed: Iterable<number>): number[] {
    const lost: number[] = [];
    for (const seat of changed) {
      if (states.of[seat] !== AVAILABLE && this.chosen.delete(seat)) lost.push(seat);
    }
    return lost;
  }
}

// Free seats that the chosen ones would leave alone: nothing free beside them, and a chosen one on
// at least one side. A seat that was alone before is nobody's fault.
export function seats_left_over(g: Geometry, states: States, chosen: readonly number[]): number[] {
  const taken = new Set(chosen);
  const open = (seat: number) => seat !== NONE && states.of[seat] === AVAILABLE && !taken.has(seat);
  const alone = new Set<number>();
  for (const seat of chosen) {
    for (const beside of [g.rows.left[seat]!, g.rows.right[seat]!]) {
      if (!open(beside)) continue;
      if (!open(g.rows.left[beside]!) && !open(g.rows.right[beside]!)) alone.add(beside);
    }
  }
  return [...alone];
}

// Calls `visit` with each group of `count` free seats side by side. The array is used again.
function groups_visit(
  g: Geometry,
  states: States,
  count: number,
  fits: (seat: number) => boolean,
  visit: (group: readonly number[]) => void,
): void {
  const group: number[] = [];
  let last = NONE;
  for (const seat of g.rows.placed) {
    if (states.of[seat] !== AVAILABLE || !fits(seat)) {
      group.length = 0;
      continue;
    }
    if (group.length > 0 && g.rows.left[seat] !== last) group.length = 0;
    group.push(seat);
    last = seat;
    if (group.length > count) group.shift();
    if (group.length === count) visit(group);
  }
}

function distance_mean(g: Geometry, seats: readonly number[], x: number, y: number): number {
  let sum = 0;
  for (const seat of seats) {
    const dx = g.plan.seat_x[seat]! - x;
    const dy = g.plan.seat_y[seat]! - y;
    sum += Math.sqrt(dx * dx + dy * dy);
  }
  return sum / seats.length;
}

// The groups with the lowest scores, none of them overlapping another.
class Best {
  private found: { score: number; seats: number[] }[] = [];

  constructor(private readonly most: number) {}

  offer(score: number, seats: readonly number[]): void {
    const worst = this.found[this.found.length - 1];
    if (this.found.length === this.most && worst && score >= worst.score) return;
    const meets = this.found.findIndex((other) => other.seats.some((s) => seats.includes(s)));
    if (meets >= 0) {
      if (this.found[meets]!.score <= score) return;
      this.found.splice(meets, 1);
    }
    this.found.push({ score, seats: [...seats] });
    this.found.sort((a, b) => a.score - b.score);
    if (this.found.length > this.most) this.found.pop();
  }

  get groups(): number[][] {
    return this.found.map((found) => found.seats);
  }
}

// As many free seats side by side as were lost, near them: of the same category and section first,
// then of the same category, then any that are shown. The nearest first.
export function alternatives_find(
  g: Geometry,
  states: States,
  lost: readonly number[],
  most = 3,
  shown: Shown = null,
): number[][] {
  const first = lost[0];
  if (first === undefined) return [];
  const category = g.plan.seat_category[first]!;
  const section = g.plan.seat_section[first]!;
  let [x, y] = [0, 0];
  for (const seat of lost) {
    x += g.plan.seat_x[seat]! / lost.length;
    y += g.plan.seat_y[seat]! / lost.length;
  }
  const best = new Best(most);
  const far = Math.hypot(g.plan.width, g.plan.height);
  const fits = (seat: number) => !shown || shown.has(g.plan.seat_category[seat]!);
  groups_visit(g, states, lost.length, fits, (group) => {
    const other = g.plan.seat_category[group[0]!]! !== category ? far : 0;
    const away = g.plan.seat_section[group[0]!]! !== section ? 4 * g.pitch : 0;
    best.offer(distance_mean(g, group, x, y) + other + away, group);
  });
  return best.groups;
}

// Free seats side by side with the best view: nearest to what people look at, rather in its middle
// than to its sides. Accessible places are left to those who ask for them.
export function best_find(
  g: Geometry,
  states: States,
  count: number,
  shown: Shown,
  most = 3,
): number[][] {
  const best = new Best(most);
  const { x, y } = g.focus;
  const plain = (seat: number) =>
    g.plan.seat_flags[seat] === 0 && (!shown || shown.has(g.plan.seat_category[seat]!));
  groups_visit(g, states, count, plain, (group) => {
    const middle = (g.plan.seat_x[group[0]!]! + g.plan.seat_x[group[count - 1]!]!) / 2;
    best.offer(distance_mean(g, group, x, y) + 0.5 * Math.abs(middle - x), group);
  });
  return best.groups;
}
