// axe on every page in every state, light and dark, left to right and right to left; and what axe
// does not see: targets of 44 pixels, no sideways scrolling on a narrow phone and at 200 %.
import { check, DESKTOP, pay, PHONE, pick, reserve, run, section_open, shows } from './browser.mjs';
import { at, checkout, edge, visitor } from './browser.mjs';
import { findings, findings_tell, fits, look, targets } from './looks.mjs';

const NARROW = { viewport: { width: 320, height: 640 } }; // 1280 pixels at 400 %, 640 at 200 %
let paid;

const ready = {
  events: (page) => page.locator('.stub').first().waitFor(),
  list: (page) => page.locator('.section-free:not(:empty)').first().waitFor(),
  panel: (page) => page.locator('.panel').waitFor(),
  notice: (page) => page.locator('.notice').waitFor(),
};

const STILL = [
  ['events', () => edge, ready.events],
  ['nothing found', () => `${edge}/?q=zzzzqqqq`, ready.notice],
  ['event', () => at(shows.arena), ready.list],
  ['not yet on sale', () => at(shows.later), ready.panel],
  ['paused', () => at(shows.paused), ready.panel],
  ['cancelled', () => at(shows.cancelled), ready.panel],
  ['sold out', () => at(shows.sold_out), ready.panel],
  ['empty cart', () => `${edge}/cart`, ready.notice],
  ['no tickets', () => `${edge}/reservations`, ready.notice],
  ['no such page', () => `${edge}/nowhere`, ready.notice],
];

async function still_pages() {
  for (const language of ['en', 'ar']) {
    const page = await visitor({ ...DESKTOP, locale: language }, /40[14]/);
    for (const [name, url, wait] of STILL) {
      await page.goto(url());
      await wait(page);
      check(
        `the direction of ${language}`,
        (await page.locator('html').getAttribute('dir')) === (language === 'ar' ? 'rtl' : 'ltr'),
      );
      await look(page, `${name}, ${language}`);
    }
    await page.context().close();
  }
}

async function buying_pages() {
  for (const language of ['en', 'ar']) {
    const page = await visitor({ ...DESKTOP, locale: language });
    await section_open(page, shows.theatre, language === 'en' ? 0 : 1);
    await page.locator('seat-map').waitFor();
    await pick(page, 2);
    await look(page, `seats, ${language}`);
    await reserve(page);
    await look(page, `cart, ${language}`);
    await page.locator('input[type=email]').fill('nobody');
    await page.locator('.pay .main').click();
    await page.locator('.field-error:not([hidden])').waitFor();
    await look(page, `cart with an error, ${language}`);
    await checkout(page);
    await pay(page);
    paid = page.url();
    await look(page, `reservation, ${language}`);
    await page.locator('.give-back .danger').click();
    await look(page, `question, ${language}`);
    await page.keyboard.press('Escape');
    await page.locator('.mini').first().click();
    await page.locator('.ticket img').waitFor();
    await look(page, `ticket, ${language}`);
    await page.goto(`${edge}/reservations`);
    await ready.events(page);
    await look(page, `tickets, ${language}`);
    await page.locator('.forget button').click();
    await page.locator('dialog[open]').waitFor();
    await look(page, `what is forgotten, ${language}`);
    await page.keyboard.press('Escape');
    if (language === 'en') await narrow_pages(page);
    await page.context().close();
  }
}

// That the checks can fail: a page that is wrong on purpose is found out.
async function proof() {
  const page = await visitor();
  await page.goto(edge);
  await ready.events(page);
  await page.evaluate(() => {
    const wrong = document.createElement('button');
    const faint = document.createElement('p');
    faint.textContent = 'hardly to be read';
    faint.style.color = '#999';
    wrong.style.inlineSize = '130vw';
    wrong.style.blockSize = '20px';
    document.querySelector('main').append(wrong, faint);
  });
  const before = findings.length;
  await look(page, 'proof');
  await targets(page, 'proof');
  await fits(page, 'proof');
  const found = findings.splice(before).join();
  for (const wanted of ['button-name', 'color-contrast', '44 pixels', 'wider'])
    check(`the checks find ${wanted}: ${found}`, found.includes(wanted));
  await page.context().close();
}

/** The same buyer on the narrowest window. */
async function narrow_pages(page) {
  await page.setViewportSize(NARROW.viewport);
  const visit = async (name, url, wait) => {
    await page.goto(url);
    await wait(page);
    await targets(page, name);
    await fits(page, name);
  };
  await visit('narrow events', edge, ready.events);
  await visit('narrow event', at(shows.theatre), ready.list);
  await page.locator('.section-row').nth(2).click();
  await page.locator('.seat.free').first().waitFor();
  await pick(page, 2);
  await targets(page, 'narrow seats');
  await fits(page, 'narrow seats');
  await reserve(page);
  await targets(page, 'narrow cart');
  await fits(page, 'narrow cart');
  await visit('narrow later', at(shows.later), ready.panel);
  await visit('narrow reservation', paid, (p) => p.locator('.mini').first().waitFor());
  await page.locator('.mini').first().click();
  await page.locator('.ticket img').waitFor();
  await targets(page, 'narrow ticket');
  await fits(page, 'narrow ticket');
}

async function languages() {
  for (const language of ['de', 'es', 'ja']) {
    const page = await visitor({ ...PHONE, locale: language });
    await page.goto(edge);
    await ready.events(page);
    check(
      `the language ${language}`,
      (await page.locator('html').getAttribute('lang')) === language,
    );
    await fits(page, `events, ${language}`);
    await page.goto(at(shows.later));
    await ready.panel(page);
    await fits(page, `later, ${language}`);
    await page.context().close();
  }
}

await run([proof, still_pages, buying_pages, languages]);
findings_tell();
