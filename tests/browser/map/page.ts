// The map alone on a page, for bench.mjs: loads a plan and its states as the event page does
// and leaves what it measured where the bench finds it.
import { plan_read } from '../../../edge/web/map/plan.ts';
import '../../../edge/web/map/seat-map.ts';
import type { SeatMap } from '../../../edge/web/map/seat-map.ts';

interface Given {
  plan: string;
  seats: string | null;
  prices: number[];
}

const given: Given = await (await fetch('/given.json')).json();
const map = document.querySelector('seat-map') as SeatMap;
const euro = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

// A crowd has been here before: seats go from the best ones on, and one part is sold out.
function crowd_make(seats: number, sections: Uint16Array): Uint8Array {
  const states = new Uint8Array(seats);
  let seed = 7;
  for (let seat = 0; seat < seats; seat++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const section = sections[seat]!;
    const wanted = section % 9 === 4 ? 1 : section % 5 === 1 ? 0.93 : 0.25 + (section % 7) / 14;
    const drawn = seed / 2 ** 32;
    if (drawn < wanted * 0.85) states[seat] = 2;
    else if (drawn < wanted) states[seat] = 1;
  }
  return states;
}

async function states_read(url: string, seats: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const states = new Uint8Array(seats);
  for (let i = 0; i < seats; i++) states[i] = (bytes[32 + (i >> 2)]! >> (2 * (i & 3))) & 3;
  return states;
}

const measured: Record<string, number> = {};
const answer = await fetch(given.plan);
const bytes = await answer.arrayBuffer();
const start = performance.now();
const plan = plan_read(bytes);
measured.plan_read_ms = performance.now() - start;
const states = given.seats
  ? await states_read(given.seats, plan.seats)
  : crowd_make(plan.seats, plan.seat_section);
const before = performance.now();
map.plan = plan;
map.prices = plan.categories.map((_, i) => {
  const minor = given.prices[i] ?? 1000 * (i + 1);
  return { price_minor: minor, formatted: euro.format(minor / 100) };
});
map.states = states;
measured.geometry_ms = performance.now() - before;
requestAnimationFrame(() => {
  // The next frame's callback comes after this one was presented.
  requestAnimationFrame(() => {
    measured.first_paint_ms = performance.now();
    Object.assign(window, { measured, map, plan });
  });
});
