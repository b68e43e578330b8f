// The seats picked so far, what they cost, and the button that reserves them. Stays in sight.
import type { EventDetail } from '#api';
import { CHOICE_MAX, type Choice, type ChosenSeat } from '../data/choice.ts';
import { money } from '../format.ts';
import { t } from '../i18n.ts';
import { focus_first, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { say } from '../ui/say.ts';

export function seat_text(seat: { section: string; row: string; number: string }): string {
  return t('seat.place', { section: seat.section, row: seat.row, number: seat.number });
}

/** Sends `reserve`. */
export class SeatTray extends HTMLElement {
  #event!: EventDetail;
  #choice!: Choice;
  #list = h('ul', { class: 'picked' });
  #sum = h('p', { class: 'sum' });
  #button = h('button', {
    class: 'button main',
    onclick: () => this.dispatchEvent(new Event('reserve')),
  });

  use(event: EventDetail, choice: Choice): void {
    this.#event = event;
    this.#choice = choice;
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', t('choice.title'));
    replace(this, h('div', { class: 'tray-inner' }, this.#list, this.#sum, this.#button));
    choice.addEventListener('change', () => this.#show(true));
    this.#show(false);
  }

  busy_set(busy: boolean): void {
    this.#button.setAttribute('aria-disabled', String(busy));
    this.classList.toggle('busy', busy);
  }

  #price(minor: number): string {
    return money(minor, this.#event.currency, this.#event.currency_exponent);
  }

  #picked(seat: ChosenSeat): HTMLElement {
    return h(
      'li',
      null,
      h('span', { class: 'picked-place' }, seat_text(seat)),
      h('span', { class: 'picked-price' }, this.#price(seat.price_minor)),
      h(
        'button',
        {
          class: 'remove',
          onclick: () => this.#choice.remove(seat.index),
          'data-picked': seat.index,
          'aria-label': t('choice.remove', { seat: seat_text(seat) }),
        },
        icon('close'),
      ),
    );
  }

  /** What had the focus is gone: to the same seat's button, another one's, or where seats are. */
  #focus_keep({ dataset }: HTMLElement): void {
    const places = [
      `.picked [data-picked="${dataset.picked}"]`,
      '.picked button',
      '.seat[tabindex="0"]',
      'seat-list h3',
      '.way[aria-pressed="true"]', // the list is not shown
    ];
    const found = places.map((place) => document.querySelector<HTMLElement>(place));
    focus_first(found, true); // whoever pressed with a finger stays there
  }

  #show(aloud: boolean): void {
    const { seats, total_minor } = this.#choice;
    const focused = this.contains(document.activeElement)
      ? (document.activeElement as HTMLElement)
      : null;
    const count = seats.length;
    this.classList.toggle('empty', count === 0);
    replace(
      this.#list,
      seats.map((seat) => this.#picked(seat)),
    );
    const total = this.#price(total_minor);
    replace(
      this.#sum,
      count
        ? [
            h('span', { class: 'sum-count' }, t('choice.count', { count })),
            h('strong', null, total),
          ]
        : t('choice.none', { count: CHOICE_MAX }),
    );
    this.#button.hidden = count === 0;
    this.#button.textContent = t('choice.reserve', { count });
    if (focused && (!focused.isConnected || focused.hidden)) this.#focus_keep(focused);
    if (aloud && count) say(t('choice.said', { count, total }));
    else if (aloud) say(t('choice.emptied'));
  }
}

customElements.define('seat-tray', SeatTray);
