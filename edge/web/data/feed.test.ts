// The feed against a server and a stream that do what the test says.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { EventDetail } from '#api';
import { SeatFeed } from './feed.ts';

class Source {
  static all: Source[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  open = true;
  names = new Map<string, () => void>();
  constructor(readonly url: string) {
    Source.all.push(this);
  }
  addEventListener(name: string, run: () => void) {
    this.names.set(name, run);
  }
  close() {
    this.open = false;
  }
  change(after: number, last: number, seats: number[]) {
    this.onmessage?.({ data: JSON.stringify({ after, seats }), lastEventId: String(last) });
  }
}

const SEATS = 6;
let asked: string[];
let answer: (path: string) => Promise<Response> | Response;

function bytes_of(kind: number, version: number, count: number, rest: Uint8Array) {
  const bytes = new Uint8Array(32 + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x43565331);
  bytes[4] = kind;
  view.setBigUint64(8, BigInt(version), true);
  view.setUint32(24, count, true);
  bytes.set(rest, 32);
  return bytes;
}

function map_of(version: number, ...states: number[]) {
  const packed = new Uint8Array(Math.ceil(SEATS / 4));
  states.forEach((state, i) => (packed[i >> 2]! |= state << (2 * (i & 3))));
  return new Response(bytes_of(1, version, SEATS, packed), { headers: { ETag: `"m${version}"` } });
}

function delta_of(version: number, ...records: number[]) {
  const rest = new Uint8Array(new Uint32Array(records).buffer);
  return new Response(bytes_of(2, version, records.length, rest), {
    headers: { ETag: `"d${version}"` },
  });
}

const nothing = () => new Response(null, { status: 304 });

async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
}

async function pass(ms: number) {
  mock.timers.tick(ms);
  await settle();
}

async function feed_start(live_url: string | null = '/v1/events/e/live') {
  const event = { id: 'e', sections: [{ seats: 2 }, { seats: 4 }], live_url };
  const feed = new SeatFeed(event as unknown as EventDetail);
  const told: string[] = [];
  for (const name of ['load', 'change', 'trouble', 'way'])
    feed.addEventListener(name, (e) =>
      told.push(name === 'trouble' ? `trouble ${(e as CustomEvent).detail}` : name),
    );
  await feed.start();
  await settle();
  return { feed, told };
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  asked = [];
  Source.all = [];
  answer = nothing;
  Object.assign(globalThis, {
    EventSource: Source,
    document: Object.assign(new EventTarget(), { hidden: false }),
    addEventListener: () => undefined,
    fetch: async (path: string, { signal }: { signal: AbortSignal }) => {
      asked.push(path);
      const ended = new Promise<never>((_, fail) =>
        signal.addEventListener('abort', () => fail(signal.reason)),
      );
      const got = await Promise.race([answer(path), ended]);
      signal.throwIfAborted();
      return got;
    },
  });
  mock.method(AbortSignal, 'timeout', (ms: number) => {
    const end = new AbortController();
    setTimeout(() => end.abort(new DOMException('late', 'TimeoutError')), ms);
    return end.signal;
  });
});
afterEach(() => (mock.timers.reset(), mock.restoreAll()));

test('without a stream it asks, also of an event that nothing happened to', async () => {
  answer = () => map_of(0, 0, 0, 3);
  const { feed, told } = await feed_start(null);
  assert.deepEqual([...feed.states], [0, 0, 3, 0, 0, 0]);
  assert.equal(feed.way, 'poll');
  await pass(2300);
  answer = () => delta_of(4, 1 * 4 + 2);
  await pass(2300);
  assert.deepEqual(asked, [
    '/v1/events/e/seats.bin',
    '/v1/events/e/seats.bin?since=0',
    '/v1/events/e/seats.bin?since=0',
  ]);
  assert.deepEqual([...feed.states], [0, 2, 3, 0, 0, 0]);
  assert.deepEqual(told, ['load', 'change'], 'the same map again is nothing new');
  feed.stop();
});

test('what the stream brings is applied in order, and nothing is asked', async () => {
  answer = () => map_of(7);
  const { feed, told } = await feed_start();
  const [source] = Source.all;
  assert.equal(source!.url, '/v1/events/e/live?since=7');
  source!.onopen?.();
  assert.equal(feed.way, 'stream');
  source!.change(7, 9, [5, 9]);
  source!.change(6, 8, [4]); // older than what is known
  source!.change(8, 10, [4 * 4 + 2]); // begins inside
  assert.deepEqual([...feed.states], [0, 1, 1, 0, 2, 0]);
  assert.equal(feed.version, 10);
  await pass(20000);
  assert.equal(asked.length, 1);
  assert.deepEqual(told, ['load', 'way', 'change', 'change']);
  source!.names.get('beat')!();
  await pass(20000);
  assert.equal(asked.length, 2, 'it looks now and then all the same');
  feed.stop();
  assert.equal(source!.open, false);
});

test('after a gap it asks until it has what the stream told of', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  Source.all[0]!.onopen?.();
  Source.all[0]!.change(9, 10, [5]);
  assert.deepEqual([...feed.states], [0, 0, 0, 0, 0, 0]);
  answer = () => delta_of(8, 6); // out of a cache
  await pass(1);
  answer = () => delta_of(10, 5);
  await pass(1300);
  assert.equal(feed.version, 10);
  assert.deepEqual([...feed.states], [0, 1, 0, 0, 0, 0]);
  await pass(5000);
  assert.equal(asked.length, 3);
  feed.stop();
});

