// The whole path in a browser: search, two seats, somebody who is faster, the provider's page, a
// ticket; on a desktop and on a phone; by keyboard alone; and what goes wrong on the way.
import { writeFileSync } from 'node:fs';
import {
  check,
  checkout,
  DESKTOP,
  pay,
  PHONE,
  pick,
  reserve,
  run,
  section_open,
  shows,
  ticket_shoot,
} from './browser.mjs';
import { at, edge, visitor, work } from './browser.mjs';

const FIRST_VIEW_MAX = 100 * 1024;

async function first_view() {
  const page = await visitor(PHONE);
  let bytes = 0;
  const pending = [];
  page.on('requestfinished', (request) =>
    pending.push(
      request.sizes().then((s) => (bytes += s.responseBodySize + s.responseHeadersSize)),
    ),
  );
  const began = performance.now();
  await page.goto(at(shows.arena));
  await page.locator('.section-free:not(:empty)').first().waitFor();
  const took = Math.round(performance.now() - began);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await Promise.all(pending);
  const first = bytes;
  await page.locator('.way').nth(1).click();
  await page.locator('seat-map').waitFor();
  await Promise.all(pending);
  console.log(
    `figure: first view of the event page ${(first / 1024).toFixed(1)} KB in ${took} ms, ` +
      `with the map of 60,000 seats ${(bytes / 1024).toFixed(1)} KB`,
  );
  check(`less than ${FIRST_VIEW_MAX} bytes`, first < FIRST_VIEW_MAX);
  await page.context().close();
}

async function search() {
  const page = await visitor();
  await page.goto(edge);
  await page.getByRole('searchbox').fill('glass orch');
  await page.waitForURL(/\?q=/);
  await page.locator('.stub').filter({ hasText: 'The Glass Orchard' }).waitFor();
  await page.locator('.stub').filter({ hasText: 'Demo Cup' }).waitFor({ state: 'detached' });
  await page.reload();
  check(
    'the search survives a reload',
    (await page.getByRole('searchbox').inputValue()) === 'glass orch',
  );
  await page.getByRole('searchbox').fill('');
  await page.getByRole('radio', { name: 'Family' }).check();
  await page.waitForURL(/category=family/);
  await page.locator('.stub').filter({ hasText: 'Kites for Everybody' }).waitFor();
  await page.locator('.stub').filter({ hasText: 'Glass Orchard' }).waitFor({ state: 'detached' });
  await page.locator('.stub-link').first().click();
  await page.locator('.panel.halted').waitFor();
  await page.goBack();
  check('the filter survives the way back', page.url().includes('category=family'));
  await page.context().close();
}

// Two want the same seats: the one on the phone is faster.
async function conflict_and_tickets() {
  const slow = await visitor(DESKTOP, /409|ERR_FAILED/);
  const fast = await visitor(PHONE);
  await slow.route('**/live?*', (route) => route.abort());
  await section_open(slow, shows.theatre);
  await pick(slow, 2);
  await slow.route('**/seats.bin*', (route) => route.abort()); // it hears nothing of the other one
  await section_open(fast, shows.theatre);
  await pick(fast, 1);
  await reserve(fast);
  await slow.locator('seat-tray .main').click();
  await slow.locator('.conflict .gone li').waitFor();
  check('one seat is gone', (await slow.locator('.gone li').count()) === 1);
  check('the other is still picked', (await slow.locator('.picked li').count()) === 1);
  await slow.unroute('**/seats.bin*');
  await slow.unroute('**/live?*');
  await slow.locator('.offers button').first().click();
  await slow.locator('.picked li >> nth=1').waitFor();
  await reserve(slow);
  await timer_everywhere(slow);
  await checkout(slow);
  await slow.locator('button.try').first().click(); // declined
  await slow.locator('p.result').waitFor();
  await pay(slow);
  check('two tickets', (await slow.locator('.mini').count()) === 2);
  await ticket(slow);
  await give_seats_back(fast);
  await slow.context().close();
}

async function timer_everywhere(page) {
  const until = () => page.locator('hold-timer').getAttribute('until');
  const before = await until();
  await page.reload();
  await page.locator('hold-timer').waitFor();
  check('the same deadline after a reload', (await until()) === before);
  const other = await page.context().newPage();
  await other.goto(`${edge}/cart`);
  await other.locator('hold-timer').waitFor();
  check('and in another tab', (await other.locator('hold-timer').getAttribute('until')) === before);
  check('and on every page', /^\d+:\d\d$/.test(await page.locator('.cart-time').innerText()));
  await other.close();
}

