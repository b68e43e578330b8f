// What is to be said of reservations as their time goes by: each mark once, and each end once, on
// the first tick at or after it. A tab that slept says what has happened meanwhile, and no mark
// that is long past. Pure.
export type Saying = 'two_minutes' | 'one_minute' | 'twenty_seconds' | 'expired';

const MARKS: [number, Saying][] = [
  [0, 'expired'],
  [20, 'twenty_seconds'],
  [60, 'one_minute'],
  [120, 'two_minutes'],
];

interface Watched {
  until_ms: number;
  left_s: number; // when it was last looked at
}

/** The lowest mark between what was left before and what is left now. */
function passed(before_s: number, left_s: number): Saying | null {
  const mark = MARKS.find(([mark_s]) => left_s <= mark_s && mark_s < before_s);
  return mark ? mark[1] : null;
}

export class HoldVoice {
  #watched = new Map<string, Watched>();

  /** What to say now, the most urgent first. `held`: those whose time is not up. */
  tick(held: readonly { id: string; until: string }[], now_ms: number): Saying[] {
    const said = new Set<Saying>();
    const there = new Map(held.map((one) => [one.id, Date.parse(one.until)]));
    for (const [id, { until_ms, left_s }] of this.#watched) {
      const until = there.get(id) ?? until_ms;
      const now_s = (until - now_ms) / 1000;
      // One that is gone before its time was paid or given back, which is told elsewhere.
      const saying = there.has(id) || now_s <= 0 ? passed(left_s, now_s) : null;
      if (saying) said.add(saying);
      if (!there.has(id)) this.#watched.delete(id);
    }
    for (const [id, until_ms] of there)
      this.#watched.set(id, { until_ms, left_s: (until_ms - now_ms) / 1000 });
    return MARKS.map(([, saying]) => saying).filter((saying) => said.has(saying));
  }
}
