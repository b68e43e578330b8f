// The seat map under real input: node walk.mjs edge=URL event=ID. Chooses, is refused, moves,
// zooms, draws a box, loses a seat, and looks at what the page is told and at what is to be seen.
import assert from 'node:assert/strict';
import { browser_start, options_read, rest, server_start } from './rig.mjs';

const { server, url } = await server_start(options_read(process.argv.slice(2)));
const { browser, stop } = await browser_start();

async function page_open(options) {
  const context = await browser.newContext({ viewport: { width: 900, height: 600 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(String(error)));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.measured?.first_paint_ms > 0);
  await page.evaluate(() => {
    globalThis.told = [];
    for (const name of ['seatpress', 'selectionchange', 'sectionpress', 'viewchange']) {
      document.addEventListener(name, (event) => {
        globalThis.told.push({ name, ...event.detail });
        if (name === globalThis.refuse) event.preventDefault();
      });
    }
    globalThis.map.states = new Uint8Array(globalThis.plan.seats);
    globalThis.map.maximum = 3;
  });
  await rest(page);
  return page;
}

const told = (page, name) =>
  page.evaluate((wanted) => globalThis.told.filter((one) => one.name === wanted), name);
const selection = (page) => page.evaluate(() => globalThis.map.selection);
const scale = (page) => page.evaluate(() => globalThis.map.view.camera.scale);

// Where a seat is on the screen.
const place = (page, seat) =>
  page.evaluate((at) => {
    const { camera } = globalThis.map.view;
    const { seat_x, seat_y } = globalThis.plan;
    return [camera.screen_x(seat_x[at]), camera.screen_y(seat_y[at])];
  }, seat);

async function near(page, seat) {
  await page.evaluate((at) => {
    const { view } = globalThis.map;
    const { seat_x, seat_y } = globalThis.plan;
    view.motion.stop();
    view.camera.look_at(seat_x[at], seat_y[at], 30 / view.geometry.pitch);
    view.touched();
  }, seat);
  await rest(page);
}

async function sections_and_seats(page) {
  const section = Math.floor((await page.evaluate(() => globalThis.plan.sections)) / 3);
  const middle = await page.evaluate((at) => {
    const { camera, geometry } = globalThis.map.view;
    const [x, y] = geometry.section_label.slice(2 * at, 2 * at + 2);
    return [camera.screen_x(x), camera.screen_y(y)];
  }, section);
  await page.mouse.click(...middle);
  await rest(page);
  assert.equal((await told(page, 'sectionpress'))[0].section, section);
  const seat = await page.evaluate((at) => globalThis.plan.section_first[at], section);
  await near(page, seat);
  for (const at of [seat, seat + 1, seat + 2, seat + 3]) {
    await page.mouse.click(...(await place(page, at)));
  }
  assert.deepEqual(await selection(page), [seat, seat + 1, seat + 2]);
  assert.equal((await told(page, 'selectionchange')).at(-1).refused, 'limit');
  await page.mouse.click(...(await place(page, seat + 1)));
  assert.deepEqual(await selection(page), [seat, seat + 2]);
  return seat;
}

async function others_take(page, seat) {
  const lost = await page.evaluate((at) => globalThis.map.apply([at * 4 + 1]), seat);
  assert.deepEqual(lost, [seat]);
  const change = (await told(page, 'selectionchange')).at(-1);
  assert.deepEqual([change.lost, change.seats], [[seat], [seat + 2]]);
  const groups = await page.evaluate((at) => globalThis.map.alternatives([at]), seat);
  assert.equal(groups.length, 3);
  assert.equal(groups[0].length, 1);
  await page.mouse.click(...(await place(page, seat)));
  assert.equal((await told(page, 'selectionchange')).at(-1).refused, 'taken');
  const frames = () => page.evaluate(() => globalThis.map.view.frames);
  await rest(page);
  const drawn = await frames();
  await page.evaluate(() => (globalThis.map.states = globalThis.map.states.slice()));
  await rest(page);
  assert.ok((await frames()) <= drawn + 8, 'the same states again draw next to nothing');
  await page.evaluate(() => (globalThis.refuse = 'seatpress'));
  await page.mouse.click(...(await place(page, seat + 4)));
  assert.deepEqual(await selection(page), [seat + 2]);
  await page.evaluate(() => (globalThis.refuse = ''));
}

async function box_draw(page, seat) {
  await page.evaluate(() => (globalThis.map.selection = []));
  const [x0, y0] = await place(page, seat + 5);
  const [x1, y1] = await place(page, seat + 6);
  await page.keyboard.down('Shift');
  await page.mouse.move(Math.min(x0, x1) - 9, Math.min(y0, y1) - 9);
  await page.mouse.down();
  await page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2);
  await page.mouse.move(Math.max(x0, x1) + 9, Math.max(y0, y1) + 9);
  await page.mouse.up();
  await page.keyboard.up('Shift');
  assert.deepEqual((await selection(page)).sort(), [seat + 5, seat + 6].sort());
}

