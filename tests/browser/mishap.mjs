// Answers that are refused, lost or late, and seats whose time is up: what the pages make of them.
import { at, check, checkout, DESKTOP, edge, pay, PHONE, pick, reserve } from './browser.mjs';
import { run, section_open, settled, shows, visitor } from './browser.mjs';

const LOUD = /Failed to load resource/; // the browser says so of every answer that we spoil
// What the buyer holds, of what the browser knows and of what it was not told.
const reservations = (page, lost) =>
  page.evaluate(
    async (ids) => {
      for (const one of JSON.parse(localStorage.getItem('cavea.mine') ?? '[]')) ids.push(one.id);
      const answer = await fetch(`/v1/reservations?with=${[...new Set(ids)]}`);
      return (await answer.json()).reservations;
    },
    [...lost],
  );
const problem = (status, code, more = {}) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code, title: code, ...more }),
});
const at_heading = (page) => page.evaluate(() => document.activeElement.matches('h1'));
const is_wish = (request) =>
  request.method() === 'POST' && request.url().endsWith('/v1/reservations');

// Wishes reach the server, answers do not reach the page. The ids that they had.
async function answers_lose(page) {
  const lost = new Set();
  await page.route('**/v1/reservations', async (route) => {
    if (!is_wish(route.request())) return route.continue();
    const answer = await route.fetch();
    lost.add((await answer.json()).id);
    return route.abort();
  });
  return lost;
}

// The seats are read again, and the page has taken the answer.
async function seats_ask(page) {
  const answer = page.waitForResponse((r) => r.url().includes('/seats.bin'));
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await answer;
  await settled(page);
}

async function time_refused() {
  const page = await visitor(DESKTOP, LOUD);
  let asked = 0;
  await page.route('**/v1/time', (route) => {
    asked++;
    return route.fulfill(problem(503, 'OVERLOADED'));
  });
  await page.goto(at(shows.later));
  await page.locator('count-down').waitFor();
  await section_open(page, shows.theatre);
  await pick(page, 1);
  await reserve(page);
  const before = asked;
  await page.reload();
  await page.locator('hold-timer').waitFor();
  while (asked < before + 4) await page.waitForRequest('**/v1/time');
  check('seconds are counted', /^\d+:\d\d$/.test(await page.locator('.timer-digits').innerText()));
  check('there is time', (await page.locator('.checkout:not(.ended) form').count()) === 1);
  await page.context().close();
}

// The server has the wish, the reader hears nothing, and loads the page anew.
async function answer_lost() {
  const page = await visitor(DESKTOP, LOUD);
  const keys = [];
  page.on('request', (r) => is_wish(r) && keys.push(r.headers()['idempotency-key']));
  await section_open(page, shows.theatre, 4);
  await pick(page, 1);
  const lost = await answers_lose(page);
  await page.locator('seat-tray .main').click();
  await page.locator('.messages .strip').waitFor();
  await seats_ask(page);
  check('nobody was faster', (await page.locator('.conflict').count()) === 0);
  check('the seat is still picked', (await page.locator('.picked li').count()) === 1);
  const [held] = await reservations(page, lost);
  check('it is held', held?.state === 'held');
  await page.reload();
  await page.locator('.messages .strip').waitFor(); // asked again, and lost again
  check('after a reload too', (await page.locator('.picked li').count()) === 1);
  await page.unroute('**/v1/reservations');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.locator('hold-timer').waitFor();
  check('one key', keys.length >= 5 && new Set(keys).size === 1);
  const all = await reservations(page, lost);
  check('one reservation', all.length === 1 && all[0].id === held.id);
  await page.context().close();
}

