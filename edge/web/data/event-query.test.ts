// Filters by day and price, where days are the venue's and prices a currency's.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Event } from '#api';
import { event_fits, events_query, price_currency } from './event-query.ts';

function event(starts_at: string, time_zone: string): Event {
  const venue = { time_zone } as Event['venue'];
  const some = { starts_at, venue };
  return some as Event;
}

const EUR = { code: 'EUR', exponent: 2 };
const JPY = { code: 'JPY', exponent: 0 };
const BHD = { code: 'BHD', exponent: 3 };
const given = (query: string) => new URLSearchParams(query);
const asks = (query: string, starts_at: string) => {
  const asked = events_query(given(query), null, null);
  return starts_at >= (asked.get('from') ?? '') && starts_at < (asked.get('to') ?? '9');
};

test('days: given a morning in Tokyo, then it is on the day that its card shows', () => {
  const morning = event('2031-05-16T21:00:00.000Z', 'Asia/Tokyo'); // 06:00 on the 17th
  assert.equal(event_fits(morning, given('from=2031-05-17&to=2031-05-17')), true);
  assert.equal(event_fits(morning, given('to=2031-05-16')), false);
  assert.equal(asks('from=2031-05-17&to=2031-05-17', morning.starts_at), true);
});

test('days: given the ends of a day at both ends of the world, then they are asked for', () => {
  const days = 'from=2031-05-17&to=2031-05-17';
  for (const [at, zone] of [
    ['2031-05-16T10:00:00.000Z', 'Pacific/Kiritimati'],
    ['2031-05-18T10:59:00.000Z', 'Pacific/Pago_Pago'],
  ] as const) {
    assert.equal(asks(days, at), true, zone);
    assert.equal(event_fits(event(at, zone), given(days)), true, zone);
  }
  assert.equal(event_fits(event('2031-05-18T11:01:00Z', 'Pacific/Pago_Pago'), given(days)), false);
});

test('price: given a currency, then the API is asked for it in its own minor unit', () => {
  const asked = (price: string, currency: typeof EUR) => {
    const query = events_query(given(`price=${price}`), currency, null);
    return [query.get('currency'), query.get('price_max')];
  };
  assert.deepEqual(asked('50', EUR), ['EUR', '5000']);
  assert.deepEqual(asked('5000', JPY), ['JPY', '5000']);
  assert.deepEqual(asked('5', BHD), ['BHD', '5000']);
  assert.deepEqual(asked('0.29', EUR), ['EUR', '29']); // not 28, as binary fractions have it
  assert.deepEqual(asked('99.9', JPY), ['JPY', '99']); // nothing dearer
  assert.deepEqual(asked('0', EUR), ['EUR', '0']);
  for (const nonsense of ['', 'cheap', '-1']) assert.deepEqual(asked(nonsense, EUR), [null, null]);
  assert.match(asked('1e99', EUR)[1]!, /^\d{16}$/);
});

test('price: given no currency or one that nothing is sold in, then the commonest is meant', () => {
  const known = [EUR, JPY];
  assert.equal(price_currency(given('price=5&currency=JPY'), known), JPY);
  assert.equal(price_currency(given('price=5'), known), EUR);
  assert.equal(price_currency(given('price=5&currency=SEK'), known), EUR);
  assert.equal(price_currency(given('price=5'), []), null);
});

test('query: given words and nonsense, then words are passed on and nonsense is not', () => {
  const asked = events_query(given('q=jazz&city=Lisbon&from=soon&to=&price=cheap'), EUR, 'abc');
  assert.deepEqual(Object.fromEntries(asked), {
    q: 'jazz',
    city: 'Lisbon',
    limit: '20',
    cursor: 'abc',
  });
});
