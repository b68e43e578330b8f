// Choosing seats, and what is advised about them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { alternatives_find, best_find, seats_left_over, Selection } from './selection.ts';
import { geometry_make } from './geometry.ts';
import { house_plain } from './house.ts';
import { BLOCKED, HELD, SOLD, States } from './states.ts';

function world(taken: readonly number[] = [], state = SOLD) {
  const plan = house_plain();
  const states = new States(plan, new Uint8Array(plan.seats));
  states.apply(taken.map((seat) => seat * 4 + state));
  return { g: geometry_make(plan), states, selection: new Selection(3) };
}

test('toggle: given free seats, then takes them up to the bound and gives them back', () => {
  const { states, selection } = world();
  for (const seat of [4, 5, 6]) assert.deepEqual(selection.toggle(states, seat).added, [seat]);
  assert.deepEqual(selection.toggle(states, 7), { added: [], removed: [], refused: 'limit' });
  assert.deepEqual(selection.toggle(states, 5), { added: [], removed: [5] });
  assert.deepEqual(selection.seats, [4, 6]);
});

test('toggle: given seats that cannot be had, then says why', () => {
  const { states, selection } = world([4], HELD);
  states.apply([5 * 4 + BLOCKED]);
  assert.equal(selection.toggle(states, 4).refused, 'taken');
  assert.equal(selection.toggle(states, 5).refused, 'blocked');
  assert.equal(selection.count, 0);
});

test('add: given a box of seats, then takes the free ones in sequence', () => {
  const { states, selection } = world([1]);
  const change = selection.add(states, [0, 1, 2, 3, 4]);
  assert.deepEqual(change.added, [0, 2, 3]);
  assert.equal(change.refused, 'limit');
});

test('lose: given others’ changes, then returns what is gone and keeps the rest', () => {
  const { states, selection } = world();
  selection.set([10, 11, 12]);
  const changed = states.apply([11 * 4 + HELD, 30 * 4 + SOLD]);
  assert.deepEqual(selection.lose(states, changed), [11]);
  assert.deepEqual(selection.seats, [10, 12]);
});

test('seats_left_over: given a single seat beside the chosen ones, then names it', () => {
  const { g, states } = world([4]);
  assert.deepEqual(seats_left_over(g, states, [1, 2]), [0, 3]);
  assert.deepEqual(seats_left_over(g, states, [0, 1]), []);
  assert.deepEqual(seats_left_over(g, states, [2, 3]), []);
  assert.deepEqual(seats_left_over(g, states, [6]), [5]);
});

test('alternatives_find: given lost seats, then as many side by side, the nearest first', () => {
  const { g, states } = world([4, 5]);
  const groups = alternatives_find(g, states, [4, 5], 3);
  assert.deepEqual(groups[0], [14, 15]);
  assert.ok(groups.every((group) => group.length === 2 && group[1] === group[0]! + 1));
  const used = groups.flat();
  assert.equal(new Set(used).size, used.length);
});

test('alternatives_find: given no seat of the category, then others; none, then none', () => {
  const all = Array.from({ length: 30 }, (_, seat) => seat);
  const { g, states } = world(all);
  const groups = alternatives_find(g, states, [14], 2);
  assert.deepEqual(groups.map((group) => group.length), [1, 1]);
  assert.ok(groups.flat().every((seat) => seat >= 30));
  assert.deepEqual(alternatives_find(g, states, [14], 2, new Set([0])), []);
  assert.deepEqual(alternatives_find(g, states, []), []);
});

test('best_find: given a stage, then the middle of the first row, by filter too', () => {
  const { g, states } = world();
  assert.deepEqual(best_find(g, states, 2, null)[0], [4, 5]);
  assert.deepEqual(best_find(g, states, 2, new Set([1]))[0], [34, 35]);
  assert.deepEqual(best_find(g, states, 11, null), []);
  states.apply([4 * 4 + SOLD]);
  assert.ok(!best_find(g, states, 2, null)[0]!.includes(4));
});