test('a reset is a question within a second, also when one is on its way', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  Source.all[0]!.onopen?.();
  Source.all[0]!.names.get('reset')!();
  await pass(1000);
  assert.equal(asked.length, 2);
  let late!: (r: Response) => void;
  answer = () => new Promise((done) => (late = done));
  void feed.refresh();
  await settle();
  Source.all[0]!.names.get('reset')!();
  late(nothing());
  answer = nothing;
  await pass(0);
  await pass(1300);
  assert.equal(asked.length, 4);
  feed.stop();
});

test('an answer that is older than the stream changes nothing back', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  Source.all[0]!.onopen?.();
  let late!: (r: Response) => void;
  answer = () => new Promise((done) => (late = done));
  const question = feed.refresh();
  await settle();
  Source.all[0]!.change(7, 9, [5]);
  late(map_of(8, 0, 0));
  await question;
  assert.equal(feed.version, 9);
  assert.equal(feed.states[1], 1);
  feed.stop();
});

test('when the stream ends it asks, and comes back from where it is', async () => {
  answer = () => map_of(7);
  const { feed, told } = await feed_start();
  Source.all[0]!.onopen?.();
  Source.all[0]!.change(7, 8, [5]);
  answer = nothing;
  Source.all[0]!.onerror?.();
  assert.equal(feed.way, 'poll');
  await pass(2300);
  await pass(2300);
  assert.ok(asked.length >= 2);
  assert.equal(Source.all.length, 2);
  assert.equal(Source.all[1]!.url, '/v1/events/e/live?since=8');
  Source.all[1]!.names.get('deaf')!();
  assert.equal(feed.way, 'poll');
  Source.all[1]!.names.get('reset')!();
  assert.equal(feed.way, 'stream');
  for (let i = 1; i < 6; i++) {
    Source.all[i]!.onerror?.();
    await pass(200000);
  }
  assert.equal(Source.all.length, 7);
  assert.ok(!told.includes('trouble true'));
  feed.stop();
});

test('a stream without a word is dead, and another takes its place', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  Source.all[0]!.onopen?.();
  answer = nothing;
  for (let i = 0; i < 6; i++) {
    await pass(15000);
    Source.all[0]!.names.get('beat')!();
  }
  assert.equal(Source.all.length, 1, 'beats are words');
  await pass(39000);
  assert.equal(feed.way, 'stream');
  await pass(1500);
  assert.equal(feed.way, 'poll');
  assert.equal(Source.all[0]!.open, false);
  const before = asked.length;
  await pass(2300);
  assert.equal(asked.length, before + 1, 'meanwhile it asks');
  assert.equal(Source.all.length, 2);
  await pass(41000); // nor does that one ever answer
  await pass(10000);
  assert.equal(Source.all.length, 3);
  feed.stop();
});

test('a stream that does not tell what a question brings is given up', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  const [source] = Source.all;
  source!.onopen?.();
  const beat = async (ms: number) => (source!.names.get('beat')!(), await pass(ms));
  answer = () => delta_of(9, 5);
  await beat(33000);
  assert.equal(feed.version, 9);
  source!.change(7, 9, [5]); // told a little later
  answer = nothing;
  await beat(3000);
  assert.equal(feed.way, 'stream');
  source!.names.get('reset')!(); // told that there is something, not what
  answer = () => delta_of(10, 9);
  await pass(1000);
  await pass(3000);
  assert.equal(feed.version, 10);
  assert.equal(feed.way, 'stream');
  answer = () => delta_of(12, 13);
  await beat(33000);
  assert.equal(feed.version, 12);
  await beat(3000);
  assert.equal(feed.way, 'poll');
  assert.equal(source!.open, false);
  feed.stop();
});

test('trouble is told once, and once that it is over', async () => {
  answer = () => map_of(7);
  const { feed, told } = await feed_start(null);
  const fails = () => Promise.reject(new Error('gone'));
  answer = fails;
  await pass(2300);
  assert.ok(!told.includes('trouble true'), 'one lost question is nothing');
  answer = nothing;
  await pass(5000);
  answer = fails;
  for (let i = 0; i < 4; i++) await pass(40000);
  answer = nothing;
  await pass(40000);
  await pass(40000);
  assert.deepEqual(told, ['load', 'trouble true', 'trouble false']);
  feed.stop();
});

test('a question that nobody answers ends, and another is asked', async () => {
  answer = () => map_of(7);
  const { feed, told } = await feed_start(null);
  answer = () => new Promise(() => undefined);
  await pass(2300);
  assert.equal(asked.length, 2);
  await pass(8000);
  await pass(5000);
  await pass(8000);
  assert.deepEqual(told, ['load', 'trouble true']);
  answer = () => delta_of(9, 5);
  await pass(10000);
  assert.equal(asked.length, 4);
  assert.equal(feed.version, 9);
  feed.stop();
});

test('a hidden page neither asks nor listens for long', async () => {
  answer = () => map_of(7);
  const { feed } = await feed_start();
  Source.all[0]!.onopen?.();
  const page = document as unknown as { hidden: boolean };
  page.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  await pass(60000);
  assert.equal(asked.length, 1);
  assert.equal(Source.all[0]!.open, false);
  page.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
  assert.equal(asked.length, 2);
  assert.equal(Source.all.length, 2);
  feed.stop();
});
