// Back from the provider. What happened there is known when the server says so: the page asks until
// the reservation is confirmed and its tickets are signed, or until it is clear that it won't be.
import type { Reservation } from '#api';
import { reservation_read, tickets_read } from '../data/api.ts';
import { clock_sync } from '../data/clock.ts';
import { event_of } from '../data/event-store.ts';
import { mine_note } from '../data/mine.ts';
import { money } from '../format.ts';
import { t } from '../i18n.ts';
import { go } from '../router.ts';
import { h, replace } from '../ui/h.ts';
import { loading, lost_notice, notice, Page } from '../ui/page.ts';

const ASK_MS = 700;
const PATIENCE_MS = 12000; // then the reader may also go back and pay again

class PagePaid extends Page {
  #id = '';
  #since = 0;

  override open(): Promise<void> {
    this.#id = new URLSearchParams(location.search).get('reservation') ?? '';
    if (!/^[0-9a-f-]{36}$/.test(this.#id)) {
      replace(this, lost_notice());
      return Promise.resolve();
    }
    this.#since = performance.now();
    replace(
      this,
      notice(
        'ticket',
        t('paid.waiting'),
        h('p', null, t('paid.waiting_text')),
        loading('ghost-line', 1),
      ),
    );
    void clock_sync();
    return this.attempt(() => this.#ask());
  }

  async #ask(): Promise<void> {
    const reservation = await reservation_read(this.#id);
    if (this.gone.aborted) return;
    mine_note(reservation);
    if (reservation.state === 'confirmed') return this.#confirmed(reservation);
    if (reservation.state === 'refunded' || reservation.outcome === 'refunded')
      return this.#refunded(reservation);
    if (reservation.state !== 'held') return this.#ended();
    if (performance.now() - this.#since > PATIENCE_MS) this.#unpaid();
    setTimeout(() => !this.gone.aborted && void this.attempt(() => this.#ask()), ASK_MS);
  }

  async #confirmed(reservation: Reservation): Promise<void> {
    const { tickets } = await tickets_read(this.#id);
    if (this.gone.aborted) return;
    if (tickets.length === reservation.seats.length) return go(`/reservations/${this.#id}`);
    setTimeout(() => !this.gone.aborted && void this.attempt(() => this.#ask()), ASK_MS);
  }

  async #refunded(reservation: Reservation): Promise<void> {
    const event = await event_of(reservation.event_id);
    const amount = money(reservation.total_minor, event.currency, event.currency_exponent);
    replace(
      this,
      notice(
        'warning',
        t('paid.refunded'),
        h('p', null, t('paid.refunded_text', { amount })),
        this.#back(),
      ),
    );
  }

  #ended(): void {
    replace(
      this,
      notice('warning', t('paid.ended'), h('p', null, t('paid.ended_text')), this.#back()),
    );
  }

  #unpaid(): void {
    if (this.querySelector('.unpaid')) return;
    const box = notice('warning', t('paid.unpaid'), h('p', null, t('paid.unpaid_text')));
    box.classList.add('unpaid');
    box.append(h('p', null, h('a', { class: 'button', href: '/cart' }, t('paid.cart'))));
    replace(this, box);
  }

  #back(): HTMLElement {
    return h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events')));
  }
}

customElements.define('page-paid', PagePaid);
