// The map's model without a picture: neighbours, outlines, finding, states, camera and motion.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Camera } from './camera.ts';
import { geometry_make, grid_visit, seat_at, section_at } from './geometry.ts';
import { house_make, house_plain, type HouseSeat } from './house.ts';
import { Motion } from './motion.ts';
import { NONE, rows_make } from './rows.ts';
import { AVAILABLE, BLOCKED, HELD, SOLD, States } from './states.ts';
import { color_parse, color_seen, contrast, ink_on } from './theme.ts';

test('rows: given rows of any direction, then links neighbours and parts aisles', () => {
  const backwards = [40, 30, 20, 10, 0].map((x): HouseSeat => ({ row: 0, x, y: 0 }));
  const upright = [0, 10, 20, 45, 55].map((y): HouseSeat => ({ row: 1, x: 90, y: 20 + y }));
  const rows = rows_make(house_make([...backwards, ...upright]));
  assert.deepEqual([...rows.placed], [4, 3, 2, 1, 0, 5, 6, 7, 8, 9]);
  assert.deepEqual([...rows.right], [NONE, 0, 1, 2, 3, 6, 7, NONE, 9, NONE]);
  assert.deepEqual([...rows.left], [1, 2, 3, 4, NONE, NONE, 5, 6, NONE, 8]);
});

test('seat_at: given places, then agrees with looking at every seat', () => {
  const g = geometry_make(house_plain());
  const { plan } = g;
  for (let x = -20; x < 120; x += 3.7) {
    for (let y = -20; y < 140; y += 4.1) {
      let [nearest, distance] = [NONE, 12];
      for (let seat = 0; seat < plan.seats; seat++) {
        const d = Math.hypot(plan.seat_x[seat]! - x, plan.seat_y[seat]! - y);
        if (d <= distance) [nearest, distance] = [seat, d];
      }
      const found = seat_at(g, x, y, 12);
      if (found === nearest) continue;
      const d = Math.hypot(plan.seat_x[found]! - x, plan.seat_y[found]! - y);
      assert.ok(Math.abs(d - distance) < 1e-9, `at ${x} ${y}`);
    }
  }
  assert.equal(section_at(g, 50, 16), 0);
  assert.equal(section_at(g, 50, 84), 1);
  assert.equal(section_at(g, 50, 300), NONE);
});

test('grid_visit: given a box, then visits each seat in it once', () => {
  const g = geometry_make(house_plain());
  const seen: number[] = [];
  grid_visit(g, { x0: 15, y0: -5, x1: 45, y1: 20 }, (seat) => seen.push(seat));
  assert.deepEqual(seen.sort((a, b) => a - b), [2, 3, 4, 12, 13, 14]);
});

test('geometry: given a house, then outlines enclose their seats and focus is the stage', () => {
  const g = geometry_make(house_plain());
  assert.deepEqual(g.focus, { x: 50, y: -45 });
  assert.equal(g.pitch, 10);
  assert.deepEqual(g.section_categories, [[0], [1]]);
  for (const section of [0, 1]) {
    const [outline, ...others] = g.section_outlines[section]!;
    assert.equal(others.length, 0);
    const xs = outline!.points.filter((_, i) => i % 2 === 0);
    const ys = outline!.points.filter((_, i) => i % 2 === 1);
    const top = section * (3 * 16 + 20);
    assert.deepEqual([Math.min(...xs), Math.max(...xs)], [-5, 95]);
    assert.deepEqual([Math.min(...ys), Math.max(...ys)], [top - 8, top + 40]);
  }
});

test('states: given random changes, then counts agree with counting anew', () => {
  const plan = house_plain();
  const states = new States(plan, new Uint8Array(plan.seats));
  let seed = 3;
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8;
  for (let round = 0; round < 200; round++) {
    const records = Uint32Array.from({ length: 20 }, () => (next() % 61) * 4 + (next() % 4));
    const before = states.of.slice();
    const changed = [...states.apply(records)];
    const fresh = new States(plan, states.of.slice());
    assert.deepEqual(states.free, fresh.free);
    assert.deepEqual(states.seats, fresh.seats);
    const differ = [...before.keys()].filter((seat) => before[seat] !== states.of[seat]);
    assert.ok(differ.every((seat) => changed.includes(seat)));
  }
});

