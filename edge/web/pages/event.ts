// One event: what it is, how its sale stands, and the way to seats in it.
import type { EventDetail } from '#api';
import { event_read, is_decided, Problem, reservation_cancel, session_put } from '../data/api.ts';
import { attempt_begin, attempt_open, attempt_send } from '../data/attempt.ts';
import { attempt_wants, type Attempt } from '../data/attempt.ts';
import { Choice, type ChosenSeat } from '../data/choice.ts';
import { clock_asked, clock_sync, now_ms } from '../data/clock.ts';
import { FREE, SeatFeed } from '../data/feed.ts';
import { Filter } from '../data/filter.ts';
import { mine_changes, mine_note, mine_seats } from '../data/mine.ts';
import { picked, picked_keep } from '../data/picked.ts';
import { date_time, date_whole } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import '../parts/countdown.ts';
import { conflict_box } from '../parts/conflict.ts';
import '../parts/map-panel.ts';
import type { MapPanel } from '../parts/map-panel.ts';
import { best_seats } from '../parts/best-seats.ts';
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
import { h, replace, type Child } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { error_key, loading, Page, warning } from '../ui/page.ts';
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
  #standing = h('div', { class: 'sale' });
  #room = h('div', { class: 'sale' }); // for the chooser, which is made once and then kept
  #connection = h('div', { class: 'messages' });
  #message = h('div', { class: 'messages' });
  #holds = h('div', { class: 'messages' });
  #gone: ChosenSeat[] = []; // that somebody was faster with
  #sending = false;
  #mode: Mode | null = null;
  #list: SeatList | null = null;
  #map: MapPanel | null = null;
  #filter = new Filter();
  #tray: SeatTray | null = null;

  override open(id: string): Promise<void> {
    replace(this, loading('ghost-event'));
    return this.attempt(async () => {
      const event = await event_read(id);
      if (!this.gone.aborted) this.#begin(event);
    });
  }

  #begin(event: EventDetail): void {
    const signal = this.gone;
    const feed = (this.#feed = new SeatFeed(event));
    this.#event = event;
    signal.addEventListener('abort', () => feed.stop());
    // A page that is built anew goes on with what was picked. Who is not free any more is told of.
    const kept = picked(event.id);
    this.#choice.become(kept.length ? kept : (attempt_open(event.id)?.seats ?? []));
    this.#choice.addEventListener('change', () => this.#keep());
    this.#show();
    feed.addEventListener('load', () => this.#seats_changed());
    feed.addEventListener('change', () => this.#seats_changed());
    feed.addEventListener('trouble', (e) => this.#trouble((e as CustomEvent<boolean>).detail));
    const way = () => (this.dataset.live = feed.way);
    feed.addEventListener('way', way);
    way();
    void feed.start();
    this.every(STATUS_MS, () => void this.#status_read());
    if (!clock_asked()) void clock_sync().then(() => this.#sale_show());
    addEventListener('online', () => void this.#resume(), { signal });
    mine_changes.addEventListener('change', () => this.#held_show(), { signal });
    void this.#resume();
  }

  #show(): void {
    const event = this.#event;
    this.title_set(event.name);
    replace(
      this,
      this.#head(event),
      this.#holds,
      this.#connection,
      this.#message,
      this.#standing,
      this.#room,
    );
    this.#held_show();
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
        event.description && h('p', { class: 'description', dir: 'auto' }, event.description),
      ),
    );
  }

  /** What this browser holds here already, by another tab too: it is not to be picked again. */
  #held_show(): void {
    const mine = mine_seats(this.#event.id, now_ms());
    const way = h('a', { href: '/cart' }, t('event.held_go'));
    replace(
      this.#holds,
      mine.size > 0 && h('p', { class: 'strip' }, t('event.held'), ' ', way),
    );
    if (this.#sending || attempt_open(this.#event.id)) return;
    this.#choice.take((seat) => mine.has(seat.id));
    if (this.#gone.length && this.#gone.every((seat) => mine.has(seat.id)))
      this.#message_clear(); // this reader was faster, in a tab that was slower to tell
  }

  #keep(): void {
    if (!this.gone.aborted) picked_keep(this.#event.id, this.#choice.seats);
  }

  #message_clear(): void {
    this.#gone = [];
    replace(this.#message);
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
    if (this.gone.aborted) return;
    const mode = this.#mode_now();
    if (mode === this.#mode) return;
    const first = this.#mode === null;
    this.#mode = mode;
    if (mode === 'open' && !this.#list) this.#chooser_show();
    // Who is choosing while the last seats come and go keeps the list, and the place in it.
    this.#room.hidden = mode !== 'open' && mode !== 'sold_out';
    replace(
      this.#standing,
      mode === 'later' ? this.#later() : mode !== 'open' && this.#halted(mode),
    );
    if (!first)
      say(t(mode === 'open' ? 'sale.opened' : mode === 'later' ? 'sale.later' : HALTED[mode][0]));
  }

  #later(): HTMLElement {
    const event = this.#event;
    const count = h('count-down', { until: event.sale_starts_at });
    count.addEventListener('opened', () => void this.#opened());
    const when = date_time(event.sale_starts_at, event.venue.time_zone);
    return h(
      'section',
      { class: 'panel later' },
      h('h2', null, t('sale.later')),
      count,
      h('p', null, t('sale.later_text', { when })),
    );
  }

  async #opened(): Promise<void> {
    this.#sale_show();
    await Promise.all([this.#status_read(true), this.#feed.refresh()]);
  }

  #halted(mode: Exclude<Mode, 'open' | 'later'>): HTMLElement {
    const [title, text] = HALTED[mode];
    return h(
      'section',
      { class: 'panel halted' },
      icon('warning'),
      h('h2', null, t(title)),
      h('p', null, t(text)),
    );
  }

  #chooser_show(): void {
    const list = h('seat-list') as SeatList;
    const tray = h('seat-tray') as SeatTray;
    const map = h('map-panel') as MapPanel;
    const advice = h('p', { class: 'hint', role: 'status', hidden: true }, t('choice.left_over'));
    const ways = h('div', { class: 'ways', 'data-way': 'list' }, list, map);
    replace(
      this.#room,
      h(
        'section',
        { class: 'chooser', 'aria-labelledby': 'choose' },
        h('h2', { id: 'choose' }, t('event.choose')),
        price_filter(this.#event, this.#filter),
        best_seats(this.#choice, (count) => map.seats_best(count)),
        this.#ways_switch(ways, map),
        ways,
        advice,
      ),
      tray,
    );
    map.addEventListener('advice', (e) => (advice.hidden = !(e as CustomEvent<boolean>).detail));
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

  /** Somebody else was faster with a seat that is picked here, if it is not this reader. */
  #seats_changed(): void {
    const own = mine_seats(this.#event.id, now_ms());
    for (const seat of attempt_open(this.#event.id)?.seats ?? []) own.add(seat.id);
    const gone = (s: ChosenSeat) => this.#feed.states[s.index] !== FREE && !own.has(s.id);
    const known = this.#feed.loaded && !this.#sending;
    const lost = known ? this.#choice.take(gone) : [];
    // Once the map has heard of it too.
    if (lost.length) queueMicrotask(() => this.#lost(lost, this.#near(lost)));
    this.#sale_show();
  }

  #near(lost: ChosenSeat[]): ChosenSeat[] {
    return this.#map?.seats_near(lost.map((seat) => seat.index)) ?? [];
  }

  #lost(lost: ChosenSeat[], alternatives: ChosenSeat[]): void {
    this.#gone = lost;
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
    const { seats } = this.#choice;
    if (!seats.length) return;
    const open = attempt_open(this.#event.id);
    if (open && attempt_wants(open, seats)) return this.#send(() => attempt_send(open));
    await this.#send(async () => {
      if (open) await this.#undo(open);
      await attempt_send(attempt_begin(this.#event, seats));
    });
  }

  /** Sends again what was not answered, and it alone. */
  async #resume(): Promise<void> {
    const open = attempt_open(this.#event.id);
    if (!open) return;
    if (attempt_wants(open, this.#choice.seats)) await this.#send(() => attempt_send(open));
    else await this.#undo(open).catch(() => undefined); // nobody wants these any more
  }

  /** Other seats are wanted now: what the wish before may have got goes back first. */
  async #undo(attempt: Attempt): Promise<void> {
    try {
      mine_note(await reservation_cancel((await attempt_send(attempt)).id));
    } catch (error) {
      if (!is_decided(error)) throw error;
    }
  }

  async #send(work: () => Promise<unknown>): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    this.#tray?.busy_set(true);
    this.#message_clear();
    try {
      await work();
      if (!this.gone.aborted) go('/cart');
    } catch (error) {
      this.#keep(); // a wish that was undone had taken some out
      if (!this.gone.aborted) await this.#refused(error);
    }
    this.#sending = false;
    this.#tray?.busy_set(false);
    if (!this.gone.aborted) this.#seats_changed();
  }

  async #refused(error: unknown): Promise<void> {
    if (!is_decided(error)) {
      const again = () => void this.#resume();
      const button = h('button', { class: 'button small', onclick: again }, t('error.again'));
      return this.#tell(t('event.unsure'), button);
    }
    const problem = error as Problem;
    if (problem.status === 401) return this.#stranger();
    if (problem.code === 'SEATS_UNAVAILABLE') return this.#conflict(problem);
    if (problem.code === 'EVENT_CANCELLED') this.#tell(t('sale.cancelled'));
    else if (problem.code === 'EVENT_NOT_ON_SALE') this.#tell(t('event.not_on_sale'));
    else return this.#tell(t(error_key(error)));
    await this.#status_read(true);
  }

  /** What the cookie leads to is given up by nobody but the reader. */
  #stranger(): void {
    const anew = () =>
      session_put(undefined, true).then(
        () => this.#reserve(),
        (error: unknown) => this.#refused(error),
      );
    const dress = { class: 'button small', onclick: () => void anew() };
    this.#tell(t('event.stranger'), h('button', dress, t('event.anew')));
  }

  async #conflict(problem: Problem): Promise<void> {
    const gone = new Set(problem.body.seats);
    const lost = this.#choice.take((seat) => gone.has(seat.id));
    const [others] = await Promise.all([
      this.#seats_of(problem.body.alternatives ?? []),
      this.#feed.refresh(),
    ]);
    if (this.gone.aborted) return;
    this.#lost(
      lost,
      others.filter((seat) => !this.#choice.has(seat.index)),
    );
  }

  /** By the sections that were opened in the list, else by the plan. */
  async #seats_of(ids: string[]): Promise<ChosenSeat[]> {
    const listed = ids.map((id) => this.#list?.known(id)).filter((seat) => seat !== undefined);
    if (listed.length === ids.length) return listed;
    return (await this.#map?.seats_of(ids)) ?? [];
  }

  async #status_read(fresh = false): Promise<void> {
    const event = await event_read(this.#event.id, fresh).catch(() => null);
    if (!event || this.gone.aborted) return;
    this.#event = event;
    this.#sale_show();
  }

  #tell(text: string, ...more: Child[]): void {
    this.#gone = [];
    replace(this.#message, warning(text, more));
  }

  /** Has a place of its own: what was told about seats stays. */
  #trouble(on: boolean): void {
    const key = navigator.onLine ? 'event.stale' : 'error.offline';
    replace(this.#connection, on && warning(t(key)));
  }
}

customElements.define('page-event', PageEvent);
