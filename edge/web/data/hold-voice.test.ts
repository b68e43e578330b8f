// Reservations whose time goes by, with and without ticks.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HoldVoice } from './hold-voice.ts';

const held = (all: Record<string, number>, now_s: number) =>
  Object.entries(all)
    .filter(([, until_s]) => until_s > now_s)
    .map(([id, until_s]) => ({ id, until: new Date(until_s * 1000).toISOString() }));

/** What is said at each of these seconds. */
function heard(all: Record<string, number>, ...seconds: number[]): string[] {
  const voice = new HoldVoice();
  return seconds.map((now_s) => voice.tick(held(all, now_s), now_s * 1000).join());
}

test('voice: given ticks all the time, then each mark is said once', () => {
  const seconds = Array.from({ length: 280 }, (_, i) => i / 2);
  const said = heard({ a: 130 }, ...seconds);
  const at = (saying: string) => seconds.filter((_, i) => said[i] === saying);
  assert.deepEqual(at('two_minutes'), [10]);
  assert.deepEqual(at('one_minute'), [70]);
  assert.deepEqual(at('twenty_seconds'), [110]);
  assert.deepEqual(at('expired'), [130]);
});

test('voice: given two reservations, then the end of each is said', () => {
  assert.deepEqual(heard({ a: 100, b: 400 }, 0, 99, 101, 300, 390, 401), [
    '',
    'twenty_seconds',
    'expired',
    'two_minutes',
    'twenty_seconds',
    'expired',
  ]);
});

test('voice: given a clock that jumps, then only what is true now is said', () => {
  assert.deepEqual(heard({ a: 300, b: 700 }, 0, 1000), ['', 'expired']);
  assert.deepEqual(heard({ a: 300, b: 700 }, 0, 650), ['', 'expired,one_minute']);
  assert.deepEqual(heard({ a: 300 }, 0, 285), ['', 'twenty_seconds']);
});

test('voice: given a page that opens late, then it does not begin with marks', () => {
  assert.deepEqual(heard({ a: 300 }, 250, 251, 281), ['', '', 'twenty_seconds']);
  assert.deepEqual(heard({ a: 300 }, 301, 302), ['', '']);
});

test('voice: given one that is paid or given back in time, then nothing is said of it', () => {
  const voice = new HoldVoice();
  voice.tick(held({ a: 300, b: 300 }, 200), 200000);
  assert.deepEqual(voice.tick(held({ b: 300 }, 210), 210000), []);
  assert.deepEqual(voice.tick(held({ b: 300 }, 301), 301000), ['expired']);
});

test('voice: given a deadline that moves, then its marks come again', () => {
  const voice = new HoldVoice();
  voice.tick(held({ a: 110 }, 0), 0);
  assert.deepEqual(voice.tick(held({ a: 110 }, 55), 55000), ['one_minute']);
  assert.deepEqual(voice.tick(held({ a: 400 }, 60), 60000), []);
  assert.deepEqual(voice.tick(held({ a: 400 }, 341), 341000), ['one_minute']);
});
