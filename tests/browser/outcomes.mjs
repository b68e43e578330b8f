// axe on what a page says when something has ended or cannot be known: a wish without an answer,
// seats that are gone, boxes of reservations that are over, every outcome of a payment. How things
// stand is what the server says of a real reservation, changed on its way to the page.
import { readFileSync } from 'node:fs';
import { at, check, checkout, DESKTOP, edge, pay, pick, run } from './browser.mjs';
import { section_open, shows, visitor } from './browser.mjs';
import { findings_tell, fits, look, targets } from './looks.mjs';

const LOUD = /Failed to load resource/; // the browser says so of every answer that we spoil
const WIDE = DESKTOP.viewport;
const NARROW = { width: 320, height: 640 };
const LATER_MS = 60000;
const OWN = /\/v1\/reservations(\?|\/[0-9a-f-]{36}$)/; // the list, and one of them
const NOBODYS = '01970000-0000-7000-8000-00000000ffff';

let language;
let words;

const problem = (status, code, more = {}) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code, title: code, ...more }),
});
const is_wish = (request) =>
  request.method() === 'POST' && request.url().endsWith('/v1/reservations');
const heading = (page, key) => page.getByRole('heading', { name: words[key], exact: true });

/** Everything there is to say of what is on the page now. */
async function inspect(page, name) {
  const full = `${name}, ${language}`;
  await look(page, full);
  await page.setViewportSize(NARROW);
  await targets(page, full);
  await fits(page, full);
  await page.setViewportSize(WIDE);
}

/** From now on the server says this of a reservation, in lists and alone. */
let mine; // what the browser knows of: it drops what it is told has ended

async function tell(page, told) {
  const say = (one) => ({ ...one, ...told });
  await page.route(OWN, async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const answer = await route.fetch();
    const body = await answer.json();
    const json = body.reservations
      ? { ...body, reservations: body.reservations.map(say) }
      : say(body);
    return route.fulfill({ response: answer, json });
  });
}

async function untell(page) {
  await page.unroute(OWN);
  await page.evaluate((text) => localStorage.setItem('cavea.mine', text), mine);
}

async function choosing(page, section) {
  await section_open(page, shows.theatre, section);
  await page.locator('seat-map').waitFor();
  await pick(page, 2);
  const ids = await page.evaluate(async (nth) => {
    const event = await (await fetch(`/v1${location.pathname}`)).json();
    const name = encodeURIComponent(event.sections[nth].id);
    const { seats } = await (await fetch(`/v1${location.pathname}/seats?section=${name}`)).json();
    return seats.filter((seat) => seat.state === 'available').map((seat) => seat.id);
  }, section);
  const gone = { seats: ids.slice(0, 1), alternatives: ids.slice(2, 5) };
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request())
      ? route.fulfill(problem(409, 'SEATS_UNAVAILABLE', gone))
      : route.continue(),
  );
  await page.locator('seat-tray .main').click();
  await page.locator('.offers button').first().waitFor();
  await inspect(page, 'seats that are gone');
  await page.unroute('**/v1/reservations');
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request()) ? route.abort() : route.continue(),
  );
  await page.locator('seat-tray .main').click();
  await page.locator('.messages').getByText(words['event.unsure']).waitFor();
  await inspect(page, 'unsure');
  await page.unroute('**/v1/reservations');
  await stale(page);
  await page.getByRole('button', { name: words['error.again'] }).click();
  await page.locator('hold-timer').waitFor();
}

/** Nobody answers any more. */
async function stale(page) {
  await page.route(/\/seats\.bin|\/live/, (route) => route.abort());
  const strip = page.locator('.messages').getByText(words['event.stale']);
  while (!(await strip.isVisible())) {
    const failed = page.waitForEvent('requestfailed');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await failed;
  }
  await inspect(page, 'servers that do not answer');
  await page.unroute(/\/seats\.bin|\/live/);
}

async function ended_boxes(page) {
  for (const [state, key] of [
    ['expired', 'cart.expired'],
    ['confirmed', 'reservation.confirmed'],
  ]) {
    await page.goto(`${edge}/cart`);
    await page.locator('hold-timer').waitFor();
    await tell(page, { state });
    await page.evaluate(() => dispatchEvent(new StorageEvent('storage', { key: 'cavea.mine' })));
    await page.locator('.checkout.ended').waitFor();
    await heading(page, key).waitFor();
    await inspect(page, `box of a reservation: ${state}`);
    await untell(page);
  }
  await page.goto(`${edge}/cart`);
  await page.locator('input[type=email]').fill('buyer@example.org');
  for (const [code, key] of [
    ['PAYMENT_NOT_OPEN', 'cart.payment_closed'],
    ['EVENT_CANCELLED', 'cart.cancelled_text'],
  ]) {
    await page.route('**/checkout', (route) => route.fulfill(problem(409, code)));
    await page.locator('.pay .main').click();
    await page.locator('.pay').getByText(words[key]).waitFor();
    await page.unroute('**/checkout');
    await inspect(page, `cart: ${code}`);
  }
}

