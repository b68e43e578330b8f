// The map beside the list: fetched when it is wanted, and kept in step with what is picked, what is
// free, what is the reader's own and which prices are shown. Sends `advice` (detail: whether the
// choice leaves a single seat over). The list stays the way that needs no map.
import type { EventDetail } from '#api';
import { CHOICE_MAX, type Choice, type ChosenSeat } from '../data/choice.ts';
import { BLOCKED, FREE, HELD, type SeatFeed } from '../data/feed.ts';
import { deadline } from '../data/deadline.ts';
import type { Filter } from '../data/filter.ts';
import { now_ms } from '../data/clock.ts';
import { mine_changes, mine_seats } from '../data/mine.ts';
import { money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import type { Plan } from '../map/plan.ts';
import type { SeatMap } from '../map/seat-map.ts';
import { h, replace } from '../ui/h.ts';
import { loading } from '../ui/page.ts';
import { tell } from '../ui/say.ts';

const PLAN_MS = 60000; // a large house on a slow line

type PlanModule = typeof import('../map/plan.ts');

export class MapPanel extends HTMLElement {
  #feed!: SeatFeed;
  #choice!: Choice;
  #filter!: Filter;
  #map: SeatMap | null = null;
  #plan: Plan | null = null;
  #plans: PlanModule | null = null;
  #loading: Promise<Plan | null> | null = null;
  #ended = new AbortController();

  use(feed: SeatFeed, choice: Choice, filter: Filter): void {
    this.#feed = feed;
    this.#choice = choice;
    this.#filter = filter;
    const { signal } = this.#ended;
    choice.addEventListener('change', () => this.#chosen_show(), { signal });
    feed.addEventListener('load', () => this.#map && (this.#map.states = feed.states.slice()), {
      signal,
    });
    feed.addEventListener(
      'change',
      (e) => this.#map?.apply((e as CustomEvent<Uint32Array>).detail),
      { signal },
    );
    filter.addEventListener('change', () => this.#map && (this.#map.shown = filter.shown), {
      signal,
    });
  }

  disconnectedCallback(): void {
    this.#ended.abort();
  }

  /** Fetches the map the first time; null when it cannot be had. */
  plan_load(): Promise<Plan | null> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  seats_show(seats: number[]): void {
    this.#map?.seats_show(seats);
  }

  /** Free ones near those that were lost, when the map is there. */
  seats_near(lost: number[]): ChosenSeat[] {
    const plan = this.#plan;
    if (!plan) return [];
    const groups = this.#map?.alternatives(lost) ?? [];
    return groups.flat().map((seat) => this.#seat_of(plan, seat));
  }

  /** The best ones side by side; none: there are not so many; null: that is not known. */
  async seats_best(count: number): Promise<ChosenSeat[] | null> {
    const plan = await this.plan_load();
    if (!plan || !this.#map) return null;
    const [group] = this.#map.best(count, 1);
    this.#map.seats_show(group ?? []);
    return (group ?? []).map((seat) => this.#seat_of(plan, seat));
  }

  /** By their ids; what cannot be looked up is left out. */
  async seats_of(ids: string[]): Promise<ChosenSeat[]> {
    const plan = await this.plan_load();
    if (!plan) return [];
    const found = ids.map((id) => this.#plans!.seat_find(plan, id)).filter((seat) => seat >= 0);
    return found.map((seat) => this.#seat_of(plan, seat));
  }

  section_show(section: number): void {
    this.#map?.section_show(section);
  }

  async #load(): Promise<Plan | null> {
    const { event } = this.#feed;
    replace(this, h('p', { class: 'unseen' }, t('event.map_wait')), loading('ghost-map'));
    try {
      const [{ SeatMap, plan_prepare }, plans, answer] = await Promise.all([
        import('../map/seat-map.ts'),
        import('../map/plan.ts'),
        fetch(`${event.plan.url}/map.bin`, { signal: deadline(PLAN_MS) }),
      ]);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const plan = await plan_prepare(plans.plan_read(await answer.arrayBuffer()));
      this.#plans = plans;
      this.#plan = plan;
      this.#show_when_known(() => this.#show(new SeatMap(), plan, event));
      return plan;
    } catch (error) {
      console.warn(error);
      this.#loading = null;
      replace(this, h('p', { class: 'strip warn' }, t('event.map_none')));
      return null;
    }
  }

  /** Not before it is known which seats are free: none would be. */
  #show_when_known(show: () => void): void {
    const { signal } = this.#ended;
    if (signal.aborted) return;
    if (this.#feed.loaded) return show();
    this.#feed.addEventListener('load', show, { once: true, signal });
  }

  #show(map: SeatMap, plan: Plan, event: EventDetail): void {
    map.text = (key, values) => t(key as Key, values ?? {});
    map.plan = plan;
    map.states = this.#feed.states.slice();
    map.maximum = CHOICE_MAX;
    map.prices = event.categories.map(({ price_minor }) => ({
      price_minor,
      formatted: money(price_minor, event.currency, event.currency_exponent),
    }));
    map.shown = this.#filter.shown;
    map.addEventListener('seatpress', (e) => {
      e.preventDefault();
      this.#press(plan, (e as CustomEvent<{ seat: number }>).detail.seat);
    });
    map.addEventListener('selectionchange', (e) => {
      this.#adopt(plan, map);
      const { refused } = (e as CustomEvent<{ refused?: string }>).detail;
      if (refused === 'limit') tell(t('choice.limit', { count: CHOICE_MAX }));
    });
    this.#map = map;
    replace(this, map);
    const { signal } = this.#ended;
    mine_changes.addEventListener('change', () => this.#mine_show(), { signal });
    this.#mine_show();
    this.#chosen_show();
  }

  #seat_of(plan: Plan, index: number): ChosenSeat {
    const { event } = this.#feed;
    const plans = this.#plans!;
    const section = plan.seat_section[index] ?? 0;
    return {
      index,
      id: plans.seat_id(plan, index),
      section: plans.section_name(plan, section),
      row: plans.row_name(plan, index),
      number: plans.seat_number(plan, index),
      price_minor: event.categories[plan.seat_category[index] ?? 0]?.price_minor ?? 0,
    };
  }

  #press(plan: Plan, index: number): void {
    if (this.#choice.has(index)) return this.#choice.remove(index);
    if (this.#map?.mine.includes(index)) return tell(t('seat.mine_hint'));
    const state = this.#feed.states[index] ?? BLOCKED;
    if (state !== FREE) return tell(t(state === HELD ? 'seat.held_hint' : 'seat.taken_hint'));
    if (!this.#choice.add(this.#seat_of(plan, index)))
      tell(t('choice.limit', { count: CHOICE_MAX }));
  }

  /** What a box has picked is picked here too. */
  #adopt(plan: Plan, map: SeatMap): void {
    const wanted = new Set(map.selection);
    this.#choice.take((seat) => !wanted.has(seat.index) && this.#feed.states[seat.index] === FREE);
    for (const index of wanted)
      if (!this.#choice.has(index)) this.#choice.add(this.#seat_of(plan, index));
    this.#chosen_show();
  }

  #chosen_show(): void {
    if (!this.#map) return;
    const chosen = this.#choice.seats.map((seat) => seat.index);
    if (chosen.join() !== this.#map.selection.join()) this.#map.selection = chosen;
    this.dispatchEvent(new CustomEvent('advice', { detail: this.#map.left_over().length > 0 }));
  }

  /** What this browser holds here already. */
  #mine_show(): void {
    const [plan, plans, map] = [this.#plan, this.#plans, this.#map];
    if (!plan || !plans || !map) return;
    const ids = [...mine_seats(this.#feed.event.id, now_ms())];
    map.mine = ids.map((id) => plans.seat_find(plan, id)).filter((seat) => seat >= 0);
  }
}

customElements.define('map-panel', MapPanel);