// The network is there and nothing comes through it: neither an answer nor its failure.
async function silence() {
  const page = await visitor(DESKTOP, LOUD);
  await page.addInitScript(() => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (ms) => timeout(ms / 20);
  });
  const keys = [];
  page.on('request', (r) => is_wish(r) && keys.push(r.headers()['idempotency-key']));
  await section_open(page, shows.theatre, 3);
  await pick(page, 1);
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request()) ? undefined : route.continue(),
  );
  await page.locator('seat-tray .main').click();
  await page.locator('.messages').getByText('No answer has come yet').waitFor();
  await page.unroute('**/v1/reservations');
  await page.locator('.messages').getByRole('button', { name: 'Try again' }).click();
  await page.locator('hold-timer').waitFor();
  check('one wish', keys.length >= 3 && new Set(keys).size === 1);
  await page.context().close();
}

// Between a lost answer and the next press the reader takes another seat.
async function other_wish() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.theatre, 5);
  await pick(page, 1);
  const lost = await answers_lose(page);
  await page.locator('seat-tray .main').click();
  await page.locator('.messages .strip').waitFor();
  await page.unroute('**/v1/reservations');
  await page.locator('.seat-grid .seat.free').last().click();
  await page.locator('.picked li >> nth=1').waitFor();
  await reserve(page);
  const held = (await reservations(page, lost)).filter((r) => r.state === 'held');
  check('both seats, and nothing else', held.length === 1 && held[0].seats.length === 2);
  await page.context().close();
}

async function refusals() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.theatre, 6);
  await pick(page, 1);
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request())
      ? route.fulfill(problem(409, 'EVENT_NOT_ON_SALE'))
      : route.continue(),
  );
  await page.locator('seat-tray .main').click();
  await page.locator('.messages').getByText('not on sale at the moment').waitFor();
  await page.unroute('**/v1/reservations');
  await reserve(page);
  await page.locator('input[type=email]').fill('nobody');
  await page.locator('.pay .main').click();
  const invalid = () => page.locator('input[type=email]').getAttribute('aria-invalid');
  check('a wrong address is marked for everybody', (await invalid()) === 'true');
  await page.locator('input[type=email]').fill('somebody@example.org');
  for (const [code, text] of [
    ['PAYMENT_NOT_OPEN', 'That payment was closed'],
    ['EVENT_CANCELLED', 'This event is cancelled'],
  ]) {
    await page.route('**/checkout', (route) => route.fulfill(problem(409, code)));
    await page.locator('.pay .main').click();
    await page.locator('.pay').getByText(text).waitFor();
    await page.unroute('**/checkout');
  }
  check('a right one is not', (await page.locator('[aria-invalid=true]').count()) === 0);
  await page.reload();
  await page.route('**/checkout', (route) => route.fulfill(problem(409, 'RESERVATION_CONFIRMED')));
  await page.locator('input[type=email]').fill('somebody@example.org');
  await page.locator('.pay .main').click();
  await page.waitForURL(/\/reservations\//);
  await page.context().close();
}

// What is free is not known yet, but of the section that was opened: neither guessed nor lost.
async function states_late() {
  const page = await visitor(DESKTOP, LOUD);
  await page.route('**/seats.bin*', (route) => route.fulfill(problem(503, 'OVERLOADED')));
  await page.goto(at(shows.concert));
  await page.locator('.section-row').nth(1).click();
  await pick(page, 1);
  await page.locator('.ghost-map').waitFor();
  await page.getByRole('button', { name: 'Pick the best' }).click();
  await page.locator('.told').getByText('not known yet').waitFor();
  check('the list goes by its own answer', (await page.locator('.seat.free').count()) > 5);
  await page.unroute('**/seats.bin*');
  await seats_ask(page);
  await page.locator('seat-map').waitFor();
  check('it is still picked', (await page.locator('.picked li').count()) === 1);
  check('nobody was faster', (await page.locator('.conflict').count()) === 0);
  await reserve(page);
  await page.context().close();
}

