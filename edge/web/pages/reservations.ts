// What this browser has reserved, newest first: how each stands is asked of the server.
import type { EventDetail, Reservation } from '#api';
import { Problem, reservation_read } from '../data/api.ts';
import { clock_sync } from '../data/clock.ts';
import { event_of } from '../data/event-store.ts';
import { mine_forget, mine_list, mine_note, type Mine } from '../data/mine.ts';
import { date_time, money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
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

  override open(): Promise<void> {
    replace(
      this,
      h('h1', { tabindex: -1 }, t('reservations.title')),
      h('p', { class: 'lead' }, t('reservations.text')),
      this.#list,
      this.#more,
    );
    replace(this.#list, loading('ghost-stub', 2));
    return this.attempt(async () => {
      await clock_sync();
      await this.#load(0);
    });
  }

  async #load(from: number): Promise<void> {
    const all = mine_list();
    const read = await Promise.all(all.slice(from, from + PAGE).map((m) => this.#read(m)));
    if (this.gone.aborted) return;
    const stubs = read.filter((stub) => stub !== null);
    if (from === 0) replace(this.#list);
    this.#list.append(...stubs);
    if (!this.#list.childElementCount) return this.#nothing();
    const more = () => void this.attempt(() => this.#load(from + PAGE));
    const left = all.length > from + PAGE;
    replace(
      this.#more,
      left && h('button', { class: 'button quiet', onclick: more }, t('events.more')),
    );
  }

  async #read(mine: Mine): Promise<HTMLElement | null> {
    try {
      const reservation = await reservation_read(mine.id);
      mine_note(reservation);
      return stub_of(reservation, await event_of(reservation.event_id));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      mine_forget(mine.id);
      return null;
    }
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