async function outcomes(page, id) {
  const back = async (of, key, told = null) => {
    if (told) await tell(page, told);
    await page.goto(`${edge}/pay/return?reservation=${of}`);
    await heading(page, key).waitFor();
    await inspect(page, `pay/return: ${key}`);
    if (told) await untell(page);
  };
  await back(id, 'paid.waiting', { state: 'held' });
  // A declined card leaves the seats held: this page says so when it has waited for a while.
  await page.evaluate((ms) => {
    const real = performance.now.bind(performance);
    performance.now = () => real() + ms;
  }, LATER_MS);
  await heading(page, 'paid.unpaid').waitFor();
  await inspect(page, 'pay/return: declined');
  await back(id, 'paid.ended', { state: 'expired', payment_id: NOBODYS });
  await back(id, 'paid.refunded', { state: 'expired', outcome: 'refunded' });
  await back(id, 'paid.ended', { state: 'cancelled' });
  await back(NOBODYS, 'lost.title');
  await back('nothing', 'lost.title');
  await page.route(`**/v1/reservations/${id}`, (route) =>
    route.fulfill(problem(401, 'UNAUTHENTICATED')),
  );
  await page.goto(`${edge}/pay/return?reservation=${id}`);
  await page.getByText(words['error.stranger']).waitFor();
  await inspect(page, 'pay/return: a stranger');
  await page.unroute(`**/v1/reservations/${id}`);
}

async function paid(page, id) {
  await page.goto(`${edge}/cart`);
  await checkout(page);
  await pay(page);
  await page.goto(`${edge}/pay/return?reservation=${id}`);
  await page.waitForURL(`**/reservations/${id}`);
  await page.locator('.mini').first().waitFor();
  await inspect(page, 'pay/return: paid');
}

/** What the list and the page of one reservation say of it, and its tickets that are void. */
async function stands(page, id) {
  for (const told of [
    { state: 'held' },
    { state: 'expired' },
    { state: 'cancelled' },
    { state: 'confirmed', outcome: 'other_seats' },
  ]) {
    await tell(page, told);
    await page.goto(`${edge}/reservations/${id}`);
    await page.locator(`.state-${told.state}`).waitFor();
    await inspect(page, `reservation: ${told.state}`);
    await page.goto(`${edge}/reservations`);
    await page.locator(`.state-${told.state}`).waitFor();
    await inspect(page, `my tickets: ${told.state}`);
    await untell(page);
  }
  await page.goto(`${edge}/reservations/${id}`);
  await page.locator('.give-back .danger').click();
  await page.locator('dialog .danger').click();
  await page.locator('.state-refunded').waitFor();
  await page.locator('.ticket-list .over').first().waitFor();
  await inspect(page, 'reservation: refunded');
  await page.goto(`${edge}/reservations`);
  await page.locator('.state-refunded').waitFor();
  await inspect(page, 'my tickets: refunded');
  await page.waitForFunction(async (url) => {
    const { tickets } = await (await fetch(url)).json();
    return tickets.every((ticket) => ticket.state === 'revoked');
  }, `/v1/reservations/${id}/tickets`);
  await page.goto(`${edge}/reservations/${id}`);
  await page.locator('.mini').first().click();
  await page.locator('.void').waitFor();
  await inspect(page, 'ticket: void');
}

async function everything(chosen, section) {
  language = chosen;
  words = JSON.parse(
    readFileSync(new URL(`../../edge/web/text/${language}.json`, import.meta.url), 'utf8'),
  );
  const page = await visitor({ ...DESKTOP, locale: language }, LOUD);
  await choosing(page, section);
  mine = await page.evaluate(() => localStorage['cavea.mine']);
  const [{ id }] = JSON.parse(mine);
  const direction = await page.locator('html').getAttribute('dir');
  check(`the direction of ${language}`, direction === (language === 'ar' ? 'rtl' : 'ltr'));
  await ended_boxes(page);
  await outcomes(page, id);
  await paid(page, id);
  await stands(page, id);
  await page.context().close();
}

const left_to_right = () => everything('en', 2);
const right_to_left = () => everything('ar', 3);

await run([left_to_right, right_to_left]);
findings_tell();
