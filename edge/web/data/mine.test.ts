// What this browser remembers of what it holds, and what it asks for by it.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { reservations_read } from './api.ts';
import { mine_held, mine_ids, mine_note, mine_note_all } from './mine.ts';

class Storage extends Map<string, string> {
  getItem = (key: string) => this.get(key) ?? null;
  setItem = (key: string, value: string) => void this.set(key, value);
}

const EVENT = '01970000-0000-7000-8000-0000000000e1';
const id = (n: number) => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const until = new Date(Date.now() + 600000).toISOString();
const told = (n: number, state = 'held') => ({
  id: id(n),
  event_id: EVENT,
  state,
  expires_at: until,
});
const held = () => mine_held(Date.now()).map((m) => m.id);

beforeEach(() => {
  Object.assign(globalThis, { localStorage: new Storage() });
});

test('mine: given an answer to what was asked, then what it does not name is not held', () => {
  for (const n of [1, 2, 3]) mine_note(told(n));
  const asked = mine_ids();
  assert.deepEqual(asked, [3, 2, 1].map(id));
  mine_note_all(asked, [told(3), told(2, 'expired')]);
  assert.deepEqual(held(), [id(3)]);
});

test('mine: given a hold that another tab made meanwhile, then it stays', () => {
  mine_note(told(1));
  const asked = mine_ids();
  mine_note(told(2));
  mine_note_all(asked, [told(1, 'confirmed')]);
  assert.deepEqual(held(), [id(2)]);
});

test('mine: given a hold that the server knows of by its payment, then it is noted', () => {
  mine_note_all(mine_ids(), [told(7), told(6, 'refunded')]);
  assert.deepEqual(held(), [id(7)]);
});

test('mine: given more than may be asked for, then the shown and the newest are', () => {
  for (let n = 1; n <= 30; n++) mine_note(told(n));
  const asked = mine_ids([id(99), id(30)]);
  assert.equal(asked.length, 20);
  assert.deepEqual(asked.slice(0, 3), [99, 30, 29].map(id));
  mine_note_all(asked, []);
  assert.equal(held().length, 11); // the others are asked for the next time
  assert.equal(mine_ids().length, 11);
});

test('mine: given something else in the list, then it is not asked for', () => {
  mine_note({ ...told(1), id: 'reservation 1' });
  mine_note(told(2));
  assert.deepEqual(mine_ids(), [id(2)]);
});

test('mine: given ids, then the list is asked for with them, page by page', async () => {
  const paths: string[] = [];
  globalThis.fetch = async (path) => {
    paths.push(String(path));
    return Response.json({ reservations: [], next: null });
  };
  await reservations_read(10, []);
  await reservations_read(10, [id(1), id(2)], id(9));
  assert.deepEqual(paths.filter((path) => path !== '/v1/session'), [
    '/v1/reservations?limit=10',
    `/v1/reservations?limit=10&with=${id(1)},${id(2)}&cursor=${id(9)}`,
  ]);
});
