// Pictures of every page, to be looked at: light, dark, on a phone, in Arabic. node shots.mjs DIR
import { mkdirSync } from 'node:fs';
import { checkout, DESKTOP, pay, PHONE, pick, reserve, run, shows } from './browser.mjs';
import { at, edge, visitor } from './browser.mjs';

const dir = process.argv[2];
const KINDS = [
  ['light', { ...DESKTOP }],
  ['dark', { ...DESKTOP, colorScheme: 'dark' }],
  ['phone', { ...PHONE }],
  ['arabic', { ...DESKTOP, locale: 'ar' }],
  ['phone-dark-ja', { ...PHONE, colorScheme: 'dark', locale: 'ja' }],
];

async function shoot(kind, options, number) {
  const page = await visitor(options, /40[14]/);
  const shot = async (name, fullPage = true) => {
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    await page.waitForFunction(() => [...document.images].every((image) => image.complete));
    await page.screenshot({ path: `${dir}/${kind}-${name}.png`, fullPage });
  };
  const visit = async (path, ready, name, fullPage) => {
    await page.goto(path);
    await page.locator(ready).first().waitFor();
    await shot(name, fullPage);
  };
  await visit(edge, '.stub', '1-events');
  await visit(at(shows.later), 'count-down', '2-later');
  await visit(at(shows.paused), '.panel', '2-paused');
  await visit(`${edge}/nowhere`, '.notice', '9-lost');
  await visit(`${edge}/cart`, '.notice', '9-empty');
  await visit(at(shows.theatre), '.section-free:not(:empty)', '3-list', false);
  if (options.isMobile) {
    await page.locator('.way').nth(1).click();
    await page.locator('seat-map').waitFor();
    await page.locator('.ways').scrollIntoViewIfNeeded();
    await shot('3-map', false);
    await page.locator('.way').nth(0).click();
  } else {
    await page.locator('seat-map').waitFor();
    await shot('3-map', false);
  }
  await page.locator('.section-row').nth(number).click();
  await page.locator('.seat.free').first().waitFor();
  await pick(page, 2);
  await shot('4-seats', false);
  await reserve(page);
  await shot('5-cart');
  await checkout(page);
  await shot('6-provider');
  await pay(page);
  await shot('7-reservation');
  await page.locator('.mini').first().click();
  await page.locator('.ticket img').waitFor();
  await shot('8-ticket');
  await visit(`${edge}/reservations`, '.stub', '9-reservations');
  if (!options.isMobile) await visit(at(shows.arena), 'seat-map', '3-arena', false);
  await page.context().close();
}

mkdirSync(dir, { recursive: true });
await run(
  KINDS.map(
    ([kind, options], number) =>
      () =>
        shoot(kind, options, number),
  ),
);
