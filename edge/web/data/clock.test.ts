// The server's time, as a page knows it.
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { clock_asked, clock_sync, now_ms } from './clock.ts';

const THERE = Date.parse('2031-05-01T19:00:00Z');

/** Answers one after the other; the last one goes on. */
function server(answers: (() => Response)[]): () => number {
  let asked = 0;
  globalThis.fetch = async () => answers[Math.min(asked++, answers.length - 1)]!();
  return () => asked;
}

const says = (now: string) => () => Response.json({ now });
const busy = () => Response.json({ code: 'OVERLOADED', status: 503 }, { status: 503 });
const near = (a: number, b: number) => Math.abs(a - b) < 2000;

function timers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
}

/** Whoever gets it says nothing until it is given up. */
const silence = (signal: AbortSignal) =>
  new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));

test('clock: given silence, then nobody waits for it longer than one deadline', async (t) => {
  timers(t);
  const ends: AbortController[] = [];
  t.mock.method(AbortSignal, 'timeout', () => {
    ends.push(new AbortController());
    return ends.at(-1)!.signal;
  });
  let asked = 0;
  globalThis.fetch = (_, init) => (asked++, silence(init!.signal!));
  const round = clock_sync();
  assert.equal(clock_asked(), false);
  ends[0]!.abort(new DOMException('late', 'TimeoutError'));
  await round;
  assert.equal(asked, 1);
  assert.equal(ends.length, 1);
  assert.equal(clock_asked(), true);
});

test('clock: given refusals alone, then time goes on, and it is asked again', async (t) => {
  timers(t);
  const asked = server([busy]);
  await clock_sync();
  assert.equal(clock_asked(), true);
  assert.ok(near(now_ms(), Date.now()), String(now_ms()));
  assert.equal(asked(), 3);
  t.mock.timers.tick(4000);
  assert.equal(asked(), 4);
  await clock_sync();
});

test('clock: given a refusal or nonsense among answers, then the answers count', async (t) => {
  timers(t);
  server([busy, says('soon'), says(new Date(THERE).toISOString())]);
  await clock_sync();
  assert.ok(near(now_ms(), THERE), String(now_ms()));
});

test('clock: given refusals after an answer, then the time goes on by that answer', async (t) => {
  timers(t);
  server([busy]);
  await clock_sync();
  assert.ok(near(now_ms(), THERE), String(now_ms()));
});

test('clock: given no network, then the time goes on too', async (t) => {
  timers(t);
  let asked = 0;
  globalThis.fetch = () => (asked++, Promise.reject(new TypeError('no network')));
  await clock_sync();
  await clock_sync();
  assert.equal(asked, 6);
  assert.ok(near(now_ms(), THERE));
});
