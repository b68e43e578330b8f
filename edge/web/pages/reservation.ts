// One reservation that was paid: its tickets, the calendar, printing, and giving the seats back.
import type { EventDetail, Reservation, Ticket } from '#api';
import { cancellation_create, Problem, reservation_read, tickets_read } from '../data/api.ts';
import { event_of, section_name } from '../data/event-store.ts';
import { calendar_url } from '../data/calendar.ts';
import { mine_note } from '../data/mine.ts';
import { date_whole, money } from '../format.ts';
import { t } from '../i18n.ts';
import { ask } from '../parts/ask.ts';
import { category_name, day_stub, stock_of } from '../parts/stub.ts';
import { find, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { loading, Page, warning } from '../ui/page.ts';
import { say } from '../ui/say.ts';
import { STATES } from './reservations.ts';

const ASK_MS = 1000;
const ASK_MS_MAX = 10000;

class PageReservation extends Page {
  #reservation!: Reservation;
  #event!: EventDetail;
  #tickets: Ticket[] = [];
  #place = h('div', null); // of the tickets

  override open(id: string): Promise<void> {
    replace(this, loading('ghost-stub', 2));
    return this.attempt(() => this.#load(id));
  }

  async #load(id: string): Promise<void> {
    this.#reservation = await reservation_read(id);
    mine_note(this.#reservation);
    const { event_id, state } = this.#reservation;
    const ticketed = state === 'confirmed' || state === 'refunded';
    this.#event = await event_of(event_id);
    this.#tickets = ticketed ? (await tickets_read(id)).tickets : [];
    if (this.gone.aborted) return;
    this.#show();
    this.#wait(ASK_MS);
  }

  get #missing(): boolean {
    const { state, seats } = this.#reservation;
    return state === 'confirmed' && this.#tickets.length < seats.length;
  }

  /** They are signed a moment after the payment: who comes that early sees them come. */
  #wait(pause_ms: number): void {
    if (!this.#missing) return;
    const timer = setTimeout(() => void this.#ask_tickets(pause_ms), pause_ms);
    this.gone.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  async #ask_tickets(pause_ms: number): Promise<void> {
    const { id } = this.#reservation;
    const found = document.hidden ? null : await tickets_read(id).catch(() => null);
    if (this.gone.aborted || !this.#missing) return;
    if (found && found.tickets.length > this.#tickets.length) {
      this.#tickets = found.tickets;
      this.#tickets_show();
      if (!this.#missing) say(t('reservation.tickets'));
    }
    this.#wait(Math.min(ASK_MS_MAX, pause_ms * 1.5));
  }

  #tickets_show(): void {
    const wait = () => h('p', { class: 'strip', role: 'status' }, t('reservation.tickets_wait'));
    replace(this.#place, this.#tickets.length > 0 && this.#stubs(), this.#missing && wait());
  }

  #price(minor: number): string {
    return money(minor, this.#event.currency, this.#event.currency_exponent);
  }

  #show(): void {
    const event = this.#event;
    const { state, outcome, refund_minor } = this.#reservation;
    this.title_set(event.name);
    this.#tickets_show();
    replace(
      this,
      h(
        'header',
        { class: `event-head stock-${stock_of(event.category)}` },
        day_stub(event),
        h(
          'div',
          { class: 'event-words' },
          h('p', { class: 'kind' }, category_name(event.category)),
          h('h1', { tabindex: -1 }, event.name),
          h(
            'ul',
            { class: 'facts' },
            h(
              'li',
              null,
              icon('calendar'),
              h('span', null, date_whole(event.starts_at, event.venue.time_zone)),
            ),
            h('li', null, icon('pin'), h('span', null, `${event.venue.name}, ${event.venue.city}`)),
            h(
              'li',
              null,
              icon('ticket'),
              h(
                'span',
                { class: 'fact' },
                h('span', { class: `state state-${state}` }, t(STATES[state])),
                h('span', null, this.#price(this.#reservation.total_minor)),
              ),
            ),
          ),
        ),
      ),
      state === 'confirmed' &&
        outcome === 'other_seats' &&
        h('p', { class: 'strip' }, t('reservation.other_seats')),
      state === 'refunded' &&
        h(
          'p',
          { class: 'strip' },
          t('reservation.refund', { amount: this.#price(refund_minor ?? 0) }),
        ),
      state === 'held' && h('p', { class: 'strip' }, h('a', { href: '/cart' }, t('event.held_go'))),
      this.#place,
      state === 'confirmed' && this.#tools(),
      state === 'confirmed' && this.#cancellation(),
    );
  }

  #stubs(): HTMLElement {
    return h(
      'section',
      { class: 'ticket-list' },
      h('h2', null, t('reservation.tickets')),
      h(
        'ul',
        null,
        this.#as_reserved().map((ticket) => this.#mini(ticket)),
      ),
    );
  }

  /** They come as they were signed. */
  #as_reserved(): Ticket[] {
    const seats = this.#reservation.seats.map((seat) => seat.id);
    return [...this.#tickets].sort((a, b) => seats.indexOf(a.seat) - seats.indexOf(b.seat));
  }

  /** Tickets of what was given back are void at once, also while that is still being written. */
  #mini(ticket: Ticket): HTMLElement {
    const back = this.#reservation.state === 'refunded';
    const valid = ticket.state === 'valid' && !back;
    const section = section_name(this.#event, ticket.section);
    const { row, number } = ticket;
    const words = valid
      ? 'ticket.show'
      : ticket.state === 'used'
        ? 'ticket.used'
        : 'ticket.revoked';
    return h(
      'li',
      { class: valid ? '' : 'over' },
      h(
        'a',
        { href: `/tickets/${ticket.id}`, class: `mini stock-${stock_of(this.#event.category)}` },
        h('span', { class: 'mini-seat' }, t('seat.place', { section, row, number })),
        h('span', { class: 'mini-go' }, t(words), icon('arrow')),
      ),
    );
  }

  #tools(): HTMLElement {
    return h(
      'p',
      { class: 'tools' },
      h(
        'a',
        {
          class: 'button quiet',
          href: calendar_url(this.#event, this.#reservation.id),
          download: 'calendar.ics',
        },
        icon('calendar'),
        t('ticket.calendar'),
      ),
    );
  }

  #cancellation(): HTMLElement {
    const due = this.#reservation.refund_now_minor ?? 0;
    const box = h('section', { class: 'give-back' }, h('h2', null, t('cancel.title')));
    box.append(
      h(
        'p',
        null,
        t(due > 0 ? 'cancel.due' : 'cancel.nothing_due', {
          amount: this.#price(due),
          total: this.#price(this.#reservation.total_minor),
        }),
      ),
      h(
        'p',
        null,
        h('button', { class: 'button danger', onclick: () => this.#ask(due) }, t('cancel.begin')),
      ),
    );
    return box;
  }

  /** Asked once more, with the amount in the question: tickets become void at once. */
  #ask(due: number): void {
    const amount = this.#price(due);
    const question = {
      title: t('cancel.question', { count: this.#reservation.seats.length }),
      text: t('cancel.consequence', { amount }),
      yes: t('cancel.yes', { amount }),
      no: t('cancel.no'),
    };
    ask(this, question, () => this.#cancel(due));
  }

  /** What comes of it is shown where the question was asked from. */
  async #cancel(due: number): Promise<void> {
    let changed = false;
    try {
      await cancellation_create(this.#reservation.id, due);
    } catch (error) {
      changed = error instanceof Problem && error.code === 'REFUND_CHANGED';
      if (!changed) throw error;
    }
    await this.attempt(() => this.#load(this.#reservation.id));
    if (this.gone.aborted) return;
    if (!changed) say(t('cancel.done', { amount: this.#price(due) }));
    const heading = find(this, 'h1');
    if (!changed) return heading.focus();
    const strip = warning(t('cancel.changed'));
    (this.querySelector('.give-back h2') ?? heading).after(strip);
    strip.focus();
  }
}

customElements.define('page-reservation', PageReservation);
