// What is held: one box for each reservation, which stays what the reader has made of it while
// others come and go.
import type { EventDetail, Reservation } from '#api';
import { is_decided, is_nobody, reservations_read, session_put } from '../data/api.ts';
import { attempt_send, attempts_open, type Attempt } from '../data/attempt.ts';
import { event_of } from '../data/event-store.ts';
import { mine_changes, mine_ids, mine_note_all, mine_signed } from '../data/mine.ts';
import { t } from '../i18n.ts';
import '../parts/checkout-box.ts';
import type { CheckoutBox } from '../parts/checkout-box.ts';
import { forget_me } from '../parts/forget-me.ts';
import { h, replace } from '../ui/h.ts';
import { error_key, loading, notice, notice_of, Page, warning } from '../ui/page.ts';

const RESERVATIONS = 50; // the newest; whatever is held is among them

class PageCart extends Page {
  #title = h('h1', { tabindex: -1 }, t('cart.title'));
  #list = h('div', null, loading('ghost-stub', 2));
  #failure = h('div', null);
  #wishes = h('div', { class: 'messages' });
  #asking = 0; // wishes that wait for their answer
  #forget = h('div', null);
  #boxes = new Map<string, CheckoutBox>();
  #email = '';
  #reading = false;
  #again = false;
  #noting = false;

  override async open(): Promise<void> {
    const signal = this.gone;
    replace(this, this.#title, this.#wishes, this.#list, this.#failure, this.#forget);
    mine_changes.addEventListener('change', () => this.#changed(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.#back(), { signal });
    // Seats whose reservation was asked for and not answered belong here too.
    for (const attempt of attempts_open()) void this.#wish(attempt);
    await this.#refresh();
  }

  /** What comes of it is told here: it is not to be seen in what is held. */
  async #wish(attempt: Attempt): Promise<void> {
    const line = h('p', { class: 'strip', role: 'status' }, t('cart.wish_asking'));
    this.#asking++;
    this.#wishes.append(line);
    try {
      await attempt_send(attempt);
      line.remove();
    } catch (error) {
      if (!this.gone.aborted) line.replaceWith(this.#wish_failed(attempt, error));
    }
    this.#asking--;
    if (!this.gone.aborted) await this.#refresh();
  }

  #wish_failed(attempt: Attempt, error: unknown): HTMLElement {
    const href = `/events/${attempt.event}`;
    if (is_decided(error)) {
      const stranger = error_key(error) === 'error.stranger';
      const text = t(stranger ? 'error.stranger' : 'cart.wish_refused');
      return warning(text, h('a', { href }, t('cart.again')));
    }
    const again = () => (line.remove(), void this.#wish(attempt));
    const button = h('button', { class: 'button small', onclick: again }, t('error.again'));
    const line = warning(t('event.unsure'), button);
    return line;
  }

  /** From the provider's page, to this one as it was left. */
  #back(): void {
    for (const box of this.#boxes.values()) if (!box.ended) box.ready();
    void this.#refresh();
  }

  /** Reads what is held, and once more when something changes meanwhile. */
  async #refresh(): Promise<void> {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    while (this.#again && !this.gone.aborted) {
      this.#again = false;
      await this.#read_all();
    }
    this.#reading = false;
  }

  async #read_all(): Promise<void> {
    let failure: unknown = null;
    let held: [Reservation, EventDetail | null][] = [];
    try {
      const ids = mine_ids(this.#boxes.keys());
      const reservations = await this.#reservations(ids);
      this.#note(ids, reservations);
      const shown = reservations.filter((r) => r.state === 'held' || this.#boxes.has(r.id));
      held = await Promise.all(
        shown.map(async (r) => [r, await event_of(r.event_id).catch((e) => ((failure = e), null))]),
      );
      if (held.length && !this.#email && mine_signed()) this.#email = await this.#address();
    } catch (error) {
      failure = error;
    }
    if (this.gone.aborted) return;
    if (!this.#boxes.size) replace(this.#list);
    for (const [reservation, event] of held) this.#adopt(reservation, event);
    this.#failure_show(failure);
  }

  /** Asked also when nothing kept here says that this browser is somebody: the cookie may. */
  async #reservations(ids: string[]): Promise<Reservation[]> {
    try {
      return (await reservations_read(RESERVATIONS, ids)).reservations;
    } catch (error) {
      if (is_nobody(error)) return [];
      throw error;
    }
  }

  /** Without being told of it in turn. */
  #note(asked: string[], reservations: Reservation[]): void {
    this.#noting = true;
    mine_note_all(asked, reservations);
    this.#noting = false;
  }

  /** Another tab has reserved, paid or given back something, or a box has. */
  #changed(): void {
    if (!this.#noting) void this.#refresh();
  }

  /** Where this buyer's tickets went the last time. */
  async #address(): Promise<string> {
    return (await session_put().catch(() => null))?.email ?? '';
  }

  #adopt(reservation: Reservation, event: EventDetail | null): void {
    const { id, state } = reservation;
    const box = this.#boxes.get(id);
    if (box?.ended) return;
    if (box) {
      if (!box.update(reservation)) this.#drop(id);
    } else if (event && state === 'held') {
      const made = h('checkout-box') as CheckoutBox;
      made.use(reservation, event, this.#email);
      made.addEventListener('given-back', () => this.#drop(id));
      this.#boxes.set(id, made);
      this.#list.append(made);
    }
  }

  #drop(id: string): void {
    const box = this.#boxes.get(id);
    const focused = box?.contains(document.activeElement);
    box?.remove();
    this.#boxes.delete(id);
    this.#failure_show(null);
    if (focused) this.querySelector<HTMLElement>('h1:not([hidden])')?.focus();
  }

  /** What could not be read, below what could; or that there is nothing. */
  #failure_show(failure: unknown): void {
    const again = () => void this.#refresh();
    const empty = !failure && !this.#boxes.size && !this.#asking;
    const focused = this.#failure.contains(document.activeElement);
    this.#title.hidden = empty;
    replace(this.#failure, failure ? notice_of(failure, again) : empty && this.#empty());
    if (focused) this.querySelector<HTMLElement>('h1:not([hidden])')?.focus();
    if (mine_signed() && !this.#forget.firstChild) this.#forget.append(forget_me(this));
  }

  #empty(): HTMLElement {
    return notice(
      'ticket',
      t('cart.empty'),
      h('p', null, t('cart.empty_text')),
      h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events'))),
    );
  }
}

customElements.define('page-cart', PageCart);
