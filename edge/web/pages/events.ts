// What there is to see: search, filters, one stub for each event. The address holds the filters, so
// that they survive reload, the back button and being sent to somebody.
import type { EventPage } from '#api';
import { events_read } from '../data/api.ts';
import { t } from '../i18n.ts';
import { category_name, CATEGORIES, event_stub } from '../parts/stub.ts';
import { find, h, replace } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { loading, notice, notice_of, Page } from '../ui/page.ts';
import { say } from '../ui/say.ts';

const FIELDS = ['q', 'category', 'city', 'from', 'to', 'price'] as const;
const TYPING_MS = 250;
const PAGE = 20;
const MINOR = 100;

class PageEvents extends Page {
  #results = h('div', { class: 'stubs' });
  #more = h('div', { class: 'more' });
  #asking: AbortController | null = null;
  #count = 0;
  #timer = 0;

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
        { class: 'filters', open: filtered },
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

  #changed(): Promise<void> {
    const query = new URLSearchParams();
    const data = new FormData(find<HTMLFormElement>(this, 'form'));
    for (const name of FIELDS) {
      const value = String(data.get(name) ?? '').trim();
      if (value) query.set(name, value);
    }
    history.replaceState(null, '', query.size ? `/?${query}` : '/');
    return this.#load();
  }

  /** The address's filters as the API wants them. */
  #query(cursor?: string): URLSearchParams {
    const given = new URLSearchParams(location.search);
    const query = new URLSearchParams({ limit: String(PAGE) });
    for (const name of ['q', 'city', 'category'] as const)
      if (given.get(name)) query.set(name, given.get(name)!);
    if (given.get('from')) query.set('from', `${given.get('from')}T00:00:00Z`);
    if (given.get('to')) query.set('to', `${given.get('to')}T23:59:59Z`);
    if (given.get('price'))
      query.set('price_max', String(Math.round(Number(given.get('price')) * MINOR)));
    if (cursor) query.set('cursor', cursor);
    return query;
  }

  async #load(cursor?: string): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    if (!this.#results.childElementCount) replace(this.#results, loading('ghost-stub', 4));
    this.#results.setAttribute('aria-busy', 'true');
    try {
      const page = await events_read(this.#query(cursor), asking.signal);
      if (asking.signal.aborted) return;
      this.#show(page, cursor !== undefined);
    } catch (error) {
      if (asking.signal.aborted || this.gone.aborted) return;
      replace(this.#more);
      replace(
        this.#results,
        notice_of(error, () => void this.#load(cursor)),
      );
    }
    this.#results.removeAttribute('aria-busy');
  }

  #show(page: EventPage, further: boolean): void {
    const stubs = page.events.map(event_stub);
    if (!further) this.#count = 0;
    this.#count += stubs.length;
    if (further) this.#results.append(...stubs);
    else if (stubs.length) replace(this.#results, stubs);
    else replace(this.#results, this.#nothing());
    const { next } = page;
    replace(
      this.#more,
      next &&
        h(
          'button',
          { class: 'button quiet', onclick: () => void this.#load(next) },
          t('events.more'),
        ),
    );
    if (further) stubs[0]?.querySelector('a')?.focus();
    say(t('events.count', { count: this.#count }));
  }

  #nothing(): HTMLElement {
    const clear = () => {
      history.replaceState(null, '', '/');
      void this.open();
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
