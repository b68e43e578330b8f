// What a tab keeps of what is picked: until it is reserved, given up or forgotten.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import type { ChosenSeat } from './choice.ts';
import { mine_check, mine_forget, mine_note, mine_signs } from './mine.ts';
import { picked, picked_keep } from './picked.ts';

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
const local = new Storage();
const session = new Storage();
const numbers = (event: string) => picked(event).map((one) => one.index);

Object.defineProperty(globalThis, 'localStorage', { value: local, configurable: true });
Object.defineProperty(globalThis, 'sessionStorage', { value: session, configurable: true });

beforeEach(() => {
  local.clear();
  session.clear();
  mine_signs();
});

test('picked: given seats of two events, then each has its own, in their order', () => {
  picked_keep('a', [seat(2), seat(1)]);
  picked_keep('b', [seat(3)]);
  picked_keep('a', [seat(2), seat(1), seat(4)]);
  assert.deepEqual([numbers('a'), numbers('b'), numbers('c')], [[2, 1, 4], [3], []]);
  assert.deepEqual(picked('b'), [seat(3)]);
  picked_keep('a', []);
  assert.deepEqual([numbers('a'), numbers('b')], [[], [3]]);
});

test('picked: given more events than anybody visits, then the oldest go', () => {
  for (let i = 0; i < 30; i++) picked_keep(`event ${i}`, [seat(i)]);
  assert.deepEqual([numbers('event 9'), numbers('event 10')], [[], [10]]);
});

test('picked: given that this browser holds a seat now, then it is picked no more', () => {
  const expires_at = new Date(Date.now() + 600000).toISOString();
  picked_keep('a', [seat(1), seat(2)]);
  picked_keep('b', [seat(1)]);
  const seats = [{ id: 'seat-1' }];
  mine_note({ id: 'r', event_id: 'a', state: 'held', expires_at, seats });
  assert.deepEqual([numbers('a'), numbers('b')], [[2], [1]]);
  picked_keep('a', [seat(1)]);
  assert.deepEqual(numbers('a'), []);
});

test('picked: given a browser that forgets its buyer, then nothing is kept', () => {
  picked_keep('a', [seat(1)]);
  mine_forget();
  assert.deepEqual([numbers('a'), session.size], [[], 0]);
  mine_signs();
  picked_keep('a', [seat(1)]);
  local.clear(); // in another tab, while this page was put away
  mine_check();
  assert.deepEqual([numbers('a'), session.size], [[], 0]);
});

test('picked: given what is no list of seats, then nothing is picked', () => {
  session.set('cavea.picked', '[null, {"event": "a"}, {"event": "a", "seats": 5}]');
  assert.deepEqual(numbers('a'), []);
});