async function ticket(page) {
  await ticket_shoot(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('a[download]').click(),
  ]);
  await download.saveAs(`${work}/calendar.ics`);
  await page.goto(`${edge}/reservations`);
  await page.locator('.state-confirmed').waitFor();
}

async function give_seats_back(page) {
  await page.locator('.pay form .quiet').click();
  await page.locator('dialog .danger').click();
  await page.locator('.notice').waitFor();
  check('the cart is gone from the header', (await page.locator('.cart-link').count()) === 0);
  await page.context().close();
}

async function tab_to(page, selector, most = 80) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
  }
  throw new Error(`no way by Tab to ${selector}`);
}

async function by_keyboard() {
  const page = await visitor();
  const press = (key) => page.keyboard.press(key);
  await page.goto(edge);
  await page.locator('.stub').first().waitFor();
  await tab_to(page, '.skip');
  await tab_to(page, '[type=search]');
  await page.keyboard.type('glass orchard');
  await page.waitForURL(/\?q=/);
  await page.locator('.stub').filter({ hasText: 'Demo Cup' }).waitFor({ state: 'detached' });
  await tab_to(page, '.stub-link');
  await press('Enter');
  await page.locator('.section-free:not(:empty)').first().waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  await tab_to(page, '.section-row');
  await tab_to(page, '.section-row');
  await press('Enter');
  await page.waitForFunction(() => document.activeElement?.matches('.seat'));
  await press('ArrowDown');
  await press('End');
  await press('Space');
  await press('ArrowLeft');
  await press('Enter');
  await page.locator('.picked li >> nth=1').waitFor();
  await tab_to(page, 'seat-tray .main');
  await press('Enter');
  await page.locator('hold-timer').waitFor();
  await tab_to(page, 'input[type=email]');
  await page.keyboard.type('keys@example.org');
  await press('Enter');
  await page.waitForURL(/\/pay\/pi_/);
  await tab_to(page, 'button.pay');
  await press('Enter');
  await page.locator('a.back').waitFor();
  await tab_to(page, 'a.back');
  await press('Enter');
  await page.locator('.mini').first().waitFor();
  await tab_to(page, '.mini');
  await press('Enter');
  await page.locator('.ticket img').waitFor();
  await page.goBack();
  await refund_by_keyboard(page);
  await page.context().close();
}

async function refund_by_keyboard(page) {
  await page.locator('.give-back .danger').waitFor();
  await tab_to(page, '.give-back .danger');
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor();
  await tab_to(page, 'dialog .danger', 5);
  await page.keyboard.press('Enter');
  await page.locator('.state-refunded').waitFor();
  check('tickets are void', (await page.locator('.ticket-list .over').count()) === 2);
}

// Who leaves the provider's page without paying finds the seats still held.
async function leaves_unpaid() {
  const page = await visitor();
  await section_open(page, shows.theatre, 4);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await page.locator('a.leave').click();
  await page.locator('page-paid a[href="/cart"]').click();
  await page.locator('hold-timer').waitFor();
  await page.context().close();
}

// The announcements of the timer, with the deadline moved near by a changed answer.
async function timer_says() {
  const page = await visitor();
  await section_open(page, shows.theatre, 2);
  await pick(page, 1);
  await reserve(page);
  const left = async (seconds) => {
    await page.route('**/v1/reservations?*', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      for (const one of body.reservations)
        one.expires_at = new Date(Date.now() + seconds * 1000).toISOString();
      await route.fulfill({ response: answer, json: body });
    });
    await page.reload();
  };
  await left(126);
  await page.getByRole('alert').filter({ hasText: 'Two minutes' }).waitFor();
  await page.unroute('**/v1/reservations?*');
  await left(26);
  await page.getByRole('alert').filter({ hasText: 'Twenty seconds' }).waitFor();
  await page.context().close();
}

async function offline() {
  const page = await visitor(DESKTOP, /Failed to load|ERR_INTERNET/);
  await section_open(page, shows.theatre, 3);
  await pick(page, 1);
  await page.context().setOffline(true);
  await page.locator('seat-tray .main').click();
  await page.locator('.strip.warn').waitFor();
  check('the seat is still picked', (await page.locator('.picked li').count()) === 1);
  await page.context().setOffline(false);
  await page.locator('hold-timer').waitFor(); // the wish is kept, and sent when it can be
  await page.context().close();
}

writeFileSync(`${work}/walk.log`, '');
await run([
  first_view,
  search,
  conflict_and_tickets,
  by_keyboard,
  leaves_unpaid,
  timer_says,
  offline,
]);
