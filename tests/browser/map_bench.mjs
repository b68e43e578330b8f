// What the seat map costs in a browser, by itself: `node map_bench.mjs OPTION=VALUE...`
//   libraries=DIR   a node_modules with esbuild and playwright-core
//   edge=URL event=ID   a running edge and the event to show, or
//   plan=FILE       a plan as map.bin; a crowd's states are made up
//   shots=DIR       screenshots too
// Prints one line for each figure and ends with 1 when a target is missed.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const option = Object.fromEntries(
  process.argv.slice(2).map((text) => [text.slice(0, text.indexOf('=')),
    text.slice(text.indexOf('=') + 1)]),
);
const require = createRequire(resolve(option.libraries, 'any.js'));
const { build } = require('esbuild');
const { chromium } = require('playwright-core');

const cores = availableParallelism();
const SIZE = { width: 1280, height: 800 };
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

async function page_build() {
  const built = await build({
    entryPoints: [`${here}map_page.ts`], bundle: true, format: 'esm', target: 'es2022',
    minify: true, write: false,
  });
  return built.outputFiles[0].contents;
}

async function given_read() {
  if (option.plan) return { plan: '/plan.bin', seats: null, prices: [] };
  const event = await (await fetch(`${option.edge}/v1/events/${option.event}`)).json();
  return {
    plan: `${event.plan.url}/map.bin`,
    seats: option.states === 'crowd' ? null : `/v1/events/${option.event}/seats.bin`,
    prices: event.categories.map((category) => category.price_minor),
  };
}