// What another tab of this browser has taken is one's own, and nobody was faster.
async function own_seats() {
  const page = await visitor(DESKTOP, LOUD);
  const other = await page.context().newPage();
  for (const tab of [page, other]) {
    await section_open(tab, shows.concert, 3);
    await pick(tab, 1);
  }
  const name = await other.locator('.seat-grid .seat.chosen').getAttribute('data-seat');
  await reserve(page);
  const seat = other.locator(`[data-seat="${name}"]`);
  await other.locator('.seat.mine').waitFor();
  check('it says so', (await seat.getAttribute('aria-label')).endsWith('In your cart'));
  await other.getByText('You have seats in your cart').waitFor();
  await seats_ask(other);
  check('nobody was faster', (await other.locator('.conflict').count()) === 0);
  check('it is not picked twice', (await other.locator('.picked li').count()) === 0);
  await seat.click({ force: true }); // it is disabled, and says why
  await other.locator('.told').getByText('in your cart already').waitFor();
  await other.locator('seat-map').waitFor();
  await other.evaluate((index) => {
    const init = { detail: { seat: index }, bubbles: true, composed: true, cancelable: true };
    document.querySelector('.told').textContent = '';
    document.querySelector('seat-map').dispatchEvent(new CustomEvent('seatpress', init));
  }, Number(name));
  await other.locator('.told').getByText('in your cart already').waitFor();
  await page.context().close();
}

// What is held is shown at once: whatever else was wished for, and whatever this browser forgot.
async function cart_first() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.concert, 4);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await section_open(page, shows.theatre, 6);
  await pick(page, 1);
  const waiting = [];
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request()) ? void waiting.push(route) : route.continue(),
  );
  await page.locator('seat-tray .main').click();
  while (waiting.length < 1) await settled(page);
  await page.goto(`${edge}/cart`);
  await page.locator('hold-timer').waitFor();
  await page.getByText('are still being reserved').waitFor();
  while (waiting.length < 2) await settled(page);
  await waiting.at(-1).fulfill(problem(409, 'SEATS_UNAVAILABLE', { seats: [] }));
  await page.locator('.strip').getByText('could not be reserved').waitFor();
  await page.unroute('**/v1/reservations');
  await page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  await page.reload();
  await page.locator('hold-timer').waitFor();
  await page.context().close();
}

// Held seats are not given away by one press, paid ones neither; what does not work is to be seen.
async function giving_back() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.concert, 2);
  await pick(page, 1);
  await reserve(page);
  await page.getByRole('button', { name: 'Give the seats back' }).click();
  await page.getByRole('button', { name: 'Keep the seats' }).click();
  const id = (await page.locator('input[type=email]').getAttribute('id')).slice('email-'.length);
  const path = `/v1/reservations/${id}`;
  const state = () => page.evaluate(async (at) => (await (await fetch(at)).json()).state, path);
  check('they are kept', (await state()) === 'held');
  await page.getByRole('button', { name: 'Give the seats back' }).click();
  await page.route('**/v1/reservations/*', (route) => route.fulfill(problem(500, 'INTERNAL')));
  await page.locator('dialog .danger').click();
  await page.locator('dialog').getByText('Something went wrong on our side').waitFor();
  await page.unroute('**/v1/reservations/*');
  await page.locator('dialog .danger').click();
  await page.getByText('Your cart is empty').waitFor();
  check('they are given back', (await state()) === 'cancelled');
  check('who listens is led there', await at_heading(page));
  await section_open(page, shows.concert, 2);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await pay(page);
  for (const [status, code, text] of [
    [500, 'INTERNAL', 'Something went wrong on our side'],
    [409, 'REFUND_CHANGED', 'The refund has changed meanwhile'],
  ]) {
    await page.route('**/cancellation', (route) => route.fulfill(problem(status, code)));
    if (code === 'INTERNAL') await page.locator('.give-back .danger').click();
    await page.locator('dialog .danger').click();
    const told = page.locator('main').getByText(text);
    await told.waitFor();
    const { width, height } = await told.boundingBox();
    check(`to be seen: ${text}`, width > 100 && height > 10);
    await page.unroute('**/cancellation');
  }
  check('the tickets are there', (await page.locator('.mini').count()) === 1);
  await page.locator('.give-back .danger').click();
  await page.locator('dialog .danger').click();
  await page.locator('.state-refunded').waitFor();
  check('who listens is led there', await at_heading(page));
  await page.context().close();
}

