// What there is to see: search, filters, one stub for each event. The address holds the filters, so
// that they survive reload, the back button and being sent to somebody.
import type { Currency, Event } from '#api';
import { events_read } from '../data/api.ts';
import { event_fits, events_query, FIELDS, price_currency } from '../data/event-query.ts';
import { currencies } from '../data/event-store.ts';
import { currency_name } from '../format.ts';
import { t } from '../i18n.ts';
import { category_name, CATEGORIES, event_stub } from '../parts/stub.ts';
import { address_set } from '../router.ts';
import { find, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { error_key, loading, notice, notice_of, Page } from '../ui/page.ts';
import { say } from '../ui/say.ts';

const TYPING_MS = 250;
const ASKED_MAX = 5; // pages of the API for one of ours, when few of their events fit

class PageEvents extends Page {
  #results = h('div', { class: 'stubs' });
  #more = h('div', { class: 'more' });
  #currency = h('select', { id: 'filter-currency', name: 'currency' });
  #asking: AbortController | null = null;
  #count = 0;
  #timer = 0;

  constructor() {
    super();
    this.gone.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      this.#asking?.abort();
    });
  }

  override open(): Promise<void> {
    replace(
      this,
      this.#hero(),
      h('section', { 'aria-label': t('events.results') }, this.#results, this.#more),
    );
    return this.#load();
  }

  #hero(): HTMLElement {
    const given = new URLSearchParams(location.search);
    const form = h('form', { class: 'search', role: 'search', oninput: () => this.#later() });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#changed();
    });
    const field = (name: string, label: string, attributes: Record<string, string>) =>
      h(
        'p',
        { class: `field field-${name}` },
        h('label', { for: `filter-${name}` }, label),
        h('input', { id: `filter-${name}`, name, value: given.get(name) ?? '', ...attributes }),
      );
    const toggle = () => void this.#currency_filled().catch(() => null);
    const filtered = FIELDS.some((name) => name !== 'q' && name !== 'category' && given.get(name));
    form.append(
      h(
        'p',
        { class: 'search-line' },
        h('label', { for: 'filter-q', class: 'unseen' }, t('events.search')),
        icon('search'),
        h('input', {
          id: 'filter-q',
          name: 'q',
          type: 'search',
          placeholder: t('events.search_hint'),
          autocomplete: 'off',
          maxlength: 100,
          value: given.get('q') ?? '',
        }),
      ),
      this.#kinds(given.get('category') ?? ''),
      h(
        'details',
        { class: 'filters', open: filtered, ontoggle: toggle },
        h('summary', null, t('events.filters')),
        h(
          'div',
          { class: 'fields' },
          field('city', t('events.city'), { type: 'text', maxlength: '80', autocomplete: 'off' }),
          field('from', t('events.from'), { type: 'date' }),
          field('to', t('events.to'), { type: 'date' }),
          field('price', t('events.price'), {
            type: 'number',
            min: '0',
            step: '1',
            inputmode: 'numeric',
          }),
          h(
            'p',
            { class: 'field' },
            h('label', { for: this.#currency.id }, t('events.currency')),
            this.#currency,
          ),
        ),
      ),
    );
    return h(
      'section',
      { class: 'hero' },
      h('div', { class: 'hero-rows', 'aria-hidden': 'true' }),
      h('h1', { tabindex: -1 }, t('events.headline')),
      form,
    );
  }

  #kinds(chosen: string): HTMLElement {
    const kind = (value: string, name: string) =>
      h(
        'label',
        { class: 'chip' },
        h('input', { type: 'radio', name: 'category', value, checked: value === chosen }),
        h('span', null, name),
      );
    return h(
      'fieldset',
      { class: 'kinds' },
      h('legend', { class: 'unseen' }, t('events.kind')),
      kind('', t('events.all')),
      CATEGORIES.map((name) => kind(name, category_name(name))),
    );
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#changed(), TYPING_MS);
  }

  /** The one that prices are in, as the address or the reader says; null: nothing is sold. */
  async #currency_filled(): Promise<Currency | null> {
    const known = await currencies();
    const given = new URLSearchParams(location.search);
    if (this.#currency.length !== known.length) {
      const chosen = price_currency(given, known);
      const option = ({ code }: Currency) =>
        h('option', { value: code, selected: code === chosen?.code }, currency_name(code));
      replace(this.#currency, known.map(option));
    }
    return known.find(({ code }) => code === this.#currency.value) ?? null;
  }

  #changed(): Promise<void> {
    const query = new URLSearchParams();
    const data = new FormData(find<HTMLFormElement>(this, 'form'));
    for (const name of FIELDS) {
      const value = String(data.get(name) ?? '').trim();
      if (value) query.set(name, value);
    }
    if (!query.has('price')) query.delete('currency');
    address_set(query.size ? `/?${query}` : '/');
    return this.#load();
  }

  async #load(cursor: string | null = null): Promise<void> {
    this.#asking?.abort();
    const { signal } = (this.#asking = new AbortController());
    if (!this.#results.childElementCount) replace(this.#results, loading('ghost-stub', 4));
    this.#results.setAttribute('aria-busy', 'true');
    try {
      const [events, next] = await this.#read(cursor, signal);
      if (signal.aborted) return;
      this.#show(events, next, cursor !== null);
    } catch (error) {
      if (signal.aborted) return;
      const again = () => void this.#load(cursor);
      if (cursor) replace(this.#more, this.#more_failed(error, again));
      else replace(this.#more), replace(this.#results, notice_of(error, again));
    }
    this.#results.removeAttribute('aria-busy');
  }

  /** Those that fit, and where to go on. */
  async #read(cursor: string | null, signal: AbortSignal): Promise<[Event[], string | null]> {
    const given = new URLSearchParams(location.search);
    const currency = given.has('price') ? await this.#currency_filled() : null;
    const found: Event[] = [];
    for (let asked = 0; asked < ASKED_MAX && !found.length; asked++) {
      const page = await events_read(events_query(given, currency, cursor), signal);
      found.push(...page.events.filter((event) => event_fits(event, given)));
      cursor = page.next;
      if (cursor === null) break;
    }
    return [found, cursor];
  }

  #show(events: Event[], next: string | null, further: boolean): void {
    const stubs = events.map(event_stub);
    if (!further) this.#count = 0;
    this.#count += stubs.length;
    if (further) this.#results.append(...stubs);
    else if (stubs.length || next) replace(this.#results, stubs);
    else replace(this.#results, this.#nothing());
    replace(this.#more, next && this.#button('events.more', () => void this.#load(next)));
    if (further) stubs[0]?.querySelector('a')?.focus();
    say(t('events.count', { count: this.#count }));
  }

  #button(words: 'events.more' | 'error.again', onclick: () => void): HTMLElement {
    return h('button', { class: 'button quiet', onclick }, t(words));
  }

  /** What is listed already stays. */
  #more_failed(error: unknown, again: () => void): HTMLElement {
    const text = t(error_key(error));
    say(text, true);
    const button = this.#button('error.again', again);
    return h('p', { class: 'strip warn' }, icon('warning'), h('span', null, text), button);
  }

  #nothing(): HTMLElement {
    const clear = () => {
      address_set('/');
      void this.open();
      find(this, 'h1').focus(); // what was pressed is gone
    };
    const box = notice('search', t('events.none'), h('p', null, t('events.none_hint')));
    if (location.search)
      box.append(
        h('p', null, h('button', { class: 'button quiet', onclick: clear }, t('events.clear'))),
      );
    find(box, 'h1').replaceWith(h('h2', null, t('events.none')));
    return box;
  }
}

customElements.define('page-events', PageEvents);