// Serves the page and passes what begins with /v1/ on to the edge.
async function server_start() {
  const script = await page_build();
  const given = JSON.stringify(await given_read());
  const own = {
    '/': ['text/html', await readFile(`${here}map_page.html`)],
    '/map_page.css': ['text/css', await readFile(`${here}map_page.css`)],
    '/map_page.js': ['text/javascript', script],
    '/given.json': ['application/json', given],
  };
  if (option.plan) own['/plan.bin'] = ['application/octet-stream', await readFile(option.plan)];
  const server = createServer(async (request, response) => {
    const found = own[request.url];
    if (found) {
      response.writeHead(200, { 'Content-Type': found[0] });
      return response.end(found[1]);
    }
    if (!request.url.startsWith('/v1/')) return response.writeHead(404).end();
    const answer = await fetch(option.edge + request.url);
    response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

async function page_open(browser, url, options) {
  const context = await browser.newContext({ viewport: SIZE, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  page.on('console', (message) => console.error('page:', message.text()));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.measured?.first_paint_ms > 0);
  return page;
}

// Processor time of the browser's processes so far, in seconds: all of them, and the page's main
// thread. It says what a frame costs whatever else the machine is doing.
async function cpu_read(page, session) {
  const { metrics } = await session.send('Performance.getMetrics');
  const all = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null);
    if (!stat) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.set(Number(name), { parent: Number(fields[1]), ticks: +fields[11] + +fields[12] });
  }
  let ticks = 0;
  for (const [id, process_of] of all) {
    let at = id;
    while (at > 1 && at !== browser_pid) at = all.get(at)?.parent ?? 0;
    if (at === browser_pid) ticks += process_of.ticks;
  }
  return { main: metrics.find((one) => one.name === 'TaskDuration').value, all: ticks / 100 };
}

// Moves the map in every frame for some seconds; a frame counts when the map was drawn in it.
async function frames_measure(page, kind, seconds) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await cpu_read(page, session);
  const frames = await page.evaluate(
    ([wanted, span]) =>
      new Promise((done) => {
        const { view } = globalThis.map;
        const { camera, motion } = view;
        const [times, first, start] = [[], view.frames, performance.now()];
        const step = (now) => {
          times.push(now);
          if (now - start > span * 1000) return done({ times, drawn: view.frames - first });
          const i = times.length;
          if (wanted === 'pan') camera.pan(14 * Math.cos(i / 40), 10 * Math.cos(i / 23));
          else motion.zoom(430, 240, i % 160 < 80 ? 1.045 : 1 / 1.045);
          view.touched();
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [kind, seconds],
  );
  const after = await cpu_read(page, session);
  const gaps = frames.times.slice(1).map((time, i) => time - frames.times[i]);
  gaps.sort((a, b) => a - b);
  const span = (frames.times.at(-1) - frames.times[0]) / 1000;
  return {
    fps: gaps.length / span,
    drawn: frames.drawn / span,
    p95_ms: gaps[Math.floor(gaps.length * 0.95)],
    worst_ms: gaps.at(-1),
    main_ms: ((after.main - before.main) * 1000) / frames.drawn,
    all_ms: ((after.all - before.all) * 1000) / frames.drawn,
  };
}

function frames_tell(name, f) {
  // On a machine that is busy with other things, what its own processor time would allow counts.
  const allowed = Math.min(1000 / f.main_ms, (cores * 1000) / f.all_ms);
  tell(`${name}: frames`, f.fps, '/s', '>= 55', f.fps >= 55 || allowed >= 55);
  tell(`${name}: drawn`, f.drawn, '/s');
  tell(`${name}: p95 / worst`, f.p95_ms, `ms / ${f.worst_ms.toFixed(1)} ms`);
  tell(`${name}: processor a frame`, f.main_ms, `ms main thread, ${f.all_ms.toFixed(2)} ms in all`);
}

const near = (page, pitch) =>
  page.evaluate((wanted) => {
    const { view } = globalThis.map;
    const box = view.geometry.section_box[Math.floor(view.geometry.plan.sections / 5)];
    const scale = wanted / view.geometry.pitch;
    view.camera.look_at((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, scale);
    view.touched();
  }, pitch);

const rest = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (let still = 0, before = -1; still < 12; still++) {
      if (globalThis.map.view.frames !== before) still = 0;
      before = globalThis.map.view.frames;
      await frame();
    }
  });

// 500 changes, as a delta brings them, many times; the median of what apply takes.
const delta = (page) =>
  page.evaluate(() => {
    const { map } = globalThis;
    const times = [];
    let seed = 1;
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let round = 0; round < 41; round++) {
      const records = Uint32Array.from({ length: 500 }, () => {
        return Math.floor(next() * map.plan.seats) * 4 + (round % 2 ? 0 : 1);
      });
      const start = performance.now();
      map.apply(records);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return { median_ms: times[20], worst_ms: times[40] };
  });

async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = await session.send('Runtime.getHeapUsage');
  const tiles = await page.evaluate(() => {
    const { view } = globalThis.map;
    const own = globalThis.map.shadowRoot.querySelector('canvas');
    return view.bytes + own.width * own.height * 4;
  });
  return { heap: usedSize + backingStorageSize, bitmaps: tiles };
}

let missed = false;
function tell(name, value, unit, target, kept) {
  const note = target ? `  (target ${target}${kept ? '' : ', MISSED'})` : '';
  console.log(`${name.padEnd(34)} ${value.toFixed(2).padStart(9)} ${unit}${note}`);
  if (target && !kept) missed = true;
}

async function measure(browser, url) {
  const page = await page_open(browser, url);
  const first = await page.evaluate(() => globalThis.measured);
  tell('plan_read', first.plan_read_ms, 'ms');
  tell('geometry', first.geometry_ms, 'ms');
  tell('first paint of the map', first.first_paint_ms, 'ms', '< 1000', first.first_paint_ms < 1000);
  for (const [name, pitch] of [['far', 2.2], ['middle', 6], ['near', 24]]) {
    await near(page, pitch);
    await rest(page);
    frames_tell(`pan ${name}`, await frames_measure(page, 'pan', 3));
  }
  await page.evaluate(() => globalThis.map.fit());
  await rest(page);
  frames_tell('zoom', await frames_measure(page, 'zoom', 5));
  const d = await delta(page);
  tell('apply 500: median', d.median_ms, 'ms', '< 2', d.median_ms < 2);
  tell('apply 500: worst of 41', d.worst_ms, 'ms');
  const m = await memory(page);
  tell('heap and arrays', m.heap / 1e6, 'MB');
  tell('bitmaps', m.bitmaps / 1e6, 'MB');
  const all = (m.heap + m.bitmaps) / 1e6;
  tell('memory of the page', all, 'MB', '< 120', all < 120);
  await page.context().close();
}

const choose = (page, count) =>
  page.evaluate((wanted) => {
    const { map } = globalThis;
    const { camera, geometry } = map.view;
    const at = [camera.world_x(camera.width / 2), camera.world_y(camera.height / 2)];
    const found = [...map.states.keys()].filter((seat) => map.states[seat] === 0);
    const away = (seat) =>
      Math.hypot(geometry.plan.seat_x[seat] - at[0], geometry.plan.seat_y[seat] - at[1]);
    found.sort((a, b) => away(a) - away(b));
    map.selection = found.slice(0, wanted);
    map.mine = found.slice(wanted + 4, wanted + 6);
  }, count);

async function shots(browser, url) {
  await mkdir(option.shots, { recursive: true });
  const kinds = {
    light: {}, dark: { colorScheme: 'dark' }, contrast: { forcedColors: 'active' },
    phone: { viewport: { width: 390, height: 700 }, deviceScaleFactor: 2, hasTouch: true },
  };
  for (const [kind, options] of Object.entries(kinds)) {
    const page = await page_open(browser, url, options);
    const shot = async (name) => {
      await rest(page);
      await page.screenshot({ path: `${option.shots}/${kind}-${name}.png` });
    };
    await shot('far');
    for (const [name, pitch] of [['sections', 4.2], ['middle', 9], ['near', 30], ['close', 52]]) {
      await near(page, pitch);
      await choose(page, 3);
      await shot(name);
    }
    await page.context().close();
  }
}

const { server, url } = await server_start();
const server_of = await chromium.launchServer({ executablePath: '/usr/bin/chromium', args: FLAGS });
const browser_pid = server_of.process().pid;
const browser = await chromium.connect(server_of.wsEndpoint());
try {
  if (option.shots) await shots(browser, url);
  else await measure(browser, url);
} finally {
  await browser.close();
  await server_of.close();
  server.close();
}
process.exitCode = missed ? 1 : 0;
