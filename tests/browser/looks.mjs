// How a page looks to those who cannot look: axe, light and dark, and what axe does not see.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const findings = [];
let runs = 0;

export async function look(page, name) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const found = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      return violations.map(
        (v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3)}`,
      );
    });
    runs++;
    for (const text of found) findings.push(`${name}, ${colorScheme}: ${text}`);
  }
}

// Small things inside a sentence, hidden inputs behind their label and the map's inside are exempt.
export async function targets(page, name) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, input, select, summary')]
      .filter(
        (e) =>
          e.checkVisibility({ visibilityProperty: true }) &&
          !e.closest('p:not(.tools), h2, .where'),
      )
      .map((e) => [e, (e.closest('.chip') ?? e).getBoundingClientRect()])
      .filter(
        ([e, r]) =>
          r.width > 1 && (r.width < 44 || r.height < 44) && !e.matches('.skip, .check input'),
      )
      .map(
        ([e, r]) => `${e.className || e.tagName} ${Math.round(r.width)}x${Math.round(r.height)}`,
      ),
  );
  for (const text of small) findings.push(`${name}: a target of less than 44 pixels: ${text}`);
}

export async function fits(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) findings.push(`${name}: ${wide} pixels wider than the window`);
}

export function findings_tell() {
  for (const text of findings) console.log(text);
  console.log(`figure: ${runs} runs of axe and of our own rules, ${findings.length} findings`);
  if (findings.length) process.exitCode = 1;
}