test('states: given other states, then tells the changes that lead there', () => {
  const plan = house_plain();
  const states = new States(plan, new Uint8Array(plan.seats));
  const others = Uint8Array.from({ length: plan.seats }, (_, seat) => (seat % 7) & 3);
  assert.equal(states.apply(states.records_to(others)).length, [...others].filter(Boolean).length);
  assert.deepEqual(states.of, others);
  assert.deepEqual(states.records_to(others), []);
});

test('states: given sections, then tells free seats and levels by category', () => {
  const plan = house_plain();
  const states = new States(plan, new Uint8Array(plan.seats));
  assert.equal(states.section_free(0, null), 30);
  assert.equal(states.section_free(0, new Set([1])), 0);
  assert.equal(states.level(0, 0), 4);
  const take = (count: number, state: number) =>
    states.apply(Array.from({ length: count }, (_, seat) => seat * 4 + state));
  const levels = [12, 21, 28, 30].map((count) => (take(count, SOLD), states.level(0, 0)));
  assert.deepEqual(levels, [3, 2, 1, 0]);
  take(30, BLOCKED);
  assert.equal(states.section_seats(0, null), 0);
  take(30, AVAILABLE);
  assert.equal(states.section_free(0, null), 30);
  assert.equal(states.apply([HELD]).length, 1);
  assert.equal(states.apply([HELD]).length, 0);
});

test('camera: given a zoom about a place, then that place stays', () => {
  const camera = new Camera({ x0: 0, y0: 0, x1: 1000, y1: 500 }, 10);
  camera.resize(800, 600);
  camera.fit();
  const [x, y] = [camera.world_x(300), camera.world_y(200)];
  camera.zoom(300, 200, 3);
  assert.ok(Math.abs(camera.screen_x(x) - 300) < 1e-6);
  assert.ok(Math.abs(camera.screen_y(y) - 200) < 1e-6);
});

test('camera: given any movement, then the middle stays on the map and the scale in bounds', () => {
  const camera = new Camera({ x0: 0, y0: 0, x1: 1000, y1: 500 }, 10);
  camera.resize(800, 600);
  camera.fit();
  camera.pan(1e6, -1e6);
  const middle = [camera.world_x(400), camera.world_y(300)].map(Math.round);
  assert.deepEqual(middle, [0, 500]);
  camera.zoom(0, 0, 1e9);
  assert.ok(camera.at_most && camera.scale * 10 <= 64.001);
  camera.zoom(0, 0, 1e-9);
  assert.ok(camera.at_least && camera.scale < camera.scale_fit);
});

test('camera: given a resize, then what was in the middle stays there', () => {
  const camera = new Camera({ x0: 0, y0: 0, x1: 1000, y1: 500 }, 10);
  camera.resize(800, 600);
  camera.look_at(300, 200, 2);
  camera.resize(400, 300);
  assert.ok(Math.abs(camera.world_x(200) - 300) < 1e-6);
  assert.ok(Math.abs(camera.world_y(150) - 200) < 1e-6);
});

test('motion: given a zoom and a flight, then arrives; given less motion, then at once', () => {
  const camera = new Camera({ x0: 0, y0: 0, x1: 1000, y1: 500 }, 10);
  camera.resize(800, 600);
  camera.fit();
  const motion = new Motion(camera);
  const before = camera.scale;
  motion.zoom(400, 300, 2);
  let now = 0;
  for (let i = 0; i < 100 && motion.moving; i++) motion.step((now += 16));
  assert.ok(!motion.moving && Math.abs(camera.scale / before - 2) < 1e-6);
  motion.go(500, 250, 3, now);
  for (let i = 0; i < 100 && motion.moving; i++) motion.step((now += 16));
  assert.ok(!motion.moving && Math.abs(camera.scale - 3) < 1e-9);
  assert.ok(Math.abs(camera.world_x(400) - 500) < 1e-6);
  motion.still = true;
  motion.zoom(400, 300, 0.5);
  assert.ok(!motion.moving && Math.abs(camera.scale - 1.5) < 1e-9);
});

test('theme: given any category colour, then it is seen on light and on dark paper', () => {
  for (const text of ['#fff', '#000000', '#e69f00', '#56b4e9', 'rgb(12, 200, 40)']) {
    const color = color_parse(text)!;
    for (const paper of [[255, 255, 255], [18, 21, 28]] as const) {
      assert.ok(contrast(color_seen(color, paper), paper) >= 3, text);
    }
    assert.ok(contrast(ink_on(color), color) >= 3, text);
  }
  assert.equal(color_parse('transparent'), null);
});
