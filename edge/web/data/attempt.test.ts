// What becomes of a wish whose answer is lost, and of who this browser is: against a server of a
// few lines that knows buyers by their cookie and replays by their key.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { reservation_read, session_put } from './api.ts';
import { attempt_begin, attempt_open, attempt_send, attempt_wants } from './attempt.ts';
import type { ChosenSeat } from './choice.ts';
import { mine_held } from './mine.ts';

const EVENT = '01970000-0000-7000-8000-0000000000e1';
const SHOW = { id: EVENT, hold_seconds: 1800 };
type Answers = 'lose' | 'silent' | 'torn' | number;

const ended = (signal: AbortSignal) =>
  new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));

class Shop {
  cookie = ''; // the browser's
  buyers = 0;
  posts: { key: string; buyer: string }[] = [];
  made = new Map<string, string>(); // by buyer and key
  next: Answers[] = [];
  readable = true; // the cookie, by the server

  #json(body: unknown, status: number): Response {
    return Response.json(body, { status });
  }

  async #session(): Promise<Response> {
    const brought = this.cookie;
    await new Promise((done) => setImmediate(done));
    if (!this.readable) return this.#json({ code: 'UNAUTHORIZED' }, 401);
    this.cookie = brought || `buyer ${++this.buyers}`;
    return this.#json({ email: null }, 200);
  }

  #forget(): Response {
    this.cookie = '';
    this.readable = true;
    return new Response(null, { status: 204 });
  }

  async #reserve(key: string, signal: AbortSignal): Promise<Response> {
    if (!this.cookie || !this.readable) return this.#json({ code: 'UNAUTHORIZED' }, 401);
    this.posts.push({ key, buyer: this.cookie });
    const outcome = this.next.shift();
    if (typeof outcome === 'number') return this.#json({ code: 'X' }, outcome);
    const name = `${this.cookie}|${key}`;
    const known = this.made.get(name);
    const id = known ?? `reservation ${this.made.size + 1}`;
    this.made.set(name, id);
    if (outcome === 'lose') throw new TypeError('Failed to fetch');
    if (outcome === 'silent') await ended(signal);
    if (outcome === 'torn') return new Response('{"id": "reser', { status: 201 });
    const expires_at = new Date(Date.now() + 600000).toISOString();
    return this.#json({ id, event_id: EVENT, state: 'held', expires_at }, known ? 200 : 201);
  }

  async fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = init.headers as Record<string, string>;
    if (path === '/v1/session') return init.method === 'PUT' ? this.#session() : this.#forget();
    if (init.method === 'POST') return this.#reserve(headers['Idempotency-Key']!, init.signal!);
    if (!this.cookie || !this.readable) return this.#json({ code: 'UNAUTHORIZED' }, 401);
    return this.#json({ code: 'NOT_FOUND' }, 404);
  }
}

class Storage extends Map<string, string> {
  getItem = (key: string) => this.get(key) ?? null;
  setItem = (key: string, value: string) => void this.set(key, value);
}

const seat = (index: number): ChosenSeat => ({
  index,
  id: `seat-${index}`,
  section: 'A',
  row: '1',
  number: String(index),
  price_minor: 100,
});
let shop: Shop;

beforeEach(() => {
  shop = new Shop();
  let turn: Promise<unknown> = Promise.resolve();
  const request = (_: string, work: () => Promise<unknown>) => (turn = turn.then(work, work));
  Object.assign(globalThis, {
    localStorage: new Storage(),
    sessionStorage: new Storage(),
    navigator: { locks: { request } },
    fetch: (path: string, init: RequestInit) => shop.fetch(path, init),
    setTimeout: (work: () => void) => setImmediate(work),
  });
});

test('attempt: given lost answers, then the same wish is sent until it is answered', async () => {
  const attempt = attempt_begin(SHOW, [seat(1), seat(2)]);
  shop.next = ['lose', 'lose'];
  await assert.rejects(attempt_send(attempt));
  const again = attempt_open(EVENT); // as a page does that was loaded anew
  assert.ok(again && attempt_wants(again, [seat(1), seat(2)]));
  assert.deepEqual(again.seats, attempt.seats);
  const reservation = await attempt_send(again);
  assert.equal(shop.made.size, 1);
  assert.equal(new Set(shop.posts.map((post) => post.key)).size, 1);
  assert.deepEqual(
    mine_held(Date.now()).map((m) => m.id),
    [reservation.id],
  );
  assert.equal(attempt_open(EVENT), null);
});

