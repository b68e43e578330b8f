// One event: what it is, how its sale stands, and the way to seats in it.
import type { EventDetail } from '#api';
import { event_read, Offline, Problem, reservation_create } from '../data/api.ts';
import { Choice, type ChosenSeat } from '../data/choice.ts';
import { clock_sync, now_ms } from '../data/clock.ts';
import { FREE, SeatFeed } from '../data/feed.ts';
import { Filter } from '../data/filter.ts';
import { random_key } from '../data/key.ts';
import { mine_held, mine_note } from '../data/mine.ts';
import { date_time, date_whole } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import '../parts/countdown.ts';
import { conflict_box } from '../parts/conflict.ts';
import '../parts/map-panel.ts';
import type { MapPanel } from '../parts/map-panel.ts';
import { price_filter } from '../parts/price-filter.ts';
import '../parts/seat-list.ts';
import type { SeatList } from '../parts/seat-list.ts';
import '../parts/seat-tray.ts';
import { seat_text, type SeatTray } from '../parts/seat-tray.ts';
import {
  category_name,
  day_stub,
  not_yet_on_sale,
  price_range,
  standing,
  stock_of,
} from '../parts/stub.ts';
import { go } from '../router.ts';
import { h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { error_key, loading, Page } from '../ui/page.ts';
import { say } from '../ui/say.ts';

const STATUS_MS = 15000;
const WIDE = '(min-width: 56rem)'; // room for list and map side by side

type Mode = 'open' | 'later' | 'sold_out' | 'paused' | 'closed' | 'cancelled';

const HALTED: Record<Exclude<Mode, 'open' | 'later'>, [Key, Key]> = {
  sold_out: ['sale.sold_out', 'sale.sold_out_text'],
  paused: ['sale.paused', 'sale.paused_text'],
  closed: ['sale.closed', 'sale.closed_text'],
  cancelled: ['sale.cancelled', 'sale.cancelled_text'],
};

class PageEvent extends Page {
  #event!: EventDetail;
  #feed!: SeatFeed;
  #choice = new Choice();
  #sale = h('div', { class: 'sale' });
  #message = h('div', { class: 'messages' });
  #connection = h('div', { class: 'messages' });
  #mode: Mode | null = null;
  #list: SeatList | null = null;
  #map: MapPanel | null = null;
  #filter = new Filter();
  #tray: SeatTray | null = null;
  #attempt = { seats: '', key: '' };

  override open(id: string): Promise<void> {
    replace(this, loading('ghost-event'));
    return this.attempt(async () => {
      this.#event = await event_read(id);
      if (this.gone.aborted) return;
      await clock_sync();
      this.#feed = new SeatFeed(this.#event);
      this.gone.addEventListener('abort', () => this.#feed.stop());
      this.#show();
      this.#feed.addEventListener('load', () => this.#seats_changed());
      this.#feed.addEventListener('change', () => this.#seats_changed());
      this.#feed.addEventListener('trouble', (e) =>
        this.#trouble((e as CustomEvent<boolean>).detail),
      );
      const way = () => (this.dataset.live = this.#feed.way);
      this.#feed.addEventListener('way', way);
      way();
      void this.#feed.start();
      this.every(STATUS_MS, () => void this.#status_read());
    });
  }

  #show(): void {
    const event = this.#event;
    this.title_set(event.name);
    replace(this, this.#head(event), this.#held(), this.#connection, this.#message, this.#sale);
    this.#mode = null;
    this.#sale_show();
  }

  #head(event: EventDetail): HTMLElement {
    const { venue } = event;
    return h(
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
            h('span', null, date_whole(event.starts_at, venue.time_zone)),
          ),
          h('li', null, icon('pin'), h('span', null, `${venue.name}, ${venue.city}`)),
          h(
            'li',
            null,
            icon('ticket'),
            h(
              'span',
              { class: 'fact' },
              h('span', { class: 'price' }, price_range(event)),
              standing(event),
            ),
          ),
        ),
        event.description && h('p', { class: 'description' }, event.description),
      ),
    );
  }

  /** What this browser holds here already. */
  #held(): HTMLElement | null {
    const held = mine_held(now_ms()).find((m) => m.event === this.#event.id);
    if (!held) return null;
    return h(
      'p',
      { class: 'strip' },
      t('event.held'),
      ' ',
      h('a', { href: '/cart' }, t('event.held_go')),
    );
  }

  #mode_now(): Mode {
    const event = this.#event;
    if (event.status === 'paused' || event.status === 'closed' || event.status === 'cancelled')
      return event.status;
    if (not_yet_on_sale(event)) return 'later';
    const free = this.#feed.loaded
      ? this.#feed.states.includes(FREE)
      : event.availability !== 'SOLD_OUT';
    return free || this.#choice.seats.length > 0 ? 'open' : 'sold_out';
  }

  #sale_show(): void {
    const mode = this.#mode_now();
    if (mode === this.#mode) return;
    const first = this.#mode === null;
    this.#mode = mode;
    this.#list = this.#map = this.#tray = null;
    if (mode === 'open') this.#chooser_show();
    else if (mode === 'later') this.#later_show();
    else this.#halted_show(mode);
    if (!first)
      say(t(mode === 'open' ? 'sale.opened' : mode === 'later' ? 'sale.later' : HALTED[mode][0]));
  }

  #later_show(): void {
    const event = this.#event;
    const count = h('count-down', { until: event.sale_starts_at });
    count.addEventListener('opened', () => void this.#opened());
    replace(
      this.#sale,
      h(
        'section',
        { class: 'panel later' },
        h('h2', null, t('sale.later')),
        count,
        h(
          'p',
          null,
          t('sale.later_text', { when: date_time(event.sale_starts_at, event.venue.time_zone) }),
        ),
      ),
    );
  }

  async #opened(): Promise<void> {
    this.#sale_show();
    await this.#feed.refresh();
  }

  #halted_show(mode: Exclude<Mode, 'open' | 'later'>): void {
    const [title, text] = HALTED[mode];
    replace(
      this.#sale,
      h(
        'section',
        { class: 'panel halted' },
        icon('warning'),
        h('h2', null, t(title)),
        h('p', null, t(text)),
      ),
    );
  }

  #chooser_show(): void {
    const list = h('seat-list') as SeatList;
    const tray = h('seat-tray') as SeatTray;
    const map = h('map-panel') as MapPanel;
    const ways = h('div', { class: 'ways', 'data-way': 'list' }, list, map);
    replace(
      this.#sale,
      h(
        'section',
        { class: 'chooser', 'aria-labelledby': 'choose' },
        h('h2', { id: 'choose' }, t('event.choose')),
        price_filter(this.#event, this.#filter),
        this.#ways_switch(ways, map),
        ways,
      ),
      tray,
    );
    map.use(this.#feed, this.#choice, this.#filter);
    list.use(this.#feed, this.#choice, this.#filter);
    tray.use(this.#event, this.#choice);
    tray.addEventListener('reserve', () => void this.#reserve());
    list.addEventListener('section', (e) => map.section_show((e as CustomEvent<number>).detail));
    this.#list = list;
    this.#map = map;
    this.#tray = tray;
    this.#plan_when_needed(list, map);
  }

  /** Beside the list when there is room, once the first view stands; else when somebody asks. */
  #plan_when_needed(list: SeatList, map: MapPanel): void {
    const load = () => void map.plan_load().then((plan) => plan && list.plan_use(plan));
    const signal = this.gone;
    this.#filter.addEventListener('change', load, { signal });
    const wide = matchMedia(WIDE);
    wide.addEventListener('change', () => wide.matches && load(), { signal });
    if (wide.matches) setTimeout(() => !signal.aborted && load(), 50);
  }

  #ways_switch(ways: HTMLElement, map: MapPanel): HTMLElement {
    const way = (name: 'list' | 'map', words: string) => {
      const button = h(
        'button',
        { class: 'way', 'aria-pressed': String(name === 'list') },
        icon(name),
        words,
      );
      button.addEventListener('click', () => {
        ways.dataset.way = name;
        for (const other of button.parentElement!.children)
          other.setAttribute('aria-pressed', String(other === button));
        if (name === 'map') void map.plan_load();
      });
      return button;
    };
    return h(
      'div',
      { class: 'way-switch', role: 'group', 'aria-label': t('event.ways') },
      way('list', t('event.list')),
      way('map', t('event.map')),
    );
  }

  /** Somebody else was faster with a seat that is picked here. */
  #seats_changed(): void {
    const lost = this.#tray?.busy
      ? []
      : this.#choice.take((s) => this.#feed.states[s.index] !== FREE);
    if (lost.length) this.#lost(lost, []);
    this.#sale_show();
  }

  #lost(lost: ChosenSeat[], alternatives: ChosenSeat[]): void {
    replace(
      this.#message,
      conflict_box(this.#event, lost, alternatives, (seat) => {
        this.#choice.add(seat);
        void this.#list?.section_open(this.#section_of(seat.index), seat.index);
      }),
    );
    if (alternatives.length) this.#map?.seats_show(alternatives.map((seat) => seat.index));
    const first = lost[0];
    if (first) say(t('conflict.said', { count: lost.length, seat: seat_text(first) }), true);
  }

  #section_of(index: number): number {
    return this.#feed.section_first.findIndex((_, i, all) => index < (all[i + 1] ?? 0));
  }

  async #reserve(): Promise<void> {
    const tray = this.#tray;
    if (!tray || tray.busy || !this.#choice.seats.length) return;
    const ids = this.#choice.seats.map((seat) => seat.id);
    // The same seats again are the same wish: should the answer be lost, it is not reserved twice.
    if (this.#attempt.seats !== ids.join())
      this.#attempt = { seats: ids.join(), key: random_key() };
    tray.busy_set(true);
    replace(this.#message);
    try {
      mine_note(await reservation_create(this.#event.id, ids, this.#attempt.key));
      this.#attempt = { seats: '', key: '' };
      go('/cart');
    } catch (error) {
      await this.#refused(error);
    }
    tray.busy_set(false);
  }

  async #refused(error: unknown): Promise<void> {
    const problem = error instanceof Problem ? error : null;
    if (!(error instanceof Offline)) this.#attempt = { seats: '', key: '' };
    if (problem?.code === 'SEATS_UNAVAILABLE') return this.#conflict(problem);
    if (problem?.code === 'EVENT_NOT_ON_SALE' || problem?.code === 'EVENT_CANCELLED')
      return this.#status_read();
    this.#tell(t(error_key(error)));
  }

  async #conflict(problem: Problem): Promise<void> {
    const gone = new Set(problem.body.seats);
    const lost = this.#choice.take((seat) => gone.has(seat.id));
    await this.#feed.refresh();
    const others = (problem.body.alternatives ?? [])
      .map((id) => this.#list?.known(id))
      .filter((seat): seat is ChosenSeat => seat !== undefined && !this.#choice.has(seat.index));
    this.#lost(lost, others);
  }

  async #status_read(): Promise<void> {
    const event = await event_read(this.#event.id).catch(() => null);
    if (!event || this.gone.aborted) return;
    this.#event = event;
    this.#sale_show();
  }

  #tell(text: string): void {
    replace(this.#message, h('p', { class: 'strip warn' }, icon('warning'), text));
    say(text, true);
  }

  #trouble(on: boolean): void {
    const text = t(navigator.onLine ? 'event.stale' : 'error.offline');
    if (!on) return replace(this.#connection);
    replace(this.#connection, h('p', { class: 'strip warn' }, icon('warning'), text));
    say(text, true);
  }
}

customElements.define('page-event', PageEvent);
