// Moving about: ways back, other tabs, links that leave early, parts of the pages that do not come,
// filters. What the reader has made of a page stays, and a page that was left does nothing more.
import { at, browser_launch, check, checkout, DESKTOP, edge, pick, reserve } from './browser.mjs';
import { run, section_open, settled, shows, visitor } from './browser.mjs';

const LOUD = /Failed to load resource|dynamically imported module/;

// The element that shows the page is the same one as when it was marked.
const mark = (page, tag) => page.evaluate((t) => (document.querySelector(t).marked = true), tag);
const is_marked = (page, tag) =>
  page.evaluate((t) => document.querySelector(t)?.marked === true, tag);

async function skip_link() {
  const page = await visitor();
  await section_open(page, shows.theatre);
  await pick(page, 1);
  await mark(page, 'page-event');
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/#main$/);
  await page.waitForFunction(() => document.activeElement?.id === 'main');
  await page.goBack();
  await page.waitForURL((url) => url.hash === '');
  check('the page is the same', await is_marked(page, 'page-event'));
  check('the seat is still picked', (await page.locator('.picked li').count()) === 1);
  await page.context().close();
}

// What is picked outlives another language, a reload and the way back; what went is named.
async function picks_stay() {
  const page = await visitor(DESKTOP);
  const other = await visitor(DESKTOP);
  const picks = page.locator('.picked li');
  const pulled = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).overscrollBehaviorY);
  await section_open(page, shows.theatre, 7);
  check('nothing is picked, and a pull loads anew', (await pulled()) === 'auto');
  await pick(page, 2);
  check('a pull does not', (await pulled()) === 'contain');
  const names = await picks.allInnerTexts();
  const same = async (what) => {
    await picks.nth(1).waitFor();
    check(what, (await picks.count()) === 2);
  };
  await mark(page, 'page-event');
  await page.locator('#language').selectOption('de');
  await page.locator('html[lang=de]').waitFor();
  await page.waitForFunction(() => !document.querySelector('page-event')?.marked);
  await same('another language');
  await page.locator('#language').selectOption('en');
  await page.locator('html[lang=en]').waitFor();
  await page.reload();
  await same('a reload');
  check('they are the same', (await picks.allInnerTexts()).join() === names.join());
  await page.locator('.brand').click();
  await page.locator('.stub').first().waitFor();
  await section_open(other, shows.theatre, 7);
  await pick(other, 1); // the first free one, as the first of the other's
  const taken = await other.locator('.picked-place').innerText();
  await reserve(other);
  await page.goBack();
  await page.locator('.conflict .gone').getByText(taken).waitFor();
  check('the other stays', (await picks.count()) === 1);
  await picks.locator('button').click();
  check('a pull loads anew', (await pulled()) === 'auto');
  await section_open(page, shows.theatre, 7);
  check('what was given up stays so', (await picks.count()) === 0);
  await pick(page, 1);
  await reserve(page);
  await page.goBack();
  await page.getByText('You have seats in your cart').waitFor();
  await page.locator('.section-free:not(:empty)').first().waitFor();
  await settled(page);
  check('what is reserved is picked no more', (await picks.count()) === 0);
  check('nobody was faster', (await page.locator('.conflict').count()) === 0);
  await page.context().close();
  await other.context().close();
}

// Who listens is led to the heading at once; who goes on to type meanwhile goes on.
async function typing_at_once() {
  const page = await visitor();
  await page.goto(at(shows.theatre));
  await page.locator('.section-free:not(:empty)').first().waitFor();
  const asked = [];
  await page.route('**/v1/events?*', (route) => void asked.push(route));
  await page.locator('.brand').click();
  await page.waitForFunction(() => document.activeElement.matches('page-events h1'));
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => document.activeElement.id === 'filter-q');
  await page.keyboard.type('gla');
  while (asked.length < 2) await settled(page); // the first list is wanted no more
  await page.keyboard.type('ss');
  while (asked.length < 3) await settled(page);
  await asked.at(-1).continue();
  await page.unroute('**/v1/events?*');
  await page.locator('.stub', { hasText: 'The Glass Orchard' }).waitFor();
  await page.keyboard.type(' or');
  check('all of it', (await page.locator('#filter-q').inputValue()) === 'glass or');
  await page.waitForURL(/q=glass\+or$/);
  await page.context().close();
}

