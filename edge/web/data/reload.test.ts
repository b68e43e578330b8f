// A page whose parts did not come is loaded anew, and never in a loop.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { reload_once } from './reload.ts';

let reloads: number;
let type: string | undefined;
let age_ms: number;
let answer: () => Promise<{ status: number }>;

const set = (name: string, value: unknown) =>
  Object.defineProperty(globalThis, name, { value, configurable: true });

set('location', { href: 'http://localhost/', reload: () => void reloads++ });
set('performance', {
  now: () => age_ms,
  getEntriesByType: () => (type ? [{ type }] : []),
});
globalThis.fetch = (() => answer()) as unknown as typeof fetch;

beforeEach(() => {
  [reloads, type, age_ms] = [0, 'navigate', 500];
  answer = () => Promise.resolve({ status: 200 });
});

/** Whether it goes on here: after a reload nothing does. */
const goes_on = () =>
  Promise.race([
    reload_once().then(() => true),
    new Promise((done) => setTimeout(() => done(false), 20)),
  ]);

test('reload: given a page that was opened, then it is loaded anew', async () => {
  assert.equal(await goes_on(), false);
  assert.equal(reloads, 1);
  type = 'back_forward';
  answer = () => Promise.resolve({ status: 404 }); // a page that says so is a page
  assert.equal(await goes_on(), false);
  assert.equal(reloads, 2);
});

test('reload: given a page just loaded anew, then it is not again, until it is old', async () => {
  type = 'reload';
  assert.equal(await goes_on(), true);
  assert.equal(reloads, 0);
  age_ms = 61000;
  assert.equal(await goes_on(), false);
  assert.equal(reloads, 1);
});

test('reload: given nobody who answers, or no word how it came, then it stays', async () => {
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  assert.equal(await goes_on(), true);
  answer = () => Promise.resolve({ status: 503 });
  assert.equal(await goes_on(), true);
  answer = () => Promise.resolve({ status: 200 });
  type = undefined;
  assert.equal(await goes_on(), true);
  assert.equal(reloads, 0);
});
