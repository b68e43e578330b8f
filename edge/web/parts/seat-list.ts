// The first way to a seat, without a map: sections, then one section's rows and seats as a grid.
// Arrow keys move, Space and Enter pick. One section's seats are in the document at a time.
import type { Seat } from '#api';
import { section_read } from '../data/api.ts';
import { now_ms } from '../data/clock.ts';
import { chosen_of, CHOICE_MAX, type Choice, type ChosenSeat } from '../data/choice.ts';
import { BLOCKED, FREE, HELD, SOLD, type SeatFeed } from '../data/feed.ts';
import type { Filter } from '../data/filter.ts';
import { mine_changes, mine_seats } from '../data/mine.ts';
import { money } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { find, focus_first, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { loading, notice_of } from '../ui/page.ts';
import { tell } from '../ui/say.ts';

const STATES: Key[] = ['seat.free', 'seat.held', 'seat.sold', 'seat.blocked'];
const FIND_FROM = 12; // sections, from which there is a field to find one
const CLASSES = ['free', 'held', 'sold', 'blocked'];
const TOLD = { available: FREE, held: HELD, sold: SOLD, blocked: BLOCKED }; // by a section's answer

interface Cell {
  button: HTMLButtonElement;
  seat: Seat;
  row: number;
  column: number;
}

export class SeatList extends HTMLElement {
  #feed!: SeatFeed;
  #choice!: Choice;
  #filter!: Filter;
  #wanted = ''; // part of a section's name
  #categories: Set<number>[] | null = null; // of each section, once the plan is known
  #section = -1;
  #cells = new Map<number, Cell>(); // by seat index
  #rows: number[][] = []; // seat indexes
  #counts: HTMLElement[] = [];
  #known = new Map<string, ChosenSeat>();
  #mine = new Set<string>(); // ids of seats that this browser holds
  #ended = new AbortController();

  /** Once, after it is in the document. */
  use(feed: SeatFeed, choice: Choice, filter: Filter): void {
    this.#feed = feed;
    this.#choice = choice;
    this.#filter = filter;
    filter.addEventListener('change', () => this.#fresh());
    feed.addEventListener('load', () => this.#fresh());
    feed.addEventListener('change', () => this.#fresh());
    choice.addEventListener('change', () => this.#fresh());
    const { signal } = this.#ended;
    mine_changes.addEventListener('change', () => this.#fresh(), { signal });
    this.#sections_show(false);
  }

  disconnectedCallback(): void {
    this.#ended.abort();
  }

  /** What is known of a seat by its id: of the sections that were opened. */
  known(id: string): ChosenSeat | undefined {
    return this.#known.get(id);
  }

  /** Each seat's section and category: from now on sections without a wanted price are left out. */
  plan_use(plan: { seat_section: ArrayLike<number>; seat_category: ArrayLike<number> }): void {
    this.#categories = this.#feed.event.sections.map(() => new Set());
    for (let i = 0; i < plan.seat_section.length; i++)
      this.#categories[plan.seat_section[i]!]?.add(plan.seat_category[i]!);
    this.#fresh();
  }

  async section_open(section: number, seat?: number): Promise<void> {
    const about = this.#feed.event.sections[section];
    if (!about) return;
    this.#section = section;
    this.dispatchEvent(new CustomEvent('section', { detail: section }));
    const heading = h('h3', { tabindex: -1 }, about.name);
    const ghost = loading('ghost-grid');
    replace(this, this.#back(), heading, ghost);
    heading.focus(); // what was pressed is gone
    try {
      const { seats } = await section_read(this.#feed.event.id, about.id);
      if (!ghost.isConnected) return; // the reader went on
      this.#grid_show(about.name, seats, ghost);
      this.#first_show(heading, seat);
    } catch (error) {
      if (!ghost.isConnected) return;
      const box = notice_of(error, () => void this.section_open(section, seat));
      const title = h('h4', { tabindex: -1 }, t('error.title'));
      find(box, 'h1').replaceWith(title);
      ghost.replaceWith(box);
      if (document.activeElement === heading) title.focus();
    }
  }

  #sections_show(focus: boolean): void {
    const { event } = this.#feed;
    const was = this.#section;
    this.#section = -1;
    this.#cells.clear();
    this.#counts = event.sections.map(() => h('span', { class: 'section-free' }));
    const rows = event.sections.map((section, i) =>
      h(
        'li',
        null,
        h(
          'button',
          { class: 'section-row', 'data-section': i, onclick: () => void this.section_open(i) },
          h('span', { class: 'section-name' }, section.name),
          this.#counts[i],
          icon('arrow'),
        ),
      ),
    );
    const none = h('p', { class: 'hint none-found', hidden: true }, t('list.none'));
    replace(
      this,
      h('h3', { tabindex: -1 }, t('list.sections')),
      event.sections.length >= FIND_FROM && this.#finder(),
      h('ul', { class: 'sections' }, rows),
      none,
    );
    this.#fresh();
    const row = find(this, `[data-section="${Math.max(0, was)}"]`);
    const heading = find(this, 'h3');
    if (focus) focus_first([row, heading]);
  }

  #finder(): HTMLElement {
    const input = h('input', {
      type: 'search',
      id: 'find-section',
      value: this.#wanted,
      autocomplete: 'off',
    });
    input.addEventListener('input', () => {
      this.#wanted = input.value.trim().toLocaleLowerCase();
      this.#fresh();
    });
    return h('p', { class: 'field' }, h('label', { for: 'find-section' }, t('list.find')), input);
  }

  #section_fits(section: number): boolean {
    const name = this.#feed.event.sections[section]!.name.toLocaleLowerCase();
    const categories = this.#categories?.[section];
    const priced = !categories || [...categories].some((category) => this.#filter.has(category));
    return priced && name.includes(this.#wanted);
  }

  #back(): HTMLElement {
    const go = () => this.#sections_show(true);
    return h('button', { class: 'button quiet small', onclick: go }, icon('back'), t('list.back'));
  }

  #grid_show(name: string, seats: Seat[], ghost: HTMLElement): void {
    const first = this.#feed.section_first[this.#section] ?? 0;
    this.#cells.clear();
    this.#rows = [];
    const rows: HTMLElement[] = [];
    let row_name: string | null = null;
    seats.forEach((seat, i) => {
      if (seat.row !== row_name) {
        row_name = seat.row;
        this.#rows.push([]);
        rows.push(this.#row(seat.row));
      }
      const row = this.#rows.length - 1;
      const cell = this.#cell(seat, first + i, row);
      this.#rows[row]!.push(first + i);
      find(rows[row]!, '.seats').append(cell.button);
    });
    const grid = h(
      'div',
      { role: 'grid', class: 'seat-grid', 'aria-label': name, 'aria-multiselectable': 'true' },
      rows,
    );
    grid.addEventListener('keydown', (event) => this.#on_key(event));
    grid.addEventListener('click', (event) => this.#on_click(event));
    ghost.replaceWith(this.#legend(), grid);
    this.#fresh();
  }

  #row(name: string): HTMLElement {
    return h(
      'div',
      { role: 'row', class: 'seat-row' },
      h(
        'span',
        { role: 'rowheader', class: 'row-name' },
        h('span', { class: 'unseen' }, t('seat.row'), ' '),
        name,
      ),
      h('div', { class: 'seats', role: 'presentation' }),
    );
  }

  #cell(seat: Seat, index: number, row: number): Cell {
    const { event } = this.#feed;
    const price = money(seat.price_minor, event.currency, event.currency_exponent);
    const button = h(
      'button',
      { role: 'gridcell', class: 'seat', tabindex: -1, 'data-seat': index },
      h('span', { class: 'seat-number' }, seat.number),
      h('span', { class: 'seat-price' }, price),
    );
    const cell = { button, seat, row, column: this.#rows[row]!.length };
    this.#cells.set(index, cell);
    this.#known.set(seat.id, chosen_of(event, seat, index));
    return cell;
  }

  #legend(): HTMLElement {
    const sample = (kind: string, key: Key) =>
      h('li', null, h('span', { class: `seat sample ${kind}`, 'aria-hidden': 'true' }), t(key));
    return h(
      'ul',
      { class: 'legend' },
      sample('free', 'seat.free'),
      sample('chosen', 'seat.chosen'),
      sample('held', 'seat.held'),
      sample('sold', 'seat.sold'),
    );
  }

  #fresh(): void {
    if (this.#section < 0) this.#sections_fresh();
    this.#mine = mine_seats(this.#feed.event.id, now_ms());
    for (const [index, cell] of this.#cells) this.#dress(cell, index, this.#state_of(index));
  }

  /** Until the states of all seats have come, a section's own answer is the best there is. */
  #state_of(index: number): number {
    const { loaded, states } = this.#feed;
    const told = this.#cells.get(index)?.seat.state;
    return (loaded ? states[index] : told && TOLD[told]) ?? BLOCKED;
  }

  #sections_fresh(): void {
    const { event, loaded } = this.#feed;
    let found = 0;
    event.sections.forEach((_, i) => {
      const count = this.#feed.free_in(i);
      const out = this.#counts[i]!;
      out.textContent = loaded ? t('list.free', { count }) : '';
      out.classList.toggle('none', loaded && count === 0);
      const fits = this.#section_fits(i);
      out.closest('li')!.hidden = !fits;
      found += Number(fits);
    });
    find(this, '.none-found').hidden = found > 0;
  }

  #dress(cell: Cell, index: number, state: number): void {
    const chosen = this.#choice.has(index);
    const category = this.#feed.event.categories.findIndex((c) => c.name === cell.seat.category);
    const faint = this.#filter.has(category) || chosen ? '' : ' faint';
    const place = cell.seat.accessible ? ' accessible' : '';
    const mine = !chosen && this.#mine.has(cell.seat.id);
    const kind = mine ? 'mine' : chosen ? 'chosen' : CLASSES[state];
    const mark = `seat ${kind}${place}${faint}`;
    if (cell.button.className === mark) return;
    const { event } = this.#feed;
    const { seat, button } = cell;
    button.className = mark;
    button.setAttribute('aria-selected', String(chosen));
    button.setAttribute('aria-disabled', String(!chosen && (mine || state !== FREE)));
    const parts = [
      t('seat.name', { number: seat.number }),
      money(seat.price_minor, event.currency, event.currency_exponent),
      seat.category,
      seat.accessible ? t('seat.accessible') : seat.companion ? t('seat.companion') : '',
      t(mine ? 'seat.mine' : chosen ? 'seat.chosen' : STATES[state]!),
    ];
    button.setAttribute('aria-label', parts.filter(Boolean).join(', '));
  }

  /** Tab leads to this seat; the focus goes there by itself if it still waits at the heading. */
  #first_show(heading: HTMLElement, wanted?: number): void {
    const free = [...this.#cells.keys()].find((i) => this.#state_of(i) === FREE);
    const index = wanted ?? free ?? this.#rows[0]?.[0];
    const button = index === undefined ? null : this.#tab_to(index);
    if (!button || document.activeElement !== heading) return;
    button.focus();
    button.scrollIntoView({ block: 'nearest' });
  }

  #tab_to(index: number): HTMLElement | undefined {
    for (const { button } of this.#cells.values()) if (button.tabIndex === 0) button.tabIndex = -1;
    const button = this.#cells.get(index)?.button;
    if (button) button.tabIndex = 0;
    return button;
  }

  /** Focus goes to this seat, and Tab comes back to it. */
  #rove(index: number): void {
    this.#tab_to(index)?.focus();
  }

  #on_click(event: MouseEvent): void {
    const button = (event.target as Element).closest<HTMLElement>('[data-seat]');
    if (!button) return;
    const index = Number(button.dataset.seat);
    this.#rove(index);
    this.toggle(index);
  }

  toggle(index: number): void {
    const cell = this.#cells.get(index);
    if (!cell) return;
    if (this.#choice.has(index)) return this.#choice.remove(index);
    if (this.#mine.has(cell.seat.id)) return tell(t('seat.mine_hint'));
    const state = this.#state_of(index);
    if (state !== FREE) return tell(t(state === HELD ? 'seat.held_hint' : 'seat.taken_hint'));
    if (!this.#choice.add(chosen_of(this.#feed.event, cell.seat, index)))
      tell(t('choice.limit', { count: CHOICE_MAX }));
  }

  #on_key(event: KeyboardEvent): void {
    const cell = this.#cells.get(Number((event.target as HTMLElement).dataset.seat));
    if (!cell || event.altKey || event.metaKey) return;
    const to = this.#target(cell, event.key, event.ctrlKey);
    if (to === undefined) return;
    event.preventDefault();
    this.#rove(to);
  }

  /** Where a key leads, in the reading direction of the page. */
  #target(cell: Cell, key: string, far: boolean): number | undefined {
    const step = document.documentElement.dir === 'rtl' ? -1 : 1;
    const row = this.#rows[cell.row]!;
    const line = (n: number) => {
      const other = this.#rows[cell.row + n];
      return other?.[Math.min(cell.column, other.length - 1)];
    };
    if (key === 'ArrowRight') return row[cell.column + step];
    if (key === 'ArrowLeft') return row[cell.column - step];
    if (key === 'ArrowDown') return line(1);
    if (key === 'ArrowUp') return line(-1);
    if (key === 'Home') return far ? this.#rows[0]?.[0] : row[0];
    if (key === 'End') return far ? this.#rows.at(-1)?.at(-1) : row.at(-1);
    return undefined;
  }
}

customElements.define('seat-list', SeatList);