async function moves(page) {
  const at = () =>
    page.evaluate(() => [globalThis.map.view.camera.x, globalThis.map.view.camera.y]);
  const before = await at();
  await page.mouse.move(400, 300);
  await page.mouse.down();
  await page.mouse.move(440, 320, { steps: 5 });
  await page.mouse.move(480, 330, { steps: 5 });
  await page.mouse.up();
  await rest(page);
  assert.ok((await at())[0] < before[0], 'dragged');
  const [s, x] = [await scale(page), (await at())[0]];
  const under = x + 200 / s;
  await page.mouse.move(200, 200);
  await page.mouse.wheel(0, 120);
  await rest(page);
  const out = await scale(page);
  assert.ok(out < s, 'zoomed out');
  assert.ok(Math.abs((await at())[0] + 200 / out - under) * out < 2, 'about the pointer');
  await page.focus('seat-map >> canvas.map');
  await page.keyboard.press('+');
  await rest(page);
  assert.ok((await scale(page)) > out, 'plus');
  const left = (await at())[0];
  await page.keyboard.press('ArrowRight');
  await rest(page);
  assert.ok((await at())[0] > left, 'arrow');
  await page.keyboard.press('0');
  await rest(page);
  const fit = await page.evaluate(() => globalThis.map.view.camera.scale_fit);
  assert.ok(Math.abs((await scale(page)) / fit - 1) < 1e-6, 'fit');
}

async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  const touch = (type, ...points) =>
    session.send('Input.dispatchTouchEvent', {
      type, touchPoints: points.map(([x, y], id) => ({ x, y, id })),
    });
  const before = await scale(page);
  await touch('touchStart', [180, 300]);
  await touch('touchStart', [180, 300], [220, 300]);
  for (let i = 1; i <= 10; i++) {
    await touch('touchMove', [180 - 8 * i, 300], [220 + 8 * i, 300]);
  }
  await touch('touchEnd');
  await rest(page);
  assert.ok((await scale(page)) > 2.5 * before, 'pinched');
  const seat = 40;
  await near(page, seat);
  await page.touchscreen.tap(...(await place(page, seat)));
  assert.deepEqual(await selection(page), [seat]);
  await page.evaluate((at) => {
    const { view } = globalThis.map;
    view.camera.look_at(globalThis.plan.seat_x[at], globalThis.plan.seat_y[at],
      9 / view.geometry.pitch);
    view.touched();
  }, seat);
  await rest(page);
  await page.touchscreen.tap(...(await place(page, seat + 1)));
  await rest(page);
  assert.deepEqual(await selection(page), [seat], 'seats too small for a finger come nearer first');
  assert.ok((await page.evaluate(() => globalThis.map.view.pitch)) > 30);
}

// What is on the canvas where a seat is: another picture for every state.
async function looks(page, seat) {
  await page.mouse.move(2, 2);
  const picture = async () => {
    await rest(page);
    const [x, y] = await place(page, seat);
    const shot = await page.screenshot({ clip: { x: x - 12, y: y - 12, width: 24, height: 24 } });
    return shot.toString('base64');
  };
  const pictures = new Set();
  await near(page, seat);
  for (const state of [0, 1, 2, 3]) {
    await page.evaluate(([at, to]) => globalThis.map.apply([at * 4 + to]), [seat, state]);
    pictures.add(await picture());
  }
  await page.evaluate((at) => (globalThis.map.mine = [at]), seat);
  pictures.add(await picture());
  await page.evaluate((at) => (globalThis.map.mine = []) && globalThis.map.apply([at * 4]), seat);
  const free = await picture();
  assert.ok(pictures.has(free), 'free again');
  await page.evaluate((at) => (globalThis.map.selection = [at]), seat);
  pictures.add(await picture());
  await page.evaluate(() => {
    globalThis.map.selection = [];
    globalThis.map.shown = new Set();
  });
  pictures.add(await picture());
  assert.equal(pictures.size, 7);
}

try {
  const page = await page_open({});
  const seat = await sections_and_seats(page);
  await others_take(page, seat);
  await box_draw(page, seat);
  await moves(page);
  await looks(page, seat);
  assert.ok((await told(page, 'viewchange')).length > 0);
  const phone = { viewport: { width: 390, height: 640 }, hasTouch: true, isMobile: true };
  await fingers(await page_open(phone));
  console.log('the seat map: chosen, refused, lost, boxed, moved, touched');
} finally {
  await stop();
  server.close();
}
