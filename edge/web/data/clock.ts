// The server's time. Deadlines are the database's; a page counts down to them by what the server
// said the time is, carried on by a clock that nobody sets. After the machine has slept that clock
// may be behind: it is compared with the ordinary one and asked for again.
import { deadline } from './deadline.ts';

const SAMPLES = 3;
const SAMPLES_MS = 8000; // for all of them: until the first is known, nothing is counted down
const SLEPT_MS = 2000;
const AGAIN_MS = 2000;
const AGAIN_MS_MAX = 60000;

interface Sample {
  offset: number;
  took: number;
}

let offset_ms: number | null = null;
let drift_ms = 0;
let asking: Promise<void> | null = null;
let asked = false;
let again_ms = AGAIN_MS;

/** What the server says the time is; anything else that comes back, a refusal too, throws. */
async function sample(signal: AbortSignal): Promise<Sample> {
  const before = performance.now();
  const answer = await fetch('/v1/time', { cache: 'no-store', signal });
  const body = (await answer.json()) as { now?: string };
  const took = performance.now() - before;
  const at = Date.parse(body.now ?? '');
  if (!answer.ok || !Number.isFinite(at)) throw new Error('no time');
  return { offset: at - before - took / 2, took };
}

async function ask(): Promise<void> {
  let best: Sample | null = null;
  const end = deadline(SAMPLES_MS);
  for (let i = 0; i < SAMPLES && !end.aborted; i++) {
    const next = await sample(end).catch(() => null);
    if (!next || (best && next.took >= best.took)) continue;
    best = next;
    offset_ms = best.offset;
    drift_ms = Date.now() - performance.now();
  }
  asked = true;
  if (best) return void (again_ms = AGAIN_MS);
  setTimeout(() => void clock_sync(), again_ms);
  again_ms = Math.min(AGAIN_MS_MAX, 2 * again_ms);
}

/** Asks the server, once for all who wait, and later again when it does not say. */
export function clock_sync(): Promise<void> {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

/**
 * Whether the server was asked for the time. Until then nothing may be said to be over: the
 * machine's own clock, which has to do without an answer, may be wrong by hours.
 */
export function clock_asked(): boolean {
  return asked || offset_ms !== null;
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
