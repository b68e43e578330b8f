// Seats that went to somebody else meanwhile: which they are, and which free ones are near.
import type { EventDetail } from '#api';
import type { ChosenSeat } from '../data/choice.ts';
import { money } from '../format.ts';
import { t } from '../i18n.ts';
import { h } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { seat_text } from './seat-tray.ts';

const SHOWN_MAX = 6;

export function conflict_box(
  event: EventDetail,
  lost: ChosenSeat[],
  alternatives: ChosenSeat[],
  take: (seat: ChosenSeat) => void,
): HTMLElement {
  const price = (seat: ChosenSeat) =>
    money(seat.price_minor, event.currency, event.currency_exponent);
  const offer = (seat: ChosenSeat) => {
    const button = h(
      'button',
      { class: 'chip-button', onclick: () => (take(seat), button.remove()) },
      h('span', null, seat_text(seat)),
      h('strong', null, price(seat)),
    );
    return button;
  };
  return h(
    'section',
    { class: 'conflict' },
    icon('warning'),
    h('h2', null, t('conflict.title', { count: lost.length })),
    h(
      'ul',
      { class: 'gone' },
      lost.map((seat) => h('li', null, seat_text(seat))),
    ),
    h('p', null, t('conflict.text')),
    alternatives.length > 0 && [
      h('h3', null, t('conflict.near')),
      h('div', { class: 'offers' }, alternatives.slice(0, SHOWN_MAX).map(offer)),
    ],
  );
}
