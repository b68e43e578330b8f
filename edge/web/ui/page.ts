// What all pages are: an element that is opened once for an address and goes with it.
import { is_nobody, Offline, Problem } from '../data/api.ts';
import { t, type Key } from '../i18n.ts';
import { h, replace, type Child } from './h.ts';
import { icon, type IconName } from './icon.ts';
import { say } from './say.ts';

export abstract class Page extends HTMLElement {
  #gone = new AbortController();
  /** Aborted when the reader leaves. */
  protected readonly gone = this.#gone.signal;

  /** Shows what is at this address; id is the one in the path. */
  abstract open(id: string): Promise<void> | void;

  disconnectedCallback(): void {
    this.#gone.abort();
  }

  protected title_set(text: string): void {
    if (!this.gone.aborted) document.title = `${text} · cavea`;
  }

  /** Repeats until the reader leaves. */
  protected every(ms: number, work: () => void): void {
    if (this.gone.aborted) return;
    const timer = setInterval(work, ms);
    this.gone.addEventListener('abort', () => clearInterval(timer));
  }

  /** Runs; what goes wrong is shown, with a way to try again. */
  protected async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.gone.aborted) return;
      replace(
        this,
        notice_of(error, () => void this.attempt(work)),
      );
    }
  }
}

export function error_key(error: unknown): Key {
  if (error instanceof Offline) return 'error.offline';
  if (!(error instanceof Problem)) return 'error.other';
  if (error.status === 404) return 'error.lost';
  if (error.status === 401) return is_nobody(error) ? 'error.nobody' : 'error.stranger';
  return error.status === 503 || error.status === 429 ? 'error.busy' : 'error.other';
}

/** A box that says how things are: a heading, words, and what can be done. */
export function notice(name: IconName, title: string, ...content: Child[]): HTMLElement {
  return h('section', { class: 'notice' }, icon(name), h('h1', { tabindex: -1 }, title), content);
}

/** A line that says what went wrong, to those who listen too. */
export function warning(text: string, ...more: Child[]): HTMLElement {
  say(text, true);
  return h(
    'p',
    { class: 'strip warn', tabindex: -1 },
    icon('warning'),
    h('span', null, text),
    more,
  );
}

export function notice_of(error: unknown, again: () => void): HTMLElement {
  const key = error_key(error);
  if (key === 'error.lost') return lost_notice();
  if (key === 'error.other') console.warn(error);
  return notice(
    'warning',
    t('error.title'),
    h('p', null, t(key)),
    h('p', null, h('button', { class: 'button', onclick: again }, t('error.again'))),
  );
}

export function lost_notice(): HTMLElement {
  return notice(
    'search',
    t('lost.title'),
    h('p', null, t('lost.text')),
    h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events'))),
  );
}

/** What stands where something is being fetched: the shape of it, and the word for it. */
export function loading(shape: string, count = 1): HTMLElement {
  return h(
    'div',
    { class: 'loading', role: 'status' },
    h('span', { class: 'unseen' }, t('state.loading')),
    Array.from({ length: count }, () =>
      h('div', { class: `ghost ${shape}`, 'aria-hidden': 'true' }),
    ),
  );
}
