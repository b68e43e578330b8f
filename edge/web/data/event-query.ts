// The filters of the list of events: what the API is asked, and what of its answer fits. It is
// asked for a little more, because days are the venue's and prices are in its currency, while the
// API compares instants and minor units.
import type { Event } from '#api';
import { date_iso } from '../format.ts';

export const FIELDS = ['q', 'category', 'city', 'from', 'to', 'price'] as const;

const PAGE = 20;
const PAGE_FILTERED = 100;
const HOUR_MS = 3600000;
const EAST_H = 14; // the first place to see a new day, and the last one to leave it
const WEST_H = 12;
const EXPONENT_MAX = 4; // of a currency's minor unit

function instant(day: string | null, hours: number): string | null {
  const at = Date.parse(`${day}T00:00:00Z`) + hours * HOUR_MS;
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}

function price_of(given: URLSearchParams): number | null {
  const price = Number(given.get('price') || NaN);
  return price >= 0 ? price : null;
}

/** The address's filters as the API takes them. */
export function events_query(given: URLSearchParams, cursor: string | null): URLSearchParams {
  const query = new URLSearchParams();
  const set = (name: string, value: string | null) => value && query.set(name, value);
  for (const name of ['q', 'city', 'category'] as const) set(name, given.get(name));
  const price = price_of(given);
  set('from', instant(given.get('from'), -EAST_H));
  set('to', instant(given.get('to'), 24 + WEST_H));
  if (price !== null) set('price_max', String(Math.ceil(price * 10 ** EXPONENT_MAX)));
  const filtered = ['from', 'to', 'price_max'].some((name) => query.has(name));
  set('limit', String(filtered ? PAGE_FILTERED : PAGE));
  set('cursor', cursor);
  return query;
}

/** Whether it is on one of the days, by the venue's calendar, and has a seat at the price. */
export function event_fits(event: Event, given: URLSearchParams): boolean {
  const day = date_iso(event.starts_at, event.venue.time_zone);
  const price = price_of(given);
  const most = price === null ? Infinity : price * 10 ** event.currency_exponent;
  return (
    day >= (given.get('from') || day) &&
    day <= (given.get('to') || day) &&
    event.price_min_minor <= most
  );
}