test('attempt: given silence, then it ends, and the same wish is sent once more', async (t) => {
  const ends: AbortController[] = [];
  t.mock.method(AbortSignal, 'timeout', (ms: number) => {
    assert.ok(ms >= 16000 && ms <= 30000, 'longer than a proxy takes, and no minute');
    ends.push(new AbortController());
    return ends.at(-1)!.signal;
  });
  shop.next = ['silent'];
  const answer = attempt_send(attempt_begin(SHOW, [seat(1)]));
  while (!shop.posts.length) await new Promise(setImmediate);
  ends.at(-1)!.abort(new DOMException('late', 'TimeoutError'));
  await answer;
  assert.equal(shop.posts.length, 2);
  assert.equal(shop.made.size, 1);
});

test('attempt: given half an answer, then it is none', async () => {
  shop.next = ['torn'];
  const reservation = await attempt_send(attempt_begin(SHOW, [seat(1)]));
  assert.equal(reservation.id, 'reservation 1');
  assert.equal(shop.posts.length, 2);
  assert.equal(shop.made.size, 1);
});

test('attempt: given answers that decide nothing, then it stays open with its key', async () => {
  for (const status of [503, 429, 408, 500]) {
    const attempt = attempt_begin(SHOW, [seat(1)]);
    shop.next = [status, status, status, status];
    await assert.rejects(attempt_send(attempt));
    assert.equal(attempt_open(EVENT)?.key, attempt.key, String(status));
    shop.next = [];
  }
});

test('attempt: given a refusal, then it is over', async () => {
  for (const status of [409, 410, 422]) {
    const attempt = attempt_begin(SHOW, [seat(1)]);
    shop.next = [status];
    await assert.rejects(attempt_send(attempt));
    assert.equal(attempt_open(EVENT), null, String(status));
  }
});

test('attempt: given seats that may be held still, then its key is kept; no longer', async () => {
  const now = Date.now;
  let minutes = 0;
  Date.now = () => now() + minutes * 60000;
  try {
    for (const [hold_seconds, ends] of [
      [1800, 31],
      [8, 2],
    ] as const) {
      minutes = 0;
      const attempt = attempt_begin({ id: EVENT, hold_seconds }, [seat(1)]);
      minutes = hold_seconds / 60;
      assert.equal(attempt_open(EVENT)?.key, attempt.key);
      shop.next = ['lose', 'lose'];
      await assert.rejects(attempt_send(attempt)); // only now it may have reached the server
      minutes *= 2;
      assert.equal(attempt_open(EVENT)?.key, attempt.key);
      minutes += ends;
      assert.equal(attempt_open(EVENT), null);
    }
  } finally {
    Date.now = now;
  }
});

test('attempt: given a browser that keeps nothing, then it is kept in the page', () => {
  const refuses = () => {
    throw new Error('denied');
  };
  Object.defineProperty(globalThis, 'sessionStorage', { get: refuses, configurable: true });
  assert.equal(attempt_open(EVENT), null);
  const attempt = attempt_begin(SHOW, [seat(1)]);
  assert.equal(attempt_open(EVENT)?.key, attempt.key);
  Object.defineProperty(globalThis, 'sessionStorage', { value: 0, writable: true });
});

test('session: given two first wishes at once, then this browser becomes one buyer', async () => {
  const wishes = ['a', 'b'].map((id) => attempt_send(attempt_begin({ ...SHOW, id }, [seat(1)])));
  await Promise.all(wishes);
  assert.equal(shop.buyers, 1);
  await Promise.all([session_put(), session_put('buyer@example.org')]);
  assert.equal(shop.buyers, 1);
});

test('session: given a cookie nobody can read, then a look at tickets keeps it', async () => {
  await attempt_send(attempt_begin(SHOW, [seat(1)]));
  shop.readable = false;
  await assert.rejects(reservation_read('reservation 1'), { status: 401 });
  await assert.rejects(session_put('buyer@example.org'), { status: 401 });
  assert.equal(shop.cookie, 'buyer 1');
  assert.equal(shop.buyers, 1);
});

test('session: given a cookie nobody can read, then who reserves is asked first', async () => {
  await attempt_send(attempt_begin(SHOW, [seat(1)]));
  shop.readable = false;
  for (const signed of [true, false]) {
    if (!signed) localStorage.clear(); // what is kept here says nothing of the cookie
    await assert.rejects(attempt_send(attempt_begin(SHOW, [seat(2)])), { status: 401 });
    assert.equal(shop.cookie, 'buyer 1');
    assert.equal(attempt_open(EVENT), null);
  }
  await session_put(undefined, true);
  await attempt_send(attempt_begin(SHOW, [seat(2)]));
  assert.equal(shop.cookie, 'buyer 2');
});

test('session: given a cookie that was removed, then who reserves becomes somebody', async () => {
  await attempt_send(attempt_begin(SHOW, [seat(1)]));
  shop.cookie = '';
  await attempt_send(attempt_begin(SHOW, [seat(2)]));
  assert.equal(shop.cookie, 'buyer 2');
});
