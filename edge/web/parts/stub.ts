// An event as the stub of a ticket: the day on coloured stock, one colour for each kind of event,
// and beside it what it is. Used in the list and as the head of the event's own page.
import type { Event } from '#api';
import { now_ms } from '../data/clock.ts';
import { date_parts, date_time, money, time_short } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { h } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';

const STOCKS = 6;
const KNOWN: Record<string, [number, Key]> = {
  concert: [1, 'category.concert'],
  theatre: [2, 'category.theatre'],
  sport: [3, 'category.sport'],
  comedy: [4, 'category.comedy'],
  opera: [5, 'category.opera'],
  family: [6, 'category.family'],
};

export const CATEGORIES = Object.keys(KNOWN);

/** Which stock a kind is printed on; unknown kinds share the same six. */
export function stock_of(category: string): number {
  const known = KNOWN[category];
  if (known) return known[0];
  let sum = 0;
  for (const letter of category) sum = (sum * 31 + letter.codePointAt(0)!) % 9973;
  return 1 + (sum % STOCKS);
}

export function category_name(category: string): string {
  const known = KNOWN[category];
  return known ? t(known[1]) : category;
}

/** Scheduled, and the sale has not opened by the server's time. */
export function not_yet_on_sale(event: Event): boolean {
  return event.status === 'scheduled' && Date.parse(event.sale_starts_at) > now_ms();
}

const LEVELS: Record<Event['availability'], [Key, number]> = {
  HIGH: ['level.high', 3],
  MEDIUM: ['level.medium', 2],
  LOW: ['level.low', 1],
  SOLD_OUT: ['level.sold_out', 0],
};

const HALTED: Partial<Record<Event['status'], Key>> = {
  paused: 'status.paused',
  closed: 'status.closed',
  cancelled: 'status.cancelled',
};

/** How the sale stands: a word and a shape. */
export function standing(event: Event): HTMLElement {
  const halted = HALTED[event.status];
  if (halted) return h('span', { class: 'standing halted' }, icon('warning'), t(halted));
  if (not_yet_on_sale(event)) {
    const when = date_time(event.sale_starts_at, event.venue.time_zone);
    return h('span', { class: 'standing later' }, icon('calendar'), t('status.later', { when }));
  }
  const [key, bars] = LEVELS[event.availability];
  return h(
    'span',
    { class: `standing level-${bars}` },
    h(
      'span',
      { class: 'bars', 'aria-hidden': 'true' },
      [1, 2, 3].map((n) => h('i', { class: n <= bars ? 'on' : '' })),
    ),
    t(key),
  );
}

export function price_range(event: Event): string {
  const of = (minor: number) => money(minor, event.currency, event.currency_exponent);
  if (event.price_min_minor === event.price_max_minor) return of(event.price_min_minor);
  return t('price.range', { from: of(event.price_min_minor), to: of(event.price_max_minor) });
}

export function day_stub(event: Event): HTMLElement {
  const zone = event.venue.time_zone;
  const { weekday, day, month } = date_parts(event.starts_at, zone);
  return h(
    'div',
    { class: 'stub-day' },
    h('span', { class: 'stub-week' }, weekday),
    h('span', { class: 'stub-number' }, day),
    h('span', { class: 'stub-month' }, month),
  );
}

export function event_stub(event: Event): HTMLElement {
  const { venue } = event;
  const over = event.status === 'cancelled' || event.status === 'closed';
  return h(
    'article',
    { class: `stub stock-${stock_of(event.category)}${over ? ' over' : ''}` },
    day_stub(event),
    h(
      'div',
      { class: 'stub-body' },
      h('p', { class: 'kind' }, category_name(event.category)),
      h('h2', null, h('a', { href: `/events/${event.id}`, class: 'stub-link' }, event.name)),
      h(
        'p',
        { class: 'where' },
        h('span', null, time_short(event.starts_at, venue.time_zone)),
        h('span', null, `${venue.name}, ${venue.city}`),
      ),
      h(
        'p',
        { class: 'stub-foot' },
        h('span', { class: 'price' }, price_range(event)),
        standing(event),
      ),
    ),
  );
}