// Tickets are reached although the rest cannot be read, and are waited for where they are made.
async function tickets_first() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.concert, 5);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await pay(page);
  const paid = page.url();
  await page.route('**/v1/events/*', (route) => route.fulfill(problem(500, 'INTERNAL')));
  await page.goto(`${edge}/reservations`);
  await page.locator('.stub').getByText('Paid').waitFor();
  check('the way is there', paid.endsWith(await page.locator('.stub a').getAttribute('href')));
  await page.unroute('**/v1/events/*');
  await page.route('**/v1/reservations?*', async (route) => {
    if (route.request().url().includes('cursor')) return route.fulfill(problem(500, 'INTERNAL'));
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: { ...(await answer.json()), next: 'more' } });
  });
  await page.reload();
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.locator('.strip').getByText('Something went wrong').waitFor();
  check('the list stays', await page.locator('.stub').getByText('Paid').isVisible());
  await page.route('**/tickets', (route) =>
    route.fulfill({ status: 200, contentType: 'application/json', body: '{"tickets":[]}' }),
  );
  await page.locator('.stub a').first().click();
  await page.getByText('Your tickets are being made').waitFor();
  await page.unroute('**/tickets');
  await page.locator('.mini').waitFor();
  check('nothing is awaited', (await page.getByText('are being made').count()) === 0);
  await page.context().close();
}

async function nothing_to_pay() {
  const page = await visitor();
  await section_open(page, shows.free);
  await pick(page, 2);
  await reserve(page);
  await page.locator('input[type=email]').fill('guest@example.org');
  await page.getByRole('button', { name: 'Get the tickets' }).click();
  await page.waitForURL(/\/reservations\//);
  await page.locator('.mini >> nth=1').waitFor();
  await page.context().close();
}

// Nobody pays: the box says so, and goes on saying it.
async function time_up() {
  const page = await visitor();
  await section_open(page, shows.brief);
  await pick(page, 1);
  const heard = page.getByRole('alert').filter({ hasText: 'The time is up' }).waitFor();
  await reserve(page);
  await heard;
  await page.locator('.checkout.ended').waitFor();
  await page.getByText('Choose seats again').waitFor();
  const read = page.waitForResponse((r) => r.url().includes('/v1/reservations'));
  await page.evaluate(() => dispatchEvent(new StorageEvent('storage', { key: 'cavea.mine' })));
  await read;
  await settled(page);
  check('it is still told', await page.getByText('Choose seats again').isVisible());
  await page.getByText('Choose seats again').click();
  await page.waitForURL(/\/events\//);
  await page.context().close();
}

// The reader is at the provider's page when the time is up: nothing can be paid any more.
async function time_up_while_paying() {
  const page = await visitor();
  await section_open(page, shows.brief, 1);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  const back = new URL(new URL(page.url()).searchParams.get('return_url'));
  const url = `${edge}/v1/reservations/${back.searchParams.get('reservation')}`;
  const state = async () => (await (await page.context().request.get(url)).json()).state;
  while ((await state()) === 'held') await page.evaluate(() => new Promise(requestAnimationFrame));
  await page.locator('button.pay').click();
  await page.locator('a.back').click();
  await page.getByRole('alert').filter({ hasText: 'were not paid in time' }).waitFor();
  check('who listens is led there', await at_heading(page));
  await page.context().close();
}

// What the provider tells late, as this page hears of it: the deadline first, then the outcome.
async function told_late() {
  const page = await visitor(DESKTOP, LOUD);
  await section_open(page, shows.theatre, 7);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await page.locator('button.pay').click();
  await page.locator('a.back').waitFor();
  const told = { state: 'expired', outcome: undefined };
  await page.route('**/v1/reservations/*', async (route) => {
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: { ...(await answer.json()), ...told } });
  });
  await page.locator('a.back').click();
  await page.getByRole('alert').filter({ hasText: 'were not paid in time' }).waitFor();
  await page.waitForResponse((r) => r.url().includes('/v1/reservations/')); // it goes on asking
  told.outcome = 'refunded';
  await page.getByRole('alert').filter({ hasText: 'Your money goes back' }).waitFor();
  check('who listens is led there', await at_heading(page));
  await page.unroute('**/v1/reservations/*');
  await page.reload();
  await page.locator('.mini').first().waitFor();
  await page.goBack();
  check('the way back is no trap', !page.url().includes('/pay/return'));
  await page.context().close();
}

