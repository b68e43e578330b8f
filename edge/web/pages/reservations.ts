// What this browser has reserved, newest first: how each stands is asked of the server.
import type { EventDetail, Reservation } from '#api';
import { is_nobody, reservations_read } from '../data/api.ts';
import { event_of } from '../data/event-store.ts';
import { mine_signed } from '../data/mine.ts';
import { date_time, money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { forget_me } from '../parts/forget-me.ts';
import { category_name, day_stub, stock_of } from '../parts/stub.ts';
import { h, replace } from '../ui/h.ts';
import { loading, notice, Page } from '../ui/page.ts';

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
    replace(
      this,
      h('h1', { tabindex: -1 }, t('reservations.title')),
      h('p', { class: 'lead' }, t('reservations.text')),
      this.#list,
      this.#more,
    );
    replace(this.#list, loading('ghost-stub', 2));
    await this.attempt(() => this.#load(null));
    if (this.#known) this.append(forget_me(this));
  }

  async #load(cursor: string | null): Promise<void> {
    const none = { reservations: [], next: null };
    const page = await reservations_read(PAGE, cursor).catch((error: unknown) => {
      if (!is_nobody(error)) throw error;
      return none;
    });
    this.#known ||= page !== none;
    const stubs = await Promise.all(
      page.reservations.map(async (r) => stub_of(r, await event_of(r.event_id))),
    );
    if (this.gone.aborted) return;
    if (!cursor) replace(this.#list);
    this.#list.append(...stubs);
    if (!this.#list.childElementCount) return this.#nothing();
    const { next } = page;
    const more = () => void this.attempt(() => this.#load(next));
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

function stub_of(reservation: Reservation, event: EventDetail): HTMLElement {
  const { state } = reservation;
  const alive = state === 'held' || state === 'confirmed';
  const total = money(reservation.total_minor, event.currency, event.currency_exponent);
  const href = state === 'held' ? '/cart' : `/reservations/${reservation.id}`;
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