// What had the focus goes: it is led on to what is nearest, never away from where a reader went.
async function focus_led() {
  const page = await visitor(DESKTOP, LOUD);
  const on = (selector) =>
    page.waitForFunction((s) => document.activeElement.matches(s), selector);
  const press = async (place, key = 'Enter') => {
    await place.focus();
    await page.keyboard.press(key);
  };
  const rows = page.locator('.section-row');
  const asked = [];
  await page.goto(at(shows.theatre));
  await page.locator('.section-free:not(:empty)').first().waitFor();
  await page.route('**/seats?section=*', (route) => void asked.push(route));
  await press(rows.nth(6));
  await on('seat-list h3');
  await page.keyboard.press('Shift+Tab');
  await on('seat-list > .quiet');
  while (asked.length < 1) await settled(page);
  await asked[0].continue();
  await page.locator('.seat-grid').waitFor();
  await on('seat-list > .quiet'); // who was about to go back still is
  await page.keyboard.press('Enter');
  await on('[data-section="6"]');
  await page.keyboard.press('Enter');
  while (asked.length < 2) await settled(page);
  await asked[1].continue();
  await on('.seat.free');
  await page.keyboard.press('Enter');
  await press(page.locator('.picked button'));
  await on('.seat.free[tabindex="0"]');
  await pick(page, 2);
  await press(page.locator('.picked button').last());
  await on('.picked button');
  await press(page.locator('seat-list > .quiet'));
  await press(page.locator('.picked button'));
  await on('seat-list h3');
  await page.unroute('**/seats?section=*');
  await page.route('**/seats?section=*', (route) => route.abort());
  await press(rows.nth(6));
  await on('seat-list h4');
  await page.goto(`${edge}/?q=zzzzqqqq`);
  await press(page.locator('.notice button'));
  await on('page-events h1');
  await page.context().close();
}

// Whoever leaves while the event is fetched hears nothing of it any more.
async function left_early() {
  const page = await visitor();
  const asked = [];
  page.on('request', (r) => r.url().includes('/seats.bin') && asked.push(r.url()));
  await page.goto(edge);
  const link = page.locator('.stub-link', { hasText: 'The Glass Orchard' });
  await link.waitFor();
  let release;
  const held = new Promise((done) => (release = done));
  await page.route(`**/v1/events/${shows.theatre}`, async (route) => {
    await held;
    await route.continue();
  });
  const question = page.waitForRequest(`**/v1/events/${shows.theatre}`);
  await link.click();
  await question;
  await page.goBack();
  await page.locator('.stub').first().waitFor();
  const answer = page.waitForResponse(`**/v1/events/${shows.theatre}`);
  release();
  await answer;
  await settled(page);
  check('no seats are asked for', asked.length === 0);
  check('the title is that of the list', (await page.title()).startsWith('Events'));
  await page.context().close();
}

// The wish is on its way while the reader goes elsewhere: it counts, and leads nowhere.
async function left_while_reserving() {
  const page = await visitor();
  await section_open(page, shows.theatre, 1);
  await pick(page, 1);
  let release;
  const held = new Promise((done) => (release = done));
  await page.route('**/v1/reservations', async (route) => {
    if (route.request().method() === 'POST') await held;
    await route.continue();
  });
  await page.locator('seat-tray .main').click();
  const busy = page.locator('seat-tray .main[aria-disabled=true]');
  await busy.waitFor();
  await page.locator('.brand').click();
  await page.locator('.stub').first().waitFor();
  release();
  await page.locator('.cart-link').waitFor();
  check('the reader stays', new URL(page.url()).pathname === '/');
  await page.context().close();
}

async function part_missing() {
  const page = await visitor(DESKTOP, LOUD);
  await page.goto(edge);
  await page.locator('.stub').first().waitFor();
  await page.route('**/assets/reservations-*.js', (route) => route.abort());
  await page.locator('.nav-link').click();
  await page.getByText('did not arrive').first().waitFor();
  await page.unroute('**/assets/reservations-*.js');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('No tickets yet').waitFor();
  await page.route('**/assets/app-*.js', (route) => route.abort());
  await page.reload();
  await page.unroute('**/assets/app-*.js');
  await page.locator('.late a').click();
  await page.getByText('No tickets yet').waitFor();
  await page.context().close();
}

