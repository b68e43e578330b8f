// A browser that is told to forget its buyer: what it says is lost, what goes back first, and that
// nothing is kept, here and in another tab. Against a server of a few lines.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Reservation } from '#api';
import { forget, losses_read } from './forget.ts';
import { mine_changes, mine_check, mine_forget, mine_held, mine_note } from './mine.ts';
import { mine_signed, mine_signs } from './mine.ts';

class Shelf extends Map<string, string> {
  getItem = (key: string) => this.get(key) ?? null;
  setItem = (key: string, value: string) => void this.set(key, value);
}

const soon = (minutes: number) => new Date(Date.now() + minutes * 60000).toISOString();

function reservation(id: string, state: Reservation['state'], more: object = {}): Reservation {
  const seats = [{ id: 'a' }, { id: 'b' }];
  const made = { id, state, seats, event_id: 'event', expires_at: soon(5), ...more };
  return made as unknown as Reservation;
}

let asked: string[];
let all: Reservation[];
let readable: boolean;
let paid: string[]; // meanwhile
const local = new Shelf();
const session = new Shelf();

async function answer(path: string, init: RequestInit): Promise<Response> {
  const url = new URL(path, 'http://localhost');
  if (init.method !== 'GET') asked.push(`${init.method} ${url.pathname}`);
  if (url.pathname === '/v1/session') return new Response(null, { status: 204 });
  if (!readable) return Response.json({ code: 'UNAUTHORIZED' }, { status: 401 });
  if (init.method === 'DELETE') {
    const id = url.pathname.split('/').pop()!;
    if (paid.includes(id)) return Response.json({ code: 'RESERVATION_CONFIRMED' }, { status: 409 });
    return Response.json(reservation(id, 'cancelled'));
  }
  const from = Number(url.searchParams.get('cursor') ?? 0); // two on a page
  const next = from + 2 < all.length ? String(from + 2) : null;
  return Response.json({ reservations: all.slice(from, from + 2), next });
}

Object.defineProperty(globalThis, 'localStorage', { value: local, configurable: true });
Object.defineProperty(globalThis, 'sessionStorage', { value: session, configurable: true });
Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
globalThis.fetch = answer as typeof fetch;

beforeEach(() => {
  [asked, all, paid, readable] = [[], [], [], true];
  local.clear();
  session.clear();
  mine_signs();
});

test('losses: given many pages, then all that is held, paid or on its way counts', async () => {
  all = [
    reservation('1', 'held'),
    reservation('2', 'expired', { payment_id: 'p', expires_at: soon(-60) }),
    reservation('3', 'confirmed'),
    reservation('4', 'refunded'),
    reservation('5', 'confirmed'),
  ];
  const losses = await losses_read();
  assert.deepEqual(
    [losses.known, losses.held.map((r) => r.id), losses.tickets, losses.late],
    [true, ['1'], 4, false],
  );
  all = [reservation('2', 'expired', { payment_id: 'p', expires_at: soon(-6) })];
  assert.equal((await losses_read()).late, true);
  all = [reservation('2', 'expired', { expires_at: soon(-6) })];
  assert.equal((await losses_read()).late, false); // nobody began to pay
});

test('losses: given a cookie that cannot be read, then it does not say nothing', async () => {
  readable = false;
  assert.equal((await losses_read()).known, false);
  local.clear(); // was never anybody
  assert.equal((await losses_read()).known, true);
});

test('forget: given what is held, then it goes back first and nothing is kept', async () => {
  all = [reservation('1', 'held'), reservation('2', 'held')];
  all.forEach(mine_note);
  session.set('cavea.attempts', '[]');
  assert.equal(mine_held(Date.now()).length, 2);
  let changes = 0;
  mine_changes.addEventListener('change', () => changes++, { once: true });
  assert.equal(await forget(await losses_read()), true);
  const back = ['DELETE /v1/reservations/1', 'DELETE /v1/reservations/2'];
  assert.deepEqual(asked, [...back, 'DELETE /v1/session']);
  assert.deepEqual([local.size, session.size, mine_signed(), changes], [0, 0, false, 1]);
});

test('forget: given that something was paid meanwhile, then nobody is forgotten', async () => {
  all = [reservation('1', 'held')];
  paid = ['1'];
  assert.equal(await forget(await losses_read()), false);
  assert.deepEqual([asked, mine_signed()], [['DELETE /v1/reservations/1'], true]);
});

test('check: given a page that was away, then it knows that its buyer was forgotten', () => {
  let told = 0;
  mine_changes.addEventListener('forgotten', () => told++);
  mine_check();
  assert.equal(told, 0);
  local.clear();
  session.set('cavea.attempts', '[]');
  mine_check();
  assert.deepEqual([told, session.size], [1, 0]);
  local.set('cavea.signed', '1'); // and somebody else came
  mine_check();
  assert.equal(told, 2);
  mine_check();
  assert.equal(told, 2);
});

test('forget: given a ticket bought meanwhile, then nothing is forgotten', async () => {
  all = [reservation('1', 'held')];
  const told = await losses_read();
  all.push(reservation('2', 'confirmed'));
  assert.equal(await forget(told), false);
  assert.deepEqual(asked, []);
  assert.equal(mine_signed(), true);
});

test('forget: given an answer that was on its way, then it makes nobody of anybody', async () => {
  all = [reservation('1', 'held')];
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const late = async (path: string, init: RequestInit) => (await gate, answer(path, init));
  globalThis.fetch = late as typeof fetch;
  const reading = losses_read();
  mine_forget();
  go();
  assert.equal((await reading).held.length, 0);
  globalThis.fetch = answer as typeof fetch;
  assert.deepEqual(asked, []);
  assert.equal(mine_signed(), false);
});
