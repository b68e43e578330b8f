// Back from the provider. What happened there is known when the server says so: the page asks until
// the reservation is confirmed and its tickets are signed, or until it is clear that it won't be;
// when nothing comes long after the deadline it says so, and asks when the reader wants it to.
import type { Reservation } from '#api';
import { is_decided, reservation_read, tickets_read } from '../data/api.ts';
import { now_ms } from '../data/clock.ts';
import { event_of } from '../data/event-store.ts';
import { mine_note } from '../data/mine.ts';
import { money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { go } from '../router.ts';
import { h, replace, type Child } from '../ui/h.ts';
import type { IconName } from '../ui/icon.ts';
import { loading, lost_notice, notice, Page } from '../ui/page.ts';
import { say } from '../ui/say.ts';

const ASK_MS = 1000;
const ASK_MS_MAX = 10000;
const ASK_LATE_MS_MAX = 30000; // after the deadline
const LATE_MS = 600000; // so long after it a provider may tell us, and we listen
const SLOWER = 1.3;
const PATIENCE_MS = 12000; // then the reader may also go back and pay again

class PagePaid extends Page {
  #id = '';
  #since = 0; // performance.now()
  #began_ms = 0; // the server's time, as all of these
  #deadline_ms = 0;
  #quiet = false;
  #pause_ms = ASK_MS;
  #timer = 0;
  #asking = false;
  #shown: Key | null = null;

  override open(): Promise<void> {
    this.#id = new URLSearchParams(location.search).get('reservation') ?? '';
    if (!/^[0-9a-f-]{36}$/.test(this.#id)) {
      replace(this, lost_notice());
      return Promise.resolve();
    }
    const signal = this.gone;
    document.addEventListener('visibilitychange', () => this.#wake(), { signal });
    return this.#begin();
  }

  #begin(): Promise<void> {
    this.#since = performance.now();
    this.#began_ms = now_ms();
    this.#pause_ms = ASK_MS;
    this.#quiet = false;
    this.#shown = null;
    const box = notice(
      'ticket',
      t('paid.waiting'),
      h('p', null, t('paid.waiting_text')),
      loading('ghost-line', 1),
    );
    replace(this, box);
    return this.#ask();
  }

  #wake(): void {
    if (this.#quiet) return;
    clearTimeout(this.#timer);
    this.#pause_ms = ASK_MS;
    if (!document.hidden) void this.#ask();
  }

  /** Less and less often; not at all while nobody looks. */
  #ask_later(): void {
    clearTimeout(this.#timer);
    if (this.gone.aborted || document.hidden) return;
    this.#timer = setTimeout(() => void this.#ask(), this.#pause_ms);
    const most = now_ms() > this.#deadline_ms ? ASK_LATE_MS_MAX : ASK_MS_MAX;
    this.#pause_ms = Math.min(most, this.#pause_ms * SLOWER);
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.gone.aborted) return;
    this.#asking = true;
    await this.attempt(async () => {
      const open = await this.#look().catch((error: unknown) => {
        if (!is_decided(error)) return true; // no answer is no outcome
        this.#shown = null; // what was shown goes
        throw error;
      });
      const late = now_ms() > Math.max(this.#began_ms, this.#deadline_ms) + LATE_MS;
      if (open && late) this.#stop();
      else if (open) this.#ask_later();
    });
    this.#asking = false;
  }

  /** Shows how it stands. True: that may change by itself. */
  async #look(): Promise<boolean> {
    const reservation = await reservation_read(this.#id);
    mine_note(reservation);
    const { state, outcome, payment_id } = reservation;
    this.#deadline_ms = Date.parse(reservation.expires_at);
    const ticketed = state === 'confirmed' && (await this.#ticketed(reservation));
    const refused = state !== 'confirmed' && outcome === 'refunded';
    const late = refused ? await this.#due(reservation) : '';
    if (this.gone.aborted) return false;
    if (late) this.#show('warning', 'paid.refunded', t('paid.refunded_text', { amount: late }));
    else if (ticketed || state === 'refunded') go(`/reservations/${this.#id}`, true);
    else if (state === 'cancelled' || state === 'expired')
      this.#show('warning', 'paid.ended', t('paid.ended_text'));
    else if (state === 'held' && performance.now() - this.#since > PATIENCE_MS) this.#unpaid();
    // Also after the deadline: the provider may tell us minutes later.
    const over = late || ticketed || state === 'refunded' || state === 'cancelled';
    return !over && (state !== 'expired' || payment_id !== undefined);
  }

  async #ticketed(reservation: Reservation): Promise<boolean> {
    const { tickets } = await tickets_read(this.#id);
    return tickets.length === reservation.seats.length;
  }

  async #due(reservation: Reservation): Promise<string> {
    const event = await event_of(reservation.event_id);
    return money(reservation.total_minor, event.currency, event.currency_exponent);
  }

  #unpaid(): void {
    const cart = h('p', null, h('a', { class: 'button', href: '/cart' }, t('paid.cart')));
    this.#show('warning', 'paid.unpaid', t('paid.unpaid_text'), cart);
  }

  #stop(): void {
    this.#quiet = true;
    const again = h('button', { class: 'button main' }, t('paid.look'));
    again.addEventListener('click', () => void this.#begin());
    const mine = h('a', { class: 'button', href: '/reservations' }, t('reservations.title'));
    this.#show('warning', 'paid.quiet', t('paid.quiet_text'), h('p', null, again, ' ', mine));
  }

  /** Once, and said: nobody has pressed anything that would make a reader look. */
  #show(name: IconName, title: Key, text: string, ...more: Child[]): void {
    if (this.#shown === title) return;
    this.#shown = title;
    const way = h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events')));
    const box = notice(name, t(title), h('p', null, text), more.length ? more : way);
    replace(this, box);
    say(`${t(title)}. ${text}`, true);
    box.querySelector('h1')?.focus();
  }
}

customElements.define('page-paid', PagePaid);