// A browser that keeps nothing for us shows and sells all the same.
async function keeps_nothing() {
  const page = await visitor();
  await page.addInitScript(() => {
    for (const kind of ['localStorage', 'sessionStorage'])
      Object.defineProperty(globalThis, kind, {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
  });
  await section_open(page, shows.theatre, 2);
  await pick(page, 1);
  await reserve(page);
  await page.context().close();
}

// What another tab adds is shown, and what is typed here stays.
async function other_tab() {
  const page = await visitor();
  await section_open(page, shows.theatre, 3);
  await pick(page, 1);
  await reserve(page);
  await page.locator('input[type=email]').fill('half-an-addr');
  const other = await page.context().newPage();
  await section_open(other, shows.concert, 3);
  await pick(other, 1);
  await other.locator('seat-tray .main').click();
  await page.locator('checkout-box >> nth=1').waitFor();
  const first = page.locator('input[type=email]').first();
  check('what was typed is there', (await first.inputValue()) === 'half-an-addr');
  check('and the focus', await first.evaluate((input) => input === document.activeElement));
  const theirs = other.locator('checkout-box').filter({ hasText: 'Night Ferry' });
  await theirs.locator('form .quiet').click();
  await theirs.locator('dialog .danger').click();
  await page.locator('checkout-box >> nth=1').waitFor({ state: 'detached' });
  await page.context().close();
}

// Back from the provider to the page as it was left: the browser kept it, and we make sure of that.
async function back_from_provider() {
  const keeps = await browser_launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const page = await visitor(DESKTOP, /^$/, keeps);
  await section_open(page, shows.concert, 4);
  await pick(page, 1);
  await reserve(page);
  await page.evaluate(() =>
    addEventListener('pageshow', ({ persisted }) => (globalThis.kept = persisted)),
  );
  await checkout(page);
  await page.goBack({ waitUntil: 'commit' });
  await page.waitForFunction(() => globalThis.kept === true);
  await page.waitForFunction(() => !document.querySelector('.pay .main').disabled);
  check('the address is there', (await page.locator('input[type=email]').inputValue()) !== '');
  await checkout(page);
  await keeps.close();
}

// The last seats come and go: who is choosing keeps the list, and the place in it.
async function sold_out_and_back() {
  const page = await visitor();
  await section_open(page, shows.concert, 5);
  const grid = page.locator('.seat-grid');
  await mark(page, '.seat-grid');
  await grid.locator('.seat.free').first().focus();
  const whole = `${edge}/v1/events/${shows.concert}/seats.bin`;
  const sold = async (is) => {
    await page.route('**/seats.bin*', async (route) => {
      const body = Buffer.from(await (await fetch(whole)).arrayBuffer());
      body.writeUInt32LE(body.readUInt32LE(8) + 1000 + Number(!is), 8); // newer than what it has
      if (is) body.fill(0xaa, 32);
      await route.fulfill({ contentType: 'application/octet-stream', body });
    });
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  };
  await sold(true);
  await page.locator('.panel.halted').waitFor();
  check('the list stays', await is_marked(page, '.seat-grid'));
  check('and the focus', await page.evaluate(() => document.activeElement.matches('.seat')));
  await page.unroute('**/seats.bin*');
  await sold(false);
  await page.locator('.panel.halted').waitFor({ state: 'detached' });
  check('and still does', await is_marked(page, '.seat-grid'));
  check('one of each', (await page.locator('seat-list, seat-tray, map-panel').count()) === 3);
  await page.context().close();
}

async function filters() {
  const page = await visitor(DESKTOP, LOUD);
  await page.goto(edge);
  const shown = page.locator('.stub', { hasText: 'Night Ferry' });
  await shown.waitFor();
  const event = await page.evaluate(
    async (id) => (await fetch(`/v1/events/${id}`)).json(),
    shows.concert,
  );
  const timeZone = event.venue.time_zone;
  const day = new Date(event.starts_at).toLocaleDateString('sv', { timeZone });
  await page.goto(`${edge}/?from=${day}&to=${day}`);
  await shown.waitFor();
  const yen = event.price_min_minor; // have no smaller unit
  await page.goto(`${edge}/?price=${yen}&currency=JPY`);
  await shown.waitFor();
  check('yen alone', (await page.locator('.stub').count()) === 1);
  check('the field says so', (await page.locator('#filter-currency').inputValue()) === 'JPY');
  await page.locator('#filter-price').fill(String(yen - 1));
  await page.locator('.notice').waitFor();
  check('nothing dearer', (await shown.count()) === 0);
  await page.locator('#filter-price').fill('30');
  await page.locator('#filter-currency').selectOption('EUR');
  await page.locator('.stub', { hasText: 'Kites for Everybody' }).waitFor(); // from 29.50
  check('euros alone', (await shown.count()) === 0);
  check('it is in the address', page.url().endsWith('/?price=30&currency=EUR'));
  await page.goto(`${edge}/?price=29`); // an address that names no currency: the commonest
  await page.locator('#filter-currency option:checked[value=EUR]').waitFor({ state: 'attached' });
  await page.locator('#filter-price').fill('');
  await shown.waitFor();
  await page.context().close();
}

// Typing is followed by a link at once; and further pages that do not come.
async function list_of_events() {
  const page = await visitor(DESKTOP, LOUD);
  await page.route('**/v1/events?*', async (route) => {
    if (route.request().url().includes('cursor=')) return route.abort();
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: { ...(await answer.json()), next: 'more' } });
  });
  await page.goto(edge);
  await page.locator('.stub').first().waitFor();
  const count = await page.locator('.stub').count();
  await page.locator('.more button').click();
  await page.locator('.more .strip').waitFor();
  check('the list stays', (await page.locator('.stub').count()) === count);
  await page.unroute('**/v1/events?*');
  await page.evaluate(() => {
    const input = document.querySelector('[type=search]');
    input.value = 'glass';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    document.querySelector('.nav-link').click();
  });
  await page.locator('page-reservations .notice').waitFor();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 400))); // longer than typing
  check('the address is that of the link', new URL(page.url()).pathname === '/reservations');
  await page.context().close();
}

await run([
  skip_link,
  picks_stay,
  typing_at_once,
  focus_led,
  left_early,
  left_while_reserving,
  part_missing,
  keeps_nothing,
  other_tab,
  back_from_provider,
  sold_out_and_back,
  filters,
  list_of_events,
]);
