// One buyer on a desktop, and somebody who is faster with a seat. What changes elsewhere comes by
// the stream of changes: the page does not ask for it.
import { check, checkout, pay, pick, reserve, run, section_open, shows } from './browser.mjs';
import { ticket_shoot, visitor } from './browser.mjs';

const SHOWN_WITHIN_MS = 1000;
let buyer;

// The moment at which the server had answered that the seats are taken.
async function taken_at(page) {
  const answer = page.waitForResponse(
    (r) => r.request().method() === 'POST' && r.url().endsWith('/v1/reservations'),
  );
  await page.locator('seat-tray .main').click();
  check('the other one has the seat', (await answer).status() === 201);
  return performance.now();
}

async function seat_goes() {
  const other = await visitor();
  buyer = await visitor();
  const streams = [];
  buyer.on('response', (r) => r.url().includes('/live') && streams.push(r.status()));
  await section_open(buyer, shows.arena);
  await pick(buyer, 1);
  await section_open(other, shows.arena);
  await pick(other, 1);
  await buyer.locator('page-event[data-live=stream]').waitFor();
  const began = await taken_at(other);
  await buyer.locator('.conflict').waitFor();
  const took = Math.round(performance.now() - began);
  console.log(`figure: a seat taken elsewhere is shown ${took} ms after the answer`);
  check('within a second', took < SHOWN_WITHIN_MS);
  check('by the stream', streams.length === 1 && streams[0] === 200);
  check('it is no longer picked', (await buyer.locator('.picked li').count()) === 0);
  await other.context().close();
}

async function buy() {
  await pick(buyer, 2);
  await reserve(buyer);
  await checkout(buyer);
  await pay(buyer);
  check('two tickets', (await buyer.locator('.mini').count()) === 2);
  await ticket_shoot(buyer);
  await buyer.context().close();
}

await run([seat_goes, buy]);
