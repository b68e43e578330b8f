// map.bin as the edge writes it: the golden file of tests/unit/edge/test_edge_plan_map.c.
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { plan_read, row_name, seat_find, seat_id, seat_number } from './plan.ts';

const golden = readFileSync(process.env.GOLDEN_PLAN_MAP!);
const bytes = () => new Uint8Array(golden).buffer;

test('plan_read: given the edge’s bytes, then knows the whole plan', () => {
  const plan = plan_read(bytes());
  const seats = [...plan.seat_x.keys()];
  assert.equal(plan.name, 'A ","sections":[ house');
  assert.deepEqual([plan.width, plan.height, plan.seat_radius], [400, 300, 8]);
  assert.deepEqual([plan.seats, plan.rows, plan.sections], [12, 4, 2]);
  assert.deepEqual(plan.section_names, ['Left', 'Rechts ü']);
  assert.deepEqual(plan.categories.map((c) => c.name), ['Near', 'Far']);
  assert.equal(plan.shapes[0]?.type, 'text');
  assert.deepEqual(seats.map((s) => seat_id(plan, s)), [
    'L:A:1', 'L:A:2', 'L:A:3', 'L:A:4', 'L:B:40', 'L:B:38', 'L:B:36', 'odd', 'odder', 'x9',
    'R~17-1', 'R~17-3',
  ]);
  assert.deepEqual(seats.map((s) => seat_number(plan, s)), [
    '1', '2', '3', '4', '40', '38', '36', '07', '08', '9a', '17-1', '17-3',
  ]);
  assert.deepEqual([0, 4, 7, 10].map((s) => row_name(plan, s)), ['A', 'B', '1', '17']);
  assert.deepEqual([...plan.seat_x], [100, 120, 140, 160, 98, 119, 140, -100, -80, -60, 300, 300]);
  assert.deepEqual([...plan.seat_y], [100, 100, 100, 100, 121, 123, 122, 200, 200, 203, -50, -30]);
  assert.deepEqual([...plan.seat_category], [0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1]);
  assert.deepEqual([...plan.seat_flags], [0, 0, 1, 2, 0, 0, 4, 0, 0, 0, 0, 0]);
  assert.deepEqual([...plan.seat_section], [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  assert.deepEqual([...plan.section_first], [0, 7, 12]);
  assert.deepEqual([...plan.section_rows], [0, 2, 4]);
  assert.equal(seat_find(plan, 'x9'), 9);
  assert.equal(seat_find(plan, 'nobody'), -1);
});

test('plan_read: given bytes that were cut off anywhere, then throws', () => {
  for (let end = 0; end < golden.length; end++) {
    assert.throws(() => plan_read(bytes().slice(0, end)), `${end} bytes`);
  }
});

test('plan_read: given changed bytes, then throws or stays within the plan', () => {
  for (let at = 0; at < golden.length; at++) {
    const changed = new Uint8Array(bytes());
    changed[at]! ^= 0x55;
    try {
      const plan = plan_read(changed.buffer);
      assert.equal(plan.seat_x.length, plan.seats);
      assert.equal(plan.row_first[plan.rows], plan.seats);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
});
