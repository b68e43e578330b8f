// What outlives a visit: a computer that others use afterwards, pages of another build of the
// edge's, and payments that nobody hears of any more.
import { at, browser_launch, check, checkout, DESKTOP, edge, pay, pick } from './browser.mjs';
import { reserve, run, section_open, settled, shows, visitor } from './browser.mjs';

const LOUD = /Failed to load resource|Refused to apply style/;
const stands = (page, text) => page.locator('.notice').filter({ hasText: text }).waitFor();
const at_heading = (page) => page.evaluate(() => document.activeElement.matches('h1'));
const kept = (page) => page.evaluate(() => localStorage.length + sessionStorage.length);

/** What the server says of a reservation to who has this cookie; it knows nothing of browsers. */
async function state_of(cookie, id, name = 'state') {
  const headers = { Cookie: `${cookie.name}=${cookie.value}` };
  return (await (await fetch(`${edge}/v1/reservations/${id}`, { headers })).json())[name];
}

async function forget_me() {
  const page = await visitor(DESKTOP, LOUD);
  const context = page.context();
  await section_open(page, shows.theatre, 6);
  await pick(page, 2);
  await reserve(page);
  await checkout(page);
  await pay(page);
  const paid = page.url().split('/').pop();
  const other = await context.newPage();
  await section_open(other, shows.theatre, 5);
  await pick(other, 1);
  await other.goto(page.url());
  await other.locator('.mini').first().click();
  await other.locator('.ticket img').waitFor();
  await section_open(page, shows.concert, 6);
  await pick(page, 1);
  await reserve(page);
  const [{ id: held }] = await page.evaluate(() => JSON.parse(localStorage['cavea.mine']));
  check('the cart offers it', (await page.locator('.forget button').count()) === 1);
  await page.locator('.nav-link').click();
  const [cookie] = await context.cookies();
  await page.locator('.forget button').click();
  const dialog = page.locator('dialog');
  for (const text of ['Your 2 paid tickets', '1 seat that is not paid'])
    await dialog.getByText(text).waitFor();
  await dialog.locator('.quiet').click();
  await dialog.waitFor({ state: 'detached' });
  check('nothing happens yet', (await context.cookies()).length === 1);
  check('it is still held', (await state_of(cookie, held)) === 'held');
  await page.locator('.forget button').click();
  await dialog.locator('.danger').click();
  await stands(page, 'has forgotten you');
  check('who listens is led there', await at_heading(page));
  check('there is no cookie', (await context.cookies()).length === 0);
  check('the cart is gone', (await page.locator('.cart-link').count()) === 0);
  await stands(other, 'leads to no tickets');
  check('no ticket is shown', (await other.locator('.ticket img').count()) === 0);
  check('nothing is kept', (await kept(page)) === 0 && (await kept(other)) === 0);
  check('the seat went back', (await state_of(cookie, held)) === 'cancelled');
  check('what is paid stays', (await state_of(cookie, paid)) === 'confirmed');
  await other.reload();
  await stands(other, 'leads to no tickets');
  await other.goto(at(shows.theatre));
  await other.locator('.section-free:not(:empty)').first().waitFor();
  check('nothing is picked', (await other.locator('.picked li').count()) === 0);
  for (const [path, text] of [
    ['cart', 'Your cart is empty'],
    ['reservations', 'No tickets yet'],
  ]) {
    await page.goto(`${edge}/${path}`);
    await stands(page, text);
    check(`nobody is left to forget: ${path}`, (await page.locator('.forget').count()) === 0);
  }
  await context.close();
}

// A payment is open in another tab: it is made while the question stands, or after the answer.
async function forget_while_paying() {
  for (const first of [true, false]) {
    const page = await visitor(DESKTOP, LOUD);
    await section_open(page, shows.theatre, first ? 5 : 4);
    await pick(page, 1);
    await reserve(page);
    const other = await page.context().newPage();
    await other.goto(`${edge}/cart`);
    await checkout(other);
    const [cookie] = await page.context().cookies(edge);
    const back = new URL(new URL(other.url()).searchParams.get('return_url'));
    const id = back.searchParams.get('reservation');
    const dialog = page.locator('dialog');
    await page.locator('.forget button').click();
    await dialog.getByText('If a payment for it is on its way').waitFor();
    if (first) {
      await pay(other);
      await dialog.locator('.danger').click();
      await dialog.getByText('has been paid meanwhile').waitFor();
      await dialog.getByText('Your 1 paid ticket').waitFor();
      check('it is somebody still', (await page.context().cookies(edge)).length === 1);
    } else {
      await dialog.locator('.danger').click();
      await stands(page, 'has forgotten you');
      await other.locator('button.pay').click();
      await other.locator('a.back').click();
      await stands(other, 'leads to no tickets');
      check('the seat went back', (await state_of(cookie, id)) === 'cancelled');
    }
    await page.context().close();
  }
}


