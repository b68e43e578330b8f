// One reservation in the cart: its seats, the time that is left, where tickets go, and the way to
// the provider. Once there is nothing to pay any more it says so, until the reader goes on. Sends
// `given-back`.
import type { EventDetail, Reservation } from '#api';
import {
  checkout_create,
  Problem,
  reservation_cancel,
  reservation_read,
  session_put,
} from '../data/api.ts';
import { section_name } from '../data/event-store.ts';
import { random_key } from '../data/key.ts';
import { mine_note } from '../data/mine.ts';
import { date_time, money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { go } from '../router.ts';
import { h, replace, type Child } from '../ui/h.ts';
import { icon, type IconName } from '../ui/icon.ts';
import { error_key } from '../ui/page.ts';
import { say, tell } from '../ui/say.ts';
import { ask } from './ask.ts';
import './hold-timer.ts';
import { category_name, stock_of } from './stub.ts';

const PENDING_MS = 1000;
const PENDING_TRIES = 20;
const OVERDUE_MS = 1000;

/** Where to pay; null when nothing is to be paid. */
async function pay_url(id: string, others: boolean): Promise<string | null> {
  const key = random_key();
  for (let tries = 0; tries < PENDING_TRIES; tries++) {
    const answer = await checkout_create(id, others, key);
    if ('payment_id' in answer) {
      if (!answer.pay_url) return null;
      const url = new URL(answer.pay_url);
      url.searchParams.set('return_url', `${location.origin}/pay/return?reservation=${id}`);
      return url.href;
    }
    await new Promise((done) => setTimeout(done, PENDING_MS));
  }
  throw new Problem(503, {});
}

export class CheckoutBox extends HTMLElement {
  #reservation!: Reservation;
  #event!: EventDetail;
  #address = ''; // the session's
  #pay = h('div', { class: 'pay' });
  #timer = h('hold-timer');
  #error!: HTMLElement;
  #button!: HTMLButtonElement;
  #back!: HTMLButtonElement;

  use(reservation: Reservation, event: EventDetail, address: string): void {
    this.#reservation = reservation;
    this.#event = event;
    this.#address = address;
    this.className = `checkout stock-${stock_of(event.category)}`;
    this.#timer.setAttribute('whole', String(event.hold_seconds));
    this.#timer.setAttribute('until', reservation.expires_at);
    this.#timer.addEventListener('expired', () => void this.#time_up());
    replace(this.#pay, this.#timer, this.#form());
    replace(this, this.#holding(), this.#pay);
  }

  /** Whether it has said its last word. */
  get ended(): boolean {
    return this.classList.contains('ended');
  }

  /** How it stands now. False: there is nothing to show of it any more. */
  update(reservation: Reservation): boolean {
    this.#reservation = reservation;
    const { state, expires_at } = reservation;
    if (state === 'held') this.#timer.setAttribute('until', expires_at);
    else if (state === 'confirmed') this.#paid();
    else if (state === 'expired') this.#expired();
    else return false;
    return true;
  }

  /** The reader is back from the provider's page, by the browser's own way. */
  ready(): void {
    this.#busy(false);
  }

  #price(minor: number): string {
    return money(minor, this.#event.currency, this.#event.currency_exponent);
  }

  #holding(): HTMLElement {
    const event = this.#event;
    const { seats, total_minor } = this.#reservation;
    const where = `${date_time(event.starts_at, event.venue.time_zone)} · ${event.venue.name}`;
    const seat_row = (seat: Reservation['seats'][number]) =>
      h(
        'li',
        null,
        seat_field('seat.section', section_name(event, seat.section)),
        seat_field('seat.row', seat.row),
        seat_field('seat.seat', seat.number),
        h('span', { class: 'held-price' }, this.#price(seat.price_minor)),
      );
    return h(
      'div',
      { class: 'holding' },
      h(
        'header',
        { class: 'held-head' },
        h('p', { class: 'kind' }, category_name(event.category)),
        h('h2', null, h('a', { href: `/events/${event.id}` }, event.name)),
        h('p', { class: 'where' }, where),
      ),
      h('ul', { class: 'held-seats' }, seats.map(seat_row)),
      h(
        'p',
        { class: 'held-sum' },
        h('span', null, t('cart.total')),
        h('strong', null, this.#price(total_minor)),
      ),
    );
  }

  #form(): HTMLElement {
    const { id, total_minor } = this.#reservation;
    this.#error = h('p', { class: 'field-error', id: `error-${id}`, hidden: true });
    const email = h('input', {
      id: `email-${id}`,
      type: 'email',
      name: 'email',
      required: true,
      autocomplete: 'email',
      maxlength: 254,
      value: this.#address,
      'aria-describedby': `hint-${id} error-${id}`,
    });
    const others = h('input', {
      type: 'checkbox',
      name: 'others',
      id: `others-${id}`,
      'aria-describedby': `others-hint-${id}`,
    });
    const words = total_minor
      ? t('cart.pay', { total: this.#price(total_minor) })
      : t('cart.nothing_to_pay');
    this.#button = h('button', { class: 'button main wide', 'data-words': words }, words);
    const submit = (event: Event) => {
      event.preventDefault();
      if (this.#valid(email)) void this.#submit(email.value.trim(), others.checked);
    };
    return h(
      'form',
      { novalidate: true, onsubmit: submit },
      h(
        'p',
        { class: 'field' },
        h('label', { for: email.id }, t('cart.email')),
        email,
        h('span', { class: 'hint', id: `hint-${id}` }, t('cart.email_hint')),
        this.#error,
      ),
      total_minor > 0 &&
        h(
          'p',
          { class: 'check' },
          others,
          h('label', { for: others.id }, t('cart.others')),
          h('span', { class: 'hint', id: `others-hint-${id}` }, t('cart.others_hint')),
        ),
      this.#button,
      total_minor > 0 && h('p', { class: 'hint' }, t('cart.provider')),
      this.#give_back_button(() => this.#give_back_ask()),
    );
  }

  #give_back_button(onclick: () => void): HTMLElement {
    const attributes = { type: 'button', class: 'button quiet wide', onclick };
    this.#back = h('button', attributes, t('cart.give_back'));
    return this.#back;
  }

  #valid(email: HTMLInputElement): boolean {
    const missing = !email.value.trim();
    const wrong = missing || !email.checkValidity();
    this.#error.hidden = !wrong;
    email.setAttribute('aria-invalid', String(wrong));
    if (!wrong) return true;
    this.#error.textContent = t(missing ? 'cart.email_missing' : 'cart.email_wrong');
    email.focus();
    return false;
  }

  #busy(busy: boolean): void {
    this.#button.disabled = busy;
    this.#back.disabled = busy;
    this.#button.textContent = busy ? t('cart.paying') : this.#button.dataset.words!;
  }

  async #submit(address: string, others: boolean): Promise<void> {
    const { id } = this.#reservation;
    this.#busy(true);
    try {
      if (address !== this.#address) await session_put(address);
      this.#address = address;
      const url = await pay_url(id, others);
      if (!this.isConnected) return; // the reader went on meanwhile
      if (url) location.assign(url);
      else go(`/pay/return?reservation=${id}`);
    } catch (error) {
      this.#busy(false);
      this.#refused(error);
    }
  }

  #refused(error: unknown): void {
    const code = error instanceof Problem ? error.code : '';
    if (code === 'RESERVATION_CONFIRMED') return go(`/reservations/${this.#reservation.id}`);
    if (code === 'RESERVATION_EXPIRED') return this.#expired();
    if (code === 'EVENT_CANCELLED') return this.#cancelled();
    const key = code === 'PAYMENT_NOT_OPEN' ? 'cart.payment_closed' : error_key(error);
    this.#error.hidden = false;
    this.#error.textContent = t(key);
    say(this.#error.textContent, true);
  }

  /** Whoever presses beside "Pay" may have lost them for good. */
  #give_back_ask(): void {
    const question = {
      title: t('cart.give_back_question'),
      text: t('cart.give_back_text'),
      yes: t('cart.give_back'),
      no: t('cart.keep'),
    };
    ask(this, question, () => this.#give_back());
  }

  async #give_back(): Promise<void> {
    mine_note(await reservation_cancel(this.#reservation.id));
    say(t('cart.given_back'));
    this.dispatchEvent(new Event('given-back'));
  }

  /** The deadline has passed here. The server has the last word, and may have moved it. */
  async #time_up(): Promise<void> {
    if (!this.isConnected || this.ended) return;
    const now = await reservation_read(this.#reservation.id).catch(() => null);
    if (!this.isConnected || this.ended) return;
    if (!now || now.state === 'held') setTimeout(() => void this.#time_up(), OVERDUE_MS);
    if (!now) return;
    if (!this.update(now)) this.dispatchEvent(new Event('given-back'));
    mine_note(now);
  }

  #end(name: IconName, title: string, ...content: Child[]): void {
    this.querySelector('dialog')?.close(); // there is nothing to ask any more
    const heading = h('h3', { tabindex: -1 }, title);
    const focused = this.#pay.contains(document.activeElement);
    replace(this.#pay, icon(name), heading, content);
    this.classList.add('ended');
    if (focused) heading.focus();
  }

  #expired(): void {
    const again = () => go(`/events/${this.#event.id}`);
    this.#end(
      'warning',
      t('cart.expired'),
      h('p', null, t('cart.expired_text')),
      h('button', { class: 'button main', onclick: again }, t('cart.again')),
    );
  }

  #paid(): void {
    const href = `/reservations/${this.#reservation.id}`;
    const way = h('a', { class: 'button main', href }, t('reservation.tickets'));
    this.#end('check', t('reservation.confirmed'), way);
    say(`${this.#event.name}: ${t('reservation.confirmed')}`);
  }

  #cancelled(): void {
    const text = t('cart.cancelled_text');
    const back = () => void this.#give_back().catch((error) => tell(t(error_key(error))));
    this.#end('warning', t('sale.cancelled'), h('p', null, text), this.#give_back_button(back));
    say(`${t('sale.cancelled')}. ${text}`, true);
  }
}

function seat_field(key: Key, value: string): HTMLElement {
  return h(
    'span',
    { class: 'seat-field' },
    h('span', { class: 'seat-field-name' }, t(key)),
    h('span', { class: 'seat-field-value' }, value),
  );
}

customElements.define('checkout-box', CheckoutBox);
