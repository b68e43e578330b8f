// The server's time. Deadlines are the database's; a page counts down to them by what the server
// said the time is, carried on by a clock that nobody sets. After the machine has slept that clock
// may be behind: it is compared with the ordinary one and asked for again.
const SAMPLES = 3;
const SLEPT_MS = 2000;

let offset_ms: number | null = null;
let drift_ms = 0;
let asking: Promise<void> | null = null;

async function sample(): Promise<{ offset: number; took: number }> {
  const before = performance.now();
  const answer = await fetch('/v1/time', { cache: 'no-store' });
  const { now } = (await answer.json()) as { now: string };
  const after = performance.now();
  return { offset: Date.parse(now) - (before + after) / 2, took: after - before };
}

async function ask(): Promise<void> {
  let best = await sample();
  for (let i = 1; i < SAMPLES; i++) {
    const next = await sample();
    if (next.took < best.took) best = next;
  }
  offset_ms = best.offset;
  drift_ms = Date.now() - performance.now();
}

/** Asks the server, once for all who wait; without an answer the machine's own clock has to do. */
export function clock_sync(): Promise<void> {
  asking ??= ask()
    .catch(() => undefined)
    .finally(() => (asking = null));
  return asking;
}

/** Milliseconds since 1970, the server's. */
export function now_ms(): number {
  if (offset_ms === null) return Date.now();
  if (Math.abs(Date.now() - performance.now() - drift_ms) > SLEPT_MS) {
    drift_ms = Date.now() - performance.now();
    void clock_sync();
  }
  return performance.now() + offset_ms;
}