// A page that the browser had put away and brings back shows nothing of who was here before.
async function forget_what_was_put_away() {
  const keeps = await browser_launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const page = await visitor(DESKTOP, LOUD, keeps);
  await section_open(page, shows.concert, 2);
  await pick(page, 1);
  await reserve(page);
  await checkout(page);
  await pay(page);
  await page.locator('.mini').first().click();
  await page.locator('.ticket img').waitFor();
  await page.evaluate(() =>
    addEventListener('pageshow', ({ persisted }) => (globalThis.kept = persisted)),
  );
  await page.goto(`${edge}/v1/openapi.json`);
  const other = await page.context().newPage();
  await other.goto(`${edge}/reservations`);
  await other.locator('.forget button').click();
  await other.locator('dialog .danger').click();
  await stands(other, 'has forgotten you');
  await page.goBack({ waitUntil: 'commit' });
  await page.waitForFunction(() => globalThis.kept === true);
  await stands(page, 'leads to no tickets');
  check('no ticket is shown', (await page.locator('.ticket img').count()) === 0);
  await keeps.close();
}

// The shell of another build: this edge has none of the files that it names.
const other_build = (names) => async (route) => {
  const answer = await route.fetch();
  const body = (await answer.text()).replace(names, (name) => `${name.slice(0, -8)}AAAAAAAA`);
  await route.fulfill({ response: answer, body });
};
const ALL = /\/assets\/[\w-]+-[A-Z0-9]{8}/g;
const STYLE = /\/assets\/style-[A-Z0-9]{8}/g;
const is_home = (url) => url.pathname === '/';

// Builds take turns behind one address: a page is whole after it was loaded once more.
async function builds_take_turns() {
  for (const names of [ALL, STYLE]) {
    const page = await visitor(DESKTOP, LOUD);
    let documents = 0;
    page.on('request', (r) => (documents += Number(r.isNavigationRequest())));
    await page.route(is_home, other_build(names), { times: 1 });
    const refused = page.waitForEvent('requestfailed'); // 404, and JSON, which is no style
    await page.goto(edge);
    await refused;
    await page.waitForFunction(
      () => getComputedStyle(document.body).getPropertyValue('--paper') !== '',
    );
    await page.locator('.stub').first().waitFor();
    check(`it was loaded twice: ${documents}`, documents === 2);
    await page.context().close();
  }
}

// An older page asks for a part that is gone since.
async function build_is_gone() {
  const page = await visitor(DESKTOP, /Failed to load resource|dynamically imported module/);
  let documents = 0;
  page.on('request', (r) => (documents += Number(r.isNavigationRequest())));
  await page.goto(edge);
  await page.locator('.stub').first().waitFor();
  const gone = (route) => route.continue({ url: `${edge}/assets/reservations-AAAAAAAA.js` });
  await page.route('**/assets/reservations-*.js', gone, { times: 1 });
  const refused = page.waitForResponse((r) => r.status() === 404);
  await page.locator('.nav-link').click();
  await refused;
  await stands(page, 'No tickets yet');
  check('it was loaded once more', documents === 2);
  await page.context().close();
}

// When that does not help there is no loop, but a word and a way.
async function build_never_comes() {
  const page = await visitor(DESKTOP, LOUD);
  let documents = 0;
  page.on('request', (r) => (documents += Number(r.isNavigationRequest())));
  await page.route(is_home, other_build(ALL));
  await page.goto(edge);
  await page.locator('.late a').click({ trial: true });
  check(`twice and no more: ${documents}`, documents === 2);
  await page.unroute(is_home);
  await page.locator('.late a').click();
  await page.locator('.stub').first().waitFor();
  await page.context().close();
}

// Nothing comes after the deadline: the page ends its questions, says so, and offers one more.
async function nothing_comes() {
  const page = await visitor();
  await page.clock.install();
  await section_open(page, shows.theatre, 3);
  await pick(page, 1);
  await reserve(page);
  const [{ id }] = await page.evaluate(() => JSON.parse(localStorage['cavea.mine']));
  const told = { state: 'expired', payment_id: id };
  let asked = 0;
  await page.route('**/v1/reservations/*', async (route) => {
    asked++;
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: { ...(await answer.json()), ...told } });
  });
  await page.goto(`${edge}/pay/return?reservation=${id}`);
  await stands(page, 'were not paid in time');
  const answer = page.waitForResponse((r) => r.url().includes('/v1/reservations/'));
  await page.clock.fastForward('05:00');
  await answer; // still of use
  await page.clock.fastForward('16:00');
  await stands(page, 'We have stopped asking');
  check('who listens is led there', await at_heading(page));
  const before = asked;
  await page.clock.fastForward('30:00');
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await settled(page);
  check('nobody asks any more', asked === before);
  told.outcome = 'refunded';
  await page.getByRole('button', { name: 'Look again' }).click();
  await stands(page, 'Your money goes back');
  await page.context().close();
}

await run([
  forget_me,
  forget_while_paying,
  forget_what_was_put_away,
  builds_take_turns,
  build_is_gone,
  build_never_comes,
  nothing_comes,
]);
