// A browser for the tests, and the words to use it. Whatever a page complains of (an error, a
// refused policy, a failed request of its own) fails the test.
import { chromium } from 'playwright-core';

export const edge = process.env.EDGE_URL;
export const shows = JSON.parse(process.env.SHOWS);
export const work = process.env.WORK;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE_MS = 25000;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

const complaints = [];
let browser;

export const browser_launch = ({ args = [], ...more } = {}) =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...args], ...more });

export async function browser_start() {
  browser = await browser_launch();
  return browser;
}

/** A browser of somebody new; `expected` are complaints that belong to the test. */
export async function visitor(options = DESKTOP, expected = /^$/, within = browser) {
  const context = await within.newContext({
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  context.on('page', (page) => page_watch(page, expected));
  return context.newPage();
}

function page_watch(page, expected) {
  const complain = (text) => expected.test(text) || complaints.push(`${page.url()}: ${text}`);
  page.on('pageerror', (error) => complain(error.stack ?? String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complain(message.text());
  });
}

export function check(what, is) {
  if (!is) throw new Error(`not so: ${what}`);
}

export async function browser_end() {
  await browser.close();
  for (const text of complaints) console.log(`a page complained: ${text}`);
  if (complaints.length) process.exitCode = 1;
}

/** Runs the parts one after the other, or ONLY some, and says how long each took. */
export async function run(parts) {
  const only = process.env.ONLY && process.env.ONLY.split(',');
  await browser_start();
  for (const part of parts.filter(({ name }) => !only || only.includes(name))) {
    const began = performance.now();
    await part();
    console.log(`${part.name}: ${Math.round(performance.now() - began)} ms`);
  }
  await browser_end();
}

export const at = (id) => `${edge}/events/${id}`;

/** Another question was asked and answered: what came before has been taken by the page. */
export const settled = (page) =>
  page.evaluate(async () => {
    await (await fetch('/v1/time')).text();
    await new Promise((done) => setTimeout(done));
  });

/** Opens the event's list and the section that is asked for. */
export async function section_open(page, event, section = 0) {
  await page.goto(at(event));
  await page.locator('.section-free:not(:empty)').first().waitFor();
  await page.locator('.section-row').nth(section).click();
  await page.locator('.seat-grid .seat.free').first().waitFor();
}

export async function pick(page, count) {
  for (let i = 0; i < count; i++) await page.locator('.seat-grid .seat.free').first().click();
  await page.locator(`.picked li >> nth=${count - 1}`).waitFor();
}

export async function reserve(page) {
  await page.locator('seat-tray .main').click();
  await page.locator('hold-timer').waitFor();
}

/** From the cart to the provider's page. */
export async function checkout(page, address = 'buyer@example.org') {
  await page.locator('input[type=email]').fill(address);
  await page.locator('.pay .main').click();
  await page.waitForURL(/\/pay\/pi_/);
}

/** At the provider's page, and back with tickets. */
export async function pay(page) {
  await page.locator('button.pay').click();
  await page.locator('a.back').click();
  await page.waitForURL(/\/reservations\//);
  await page.locator('.mini').first().waitFor();
}

/** From a paid reservation to a picture of its first ticket. */
export async function ticket_shoot(page) {
  await page.locator('.mini').first().click();
  await page.locator('.ticket img').waitFor();
  await page.waitForFunction(() => document.querySelector('.ticket img').complete);
  await page.locator('.ticket').screenshot({ path: `${work}/ticket.png` });
}
