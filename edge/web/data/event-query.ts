// The filters of the list of events: what the API is asked, and what of its answer fits. It is
// asked for a little more, because days are the venue's, while the API compares instants. A price
// is one of a currency: the API is told both, in that currency's minor unit.
import type { Currency, Event } from '#api';
import { date_iso } from '../format.ts';

export const FIELDS = ['q', 'category', 'city', 'from', 'to', 'price', 'currency'] as const;

const PAGE = 20;
const PAGE_FILTERED = 100;
const HOUR_MS = 3600000;
const EAST_H = 14; // the first place to see a new day, and the last one to leave it
const WEST_H = 12;

function instant(day: string | null, hours: number): string | null {
  const at = Date.parse(`${day}T00:00:00Z`) + hours * HOUR_MS;
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}

function price_minor(given: URLSearchParams, exponent: number): number | null {
  const price = Number(given.get('price') || NaN);
  const minor = Math.floor(Number((price * 10 ** exponent).toFixed(3))); // 0.29 is 29 of 100
  return minor >= 0 ? Math.min(minor, Number.MAX_SAFE_INTEGER) : null;
}

/** Which of these the price is in: the one that is given, else the first. */
export function price_currency(given: URLSearchParams, known: Currency[]): Currency | null {
  return known.find(({ code }) => code === given.get('currency')) ?? known[0] ?? null;
}

/** The address's filters as the API takes them. */
export function events_query(
  given: URLSearchParams,
  currency: Currency | null,
  cursor: string | null,
): URLSearchParams {
  const query = new URLSearchParams();
  const set = (name: string, value: string | null) => value && query.set(name, value);
  for (const name of ['q', 'city', 'category'] as const) set(name, given.get(name));
  const price = currency && price_minor(given, currency.exponent);
  set('from', instant(given.get('from'), -EAST_H));
  set('to', instant(given.get('to'), 24 + WEST_H));
  if (currency && price !== null) {
    set('currency', currency.code);
    set('price_max', String(price));
  }
  const filtered = query.has('from') || query.has('to');
  set('limit', String(filtered ? PAGE_FILTERED : PAGE));
  set('cursor', cursor);
  return query;
}

/** Whether it is on one of the days, by the venue's calendar. */
export function event_fits(event: Event, given: URLSearchParams): boolean {
  const day = date_iso(event.starts_at, event.venue.time_zone);
  return day >= (given.get('from') || day) && day <= (given.get('to') || day);
}