async function stranger() {
  const page = await visitor(DESKTOP, LOUD);
  const context = page.context();
  await section_open(page, shows.concert);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await page.goto(edge);
  const [cookie] = await context.cookies();
  await context.addCookies([{ ...cookie, value: `${cookie.value.slice(0, -4)}AAAA` }]);
  await page.goto(`${edge}/reservations`);
  await page.getByText('We do not recognize this browser').waitFor();
  await page.goto(`${edge}/cart`);
  await page.getByText('We do not recognize this browser').waitFor();
  const its = async () => (await context.cookies())[0].value;
  check('nobody else took its place', (await its()).endsWith('AAAA'));
  await section_open(page, shows.concert, 4);
  await pick(page, 1);
  await page.locator('seat-tray .main').click();
  const anew = page.locator('.messages').getByRole('button', { name: 'Start anew' });
  await anew.waitFor();
  check('who reserves is asked', (await its()).endsWith('AAAA'));
  await anew.click();
  await page.locator('hold-timer').waitFor();
  check('who says so becomes somebody else', !(await its()).endsWith('AAAA'));
  await context.addCookies([cookie]);
  await page.goto(`${edge}/reservations`);
  await page.locator('.stub').first().waitFor();
  await page.context().close();
}

// On a phone's map: what is offered instead of a seat that is gone, and why there are no more.
async function on_the_map() {
  const page = await visitor(PHONE, LOUD);
  await page.goto(at(shows.theatre));
  await page.locator('.section-free:not(:empty)').first().waitFor();
  await page.locator('.way').nth(1).tap();
  await page.locator('seat-map').waitFor();
  const press = (seat) =>
    page.evaluate((index) => {
      const detail = { seat: index };
      const init = { detail, bubbles: true, composed: true, cancelable: true };
      document.querySelector('seat-map').dispatchEvent(new CustomEvent('seatpress', init));
    }, seat);
  const { seats } = await page.evaluate(async () => {
    const event = await (await fetch(`/v1${location.pathname}`)).json();
    const section = encodeURIComponent(event.sections[0].id);
    return (await fetch(`/v1${location.pathname}/seats?section=${section}`)).json();
  });
  const free = seats.findLastIndex((seat) => seat.state === 'available');
  await press(free);
  await page.locator('.picked li').waitFor();
  const gone = { seats: [seats[free].id], alternatives: [seats[free - 1].id, seats[free - 2].id] };
  await page.route('**/v1/reservations', (route) =>
    is_wish(route.request())
      ? route.fulfill(problem(409, 'SEATS_UNAVAILABLE', gone))
      : route.continue(),
  );
  await page.locator('seat-tray .main').tap();
  await page.locator('.offers button >> nth=1').waitFor();
  await page.locator('.offers button').first().tap();
  await page.locator('.picked li').waitFor();
  for (let i = 3; i < 13; i++) await press(free - i);
  await page.locator('.told').filter({ hasText: 'at most' }).waitFor();
  check('ten at most', (await page.locator('.picked li').count()) === 10);
  await page.context().close();
}

await run([
  time_refused,
  answer_lost,
  silence,
  other_wish,
  refusals,
  states_late,
  own_seats,
  cart_first,
  giving_back,
  tickets_first,
  nothing_to_pay,
  time_up,
  time_up_while_paying,
  told_late,
  stranger,
  on_the_map,
]);
