// One ticket, as it is shown at the door and as it is printed.
import type { EventDetail, TicketDetail } from '#api';
import { ticket_read } from '../data/api.ts';
import { calendar_url } from '../data/calendar.ts';
import { event_of, section_name } from '../data/event-store.ts';
import { date_long, time_short } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { category_name, stock_of } from '../parts/stub.ts';
import { h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { mark } from '../ui/mark.ts';
import { loading, Page } from '../ui/page.ts';

const QR_PIXELS = 264;

class PageTicket extends Page {
  override open(id: string): Promise<void> {
    replace(this, loading('ghost-ticket'));
    return this.attempt(async () => {
      const ticket = await ticket_read(id);
      const event = await event_of(ticket.event_id);
      if (!this.gone.aborted) this.#show(ticket, event);
    });
  }

  #show(ticket: TicketDetail, event: EventDetail): void {
    this.title_set(event.name);
    const over = ticket.state !== 'valid';
    const back = `/reservations/${ticket.reservation_id}`;
    replace(
      this,
      h(
        'p',
        { class: 'tools unprinted' },
        h('a', { class: 'button quiet small', href: back }, icon('back'), t('ticket.back')),
      ),
      h(
        'article',
        {
          class: `ticket stock-${stock_of(event.category)}${over ? ' over' : ''}`,
        },
        h(
          'div',
          { class: 'ticket-face' },
          h(
            'p',
            { class: 'ticket-brand' },
            mark(),
            'cavea',
            h('span', { class: 'kind' }, category_name(event.category)),
          ),
          h('h1', { tabindex: -1 }, event.name),
          h(
            'p',
            { class: 'ticket-when' },
            h('span', null, date_long(event.starts_at, event.venue.time_zone)),
            h('span', null, time_short(event.starts_at, event.venue.time_zone)),
          ),
          h('p', { class: 'ticket-where' }, `${event.venue.name}, ${event.venue.city}`),
          h(
            'dl',
            { class: 'ticket-seat' },
            field('seat.section', section_name(event, ticket.section)),
            field('seat.row', ticket.row),
            field('seat.seat', ticket.number),
          ),
        ),
        h('div', { class: 'ticket-code' }, this.#code(ticket)),
      ),
      h(
        'p',
        { class: 'tools unprinted' },
        h(
          'button',
          { class: 'button quiet', onclick: () => print() },
          icon('print'),
          t('ticket.print'),
        ),
        h(
          'a',
          {
            class: 'button quiet',
            href: calendar_url(event, ticket.reservation_id),
            download: 'calendar.ics',
          },
          icon('calendar'),
          t('ticket.calendar'),
        ),
      ),
    );
  }

  #code(ticket: TicketDetail): (HTMLElement | false)[] {
    if (ticket.state === 'revoked')
      return [h('p', { class: 'void' }, icon('close'), t('ticket.revoked'))];
    return [
      h('img', { src: ticket.qr_svg, width: QR_PIXELS, height: QR_PIXELS, alt: t('ticket.code') }),
      h('p', { class: 'code-hint' }, ticket.state === 'used' ? t('ticket.used') : t('ticket.hint')),
    ];
  }
}

function field(key: Key, value: string): HTMLElement {
  return h('div', null, h('dt', null, t(key)), h('dd', null, value));
}

customElements.define('page-ticket', PageTicket);
