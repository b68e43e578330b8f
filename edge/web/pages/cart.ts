// What is held: the seats, the time that is left, where tickets go, and the way to the provider.
import type { EventDetail, Reservation } from '#api';
import {
  checkout_create,
  Problem,
  reservation_cancel,
  reservation_read,
  session_put,
} from '../data/api.ts';
import { clock_sync, now_ms } from '../data/clock.ts';
import { event_of, section_name } from '../data/event-store.ts';
import { random_key } from '../data/key.ts';
import { mine_changes, mine_forget, mine_list, mine_note } from '../data/mine.ts';
import { date_time, money } from '../format.ts';
import { t } from '../i18n.ts';
import '../parts/hold-timer.ts';
import { category_name, stock_of } from '../parts/stub.ts';
import { go } from '../router.ts';
import { find, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { error_key, loading, notice, Page } from '../ui/page.ts';
import { say } from '../ui/say.ts';

const PENDING_MS = 1000;
const PENDING_TRIES = 20;

interface Held {
  reservation: Reservation;
  event: EventDetail;
}

class PageCart extends Page {
  #email = '';
  #shown = '';
  #loading = false;

  override open(): Promise<void> {
    replace(this, h('h1', { tabindex: -1 }, t('cart.title')), loading('ghost-stub', 2));
    mine_changes.addEventListener('change', () => void this.#changed(), { signal: this.gone });
    return this.attempt(async () => {
      await clock_sync();
      await this.#load();
    });
  }

  /** Another tab has reserved or paid something. */
  async #changed(): Promise<void> {
    const now = mine_list().map((m) => `${m.id}${m.until}`);
    if (!this.#loading && now.join() !== this.#shown) await this.attempt(() => this.#load());
  }

  async #load(): Promise<void> {
    const open = mine_list().filter((m) => m.until);
    this.#loading = true;
    const all = await Promise.all(open.map((m) => this.#read(m.id))).finally(
      () => (this.#loading = false),
    );
    if (this.gone.aborted) return;
    this.#shown = mine_list()
      .map((m) => `${m.id}${m.until}`)
      .join();
    const held = all.filter((one) => one !== null);
    if (!held.length) return replace(this, this.#empty());
    if (!this.#email) this.#email = (await session_put().catch(() => null))?.email ?? '';
    replace(
      this,
      h('h1', { tabindex: -1 }, t('cart.title')),
      held.map((one) => this.#checkout(one)),
    );
  }

  async #read(id: string): Promise<Held | null> {
    try {
      const reservation = await reservation_read(id);
      mine_note(reservation);
      if (reservation.state !== 'held') return null;
      return { reservation, event: await event_of(reservation.event_id) };
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      mine_forget(id); // somebody else's: the session was given up
      return null;
    }
  }

  #empty(): HTMLElement {
    return notice(
      'ticket',
      t('cart.empty'),
      h('p', null, t('cart.empty_text')),
      h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events'))),
    );
  }

  #checkout({ reservation, event }: Held): HTMLElement {
    const price = (minor: number) => money(minor, event.currency, event.currency_exponent);
    const timer = h('hold-timer', { until: reservation.expires_at, whole: event.hold_seconds });
    const box = h(
      'section',
      { class: `checkout stock-${stock_of(event.category)}` },
      h(
        'div',
        { class: 'holding' },
        h(
          'header',
          { class: 'held-head' },
          h('p', { class: 'kind' }, category_name(event.category)),
          h('h2', null, h('a', { href: `/events/${event.id}` }, event.name)),
          h(
            'p',
            { class: 'where' },
            `${date_time(event.starts_at, event.venue.time_zone)} · ${event.venue.name}`,
          ),
        ),
        h(
          'ul',
          { class: 'held-seats' },
          reservation.seats.map((seat) =>
            h(
              'li',
              null,
              seat_field('seat.section', section_name(event, seat.section)),
              seat_field('seat.row', seat.row),
              seat_field('seat.seat', seat.number),
              h('span', { class: 'held-price' }, price(seat.price_minor)),
            ),
          ),
        ),
        h(
          'p',
          { class: 'held-sum' },
          h('span', null, t('cart.total')),
          h('strong', null, price(reservation.total_minor)),
        ),
      ),
      h('div', { class: 'pay' }, timer, this.#form(reservation, price(reservation.total_minor))),
    );
    timer.addEventListener('expired', () => this.#expired(box, event, reservation));
    return box;
  }

  #form(reservation: Reservation, total: string): HTMLElement {
    const id = reservation.id;
    const error = h('p', { class: 'field-error', id: `error-${id}`, hidden: true });
    const email = h('input', {
      id: `email-${id}`,
      type: 'email',
      name: 'email',
      required: true,
      autocomplete: 'email',
      maxlength: 254,
      value: this.#email,
      'aria-describedby': `hint-${id} error-${id}`,
    });
    const others = h('input', {
      type: 'checkbox',
      name: 'others',
      id: `others-${id}`,
      'aria-describedby': `others-hint-${id}`,
    });
    const button = h('button', { class: 'button main wide' }, t('cart.pay', { total }));
    const form = h(
      'form',
      { novalidate: true },
      h(
        'p',
        { class: 'field' },
        h('label', { for: email.id }, t('cart.email')),
        email,
        h('span', { class: 'hint', id: `hint-${id}` }, t('cart.email_hint')),
        error,
      ),
      h(
        'p',
        { class: 'check' },
        others,
        h('label', { for: others.id }, t('cart.others')),
        h('span', { class: 'hint', id: `others-hint-${id}` }, t('cart.others_hint')),
      ),
      button,
      h('p', { class: 'hint' }, t('cart.provider')),
      h(
        'button',
        { type: 'button', class: 'button quiet wide', onclick: () => void this.#give_back(id) },
        t('cart.give_back'),
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const wrong = !email.value.trim()
        ? 'cart.email_missing'
        : !email.checkValidity()
          ? 'cart.email_wrong'
          : null;
      error.hidden = wrong === null;
      email.toggleAttribute('aria-invalid', wrong !== null);
      if (!wrong) return void this.#pay(id, email.value.trim(), others.checked, button, error);
      error.textContent = t(wrong);
      email.focus();
    });
    return form;
  }

  async #pay(
    id: string,
    address: string,
    others: boolean,
    button: HTMLButtonElement,
    error: HTMLElement,
  ): Promise<void> {
    const words = button.textContent;
    button.disabled = true;
    button.textContent = t('cart.paying');
    try {
      if (address !== this.#email) await session_put(address);
      this.#email = address;
      location.assign(await this.#pay_url(id, others));
    } catch (reason) {
      button.disabled = false;
      button.textContent = words;
      const ended = reason instanceof Problem && (reason.status === 410 || reason.status === 409);
      if (ended) return this.attempt(() => this.#load());
      error.hidden = false;
      error.textContent = t(error_key(reason));
      say(error.textContent, true);
    }
  }

  /** The provider's page, which leads back to ours. */
  async #pay_url(id: string, others: boolean): Promise<string> {
    const key = random_key();
    for (let tries = 0; tries < PENDING_TRIES; tries++) {
      const answer = await checkout_create(id, others, key);
      if ('pay_url' in answer) {
        const url = new URL(answer.pay_url);
        url.searchParams.set('return_url', `${location.origin}/pay/return?reservation=${id}`);
        return url.href;
      }
      await new Promise((done) => setTimeout(done, PENDING_MS));
    }
    throw new Problem(503, {});
  }

  async #give_back(id: string): Promise<void> {
    try {
      mine_note(await reservation_cancel(id));
      say(t('cart.given_back'));
    } catch (error) {
      say(t(error_key(error)), true);
    }
    await this.attempt(() => this.#load());
    this.querySelector<HTMLElement>('h1')?.focus();
  }

  /** The deadline has passed here; the server has the last word, a payment may be on its way. */
  #expired(box: HTMLElement, event: EventDetail, reservation: Reservation): void {
    if (Date.parse(reservation.expires_at) > now_ms()) return;
    const again = () => go(`/events/${event.id}`);
    replace(
      find(box, '.pay'),
      icon('warning'),
      h('h3', { tabindex: -1 }, t('cart.expired')),
      h('p', null, t('cart.expired_text')),
      h('button', { class: 'button main', onclick: again }, t('cart.again')),
    );
    box.classList.add('ended');
    void reservation_read(reservation.id).then(mine_note, () => undefined);
  }
}

function seat_field(key: 'seat.section' | 'seat.row' | 'seat.seat', value: string): HTMLElement {
  return h(
    'span',
    { class: 'seat-field' },
    h('span', { class: 'seat-field-name' }, t(key)),
    h('span', { class: 'seat-field-value' }, value),
  );
}

customElements.define('page-cart', PageCart);
