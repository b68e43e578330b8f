// What this browser has reserved, newest first: what it holds, and what was ever to be paid for.
// How each stands is asked of the server.
import type { EventDetail, Reservation } from '#api';
import { is_nobody, reservations_read } from '../data/api.ts';
import { event_of } from '../data/event-store.ts';
import { mine_ids, mine_signed } from '../data/mine.ts';
import { date_time, money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { forget_me } from '../parts/forget-me.ts';
import { seat_text } from '../parts/seat-tray.ts';
import { category_name, day_stub, stock_of } from '../parts/stub.ts';
import { h, replace } from '../ui/h.ts';
import { error_key, loading, notice, Page, warning } from '../ui/page.ts';

const PAGE = 10;

export const STATES: Record<Reservation['state'], Key> = {
  held: 'reservation.held',
  confirmed: 'reservation.confirmed',
  expired: 'reservation.expired',
  cancelled: 'reservation.cancelled',
  refunded: 'reservation.refunded',
};

class PageReservations extends Page {
  #list = h('div', { class: 'stubs' });
  #more = h('div', { class: 'more' });
  #known = mine_signed();

  override async open(): Promise<void> {
    await this.attempt(() => this.#begin());
    if (this.#known) this.append(forget_me(this));
  }

  /** Also after a failure, which stands in the place of all this. */
  async #begin(): Promise<void> {
    replace(
      this,
      h('h1', { tabindex: -1 }, t('reservations.title')),
      h('p', { class: 'lead' }, t('reservations.text')),
      this.#list,
      this.#more,
    );
    replace(this.#list, loading('ghost-stub', 2));
    await this.#load(null);
  }

  /** What is listed already stays, whatever becomes of the rest. */
  async #load_more(cursor: string): Promise<void> {
    const again = () => void this.#load_more(cursor);
    try {
      await this.#load(cursor);
    } catch (error) {
      if (this.gone.aborted) return;
      const button = h('button', { class: 'button quiet', onclick: again }, t('error.again'));
      replace(this.#more, warning(t(error_key(error)), button));
    }
  }

  async #load(cursor: string | null): Promise<void> {
    const none = { reservations: [], next: null };
    const page = await reservations_read(PAGE, mine_ids(), cursor).catch((error: unknown) => {
      if (!is_nobody(error)) throw error;
      return none;
    });
    this.#known ||= page !== none;
    const stubs = await Promise.all(
      page.reservations.map(async (r) => {
        const event = await event_of(r.event_id).catch(() => null);
        return event ? stub_of(r, event) : bare_stub_of(r);
      }),
    );
    if (this.gone.aborted) return;
    if (!cursor) replace(this.#list);
    this.#list.append(...stubs);
    if (!this.#list.childElementCount) return this.#nothing();
    const { next } = page;
    const more = () => void (next && this.#load_more(next));
    replace(
      this.#more,
      next && h('button', { class: 'button quiet', onclick: more }, t('events.more')),
    );
  }

  #nothing(): void {
    const box = notice(
      'ticket',
      t('reservations.none'),
      h('p', null, t('reservations.none_text')),
      h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events'))),
    );
    replace(this, box);
  }
}

const href_of = ({ id, state }: Reservation) =>
  state === 'held' ? '/cart' : `/reservations/${id}`;

/** One whose event cannot be read just now: the way to its tickets is there all the same. */
function bare_stub_of(reservation: Reservation): HTMLElement {
  const { state, seats } = reservation;
  const way = h('a', { class: 'stub-link', href: href_of(reservation) }, t('reservation.title'));
  const places = seats.map((seat) => h('span', null, seat_text(seat)));
  const standing = h('span', { class: `state state-${state}` }, t(STATES[state]));
  return h(
    'article',
    { class: `stub stock-${stock_of('')}` },
    h('div', { class: 'stub-day', 'aria-hidden': 'true' }),
    h(
      'div',
      { class: 'stub-body' },
      h('h2', null, way),
      h('p', { class: 'where' }, places),
      h('p', { class: 'stub-foot' }, standing),
    ),
  );
}

function stub_of(reservation: Reservation, event: EventDetail): HTMLElement {
  const { state } = reservation;
  const alive = state === 'held' || state === 'confirmed';
  const total = money(reservation.total_minor, event.currency, event.currency_exponent);
  const href = href_of(reservation);
  return h(
    'article',
    { class: `stub stock-${stock_of(event.category)}${alive ? '' : ' over'}` },
    day_stub(event),
    h(
      'div',
      { class: 'stub-body' },
      h('p', { class: 'kind' }, category_name(event.category)),
      h('h2', null, h('a', { class: 'stub-link', href }, event.name)),
      h(
        'p',
        { class: 'where' },
        h('span', null, date_time(event.starts_at, event.venue.time_zone)),
        h('span', null, event.venue.name),
      ),
      h(
        'p',
        { class: 'stub-foot' },
        h('span', { class: `state state-${state}` }, t(STATES[state])),
        h('span', null, t('choice.count', { count: reservation.seats.length })),
        h('span', { class: 'price' }, total),
      ),
    ),
  );
}

customElements.define('page-reservations', PageReservations);
