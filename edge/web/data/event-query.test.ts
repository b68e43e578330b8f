// Filters by day and price, where days are the venue's and prices the currency's.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Event } from '#api';
import { event_fits, events_query } from './event-query.ts';

function event(starts_at: string, time_zone: string, price = 5000, exponent = 2): Event {
  const venue = { time_zone } as Event['venue'];
  const some = { starts_at, venue, price_min_minor: price, currency_exponent: exponent };
  return some as Event;
}

const given = (query: string) => new URLSearchParams(query);
const asks = (query: string, starts_at: string) => {
  const asked = events_query(given(query), null);
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

test('price: given currencies with other minor units, then each is taken by its own', () => {
  const at = '2031-05-17T19:00:00Z';
  const up_to = given('price=5000');
  assert.equal(event_fits(event(at, 'Asia/Tokyo', 5000, 0), up_to), true);
  assert.equal(event_fits(event(at, 'Asia/Tokyo', 5001, 0), up_to), false);
  assert.equal(event_fits(event(at, 'Asia/Bahrain', 5000000, 3), up_to), true);
  assert.equal(event_fits(event(at, 'Asia/Bahrain', 5000001, 3), up_to), false);
  const asked = Number(events_query(up_to, null).get('price_max'));
  assert.ok(asked >= 5000000);
  assert.equal(event_fits(event(at, 'UTC', 0), given('price=0')), true);
  assert.equal(event_fits(event(at, 'UTC', 1), given('price=0')), false);
});

test('query: given words and nonsense, then words are passed on and nonsense is not', () => {
  const asked = events_query(given('q=jazz&city=Lisbon&from=soon&to=&price=cheap'), 'abc');
  assert.deepEqual(Object.fromEntries(asked), {
    q: 'jazz',
    city: 'Lisbon',
    limit: '20',
    cursor: 'abc',
  });
});
