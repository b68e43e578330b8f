// What is held: one box for each reservation, which stays what the reader has made of it while
// others come and go.
import type { EventDetail, Reservation } from '#api';
import { reservations_read, session_put } from '../data/api.ts';
import { attempt_send, attempts_open } from '../data/attempt.ts';
import { event_of } from '../data/event-store.ts';
import { mine_changes, mine_note_all, mine_signed } from '../data/mine.ts';
import { t } from '../i18n.ts';
import '../parts/checkout-box.ts';
import type { CheckoutBox } from '../parts/checkout-box.ts';
import { forget_me } from '../parts/forget-me.ts';
import { h, replace } from '../ui/h.ts';
import { loading, notice, notice_of, Page } from '../ui/page.ts';

const RESERVATIONS = 50; // the newest; whatever is held is among them

class PageCart extends Page {
  #title = h('h1', { tabindex: -1 }, t('cart.title'));
  #list = h('div', null, loading('ghost-stub', 2));
  #failure = h('div', null);
  #forget = h('div', null);
  #boxes = new Map<string, CheckoutBox>();
  #email = '';
  #reading = false;
  #again = false;
  #noting = false;

  override async open(): Promise<void> {
    const signal = this.gone;
    replace(this, this.#title, this.#list, this.#failure, this.#forget);
    mine_changes.addEventListener('change', () => this.#changed(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.#back(), { signal });
    // Seats whose reservation was asked for and not answered belong here too.
    await Promise.all(attempts_open().map((attempt) => attempt_send(attempt).catch(() => null)));
    await this.#refresh();
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
      const page = mine_signed() ? await reservations_read(RESERVATIONS) : null;
      const reservations = page?.reservations ?? [];
      this.#note(reservations);
      const shown = reservations.filter((r) => r.state === 'held' || this.#boxes.has(r.id));
      held = await Promise.all(
        shown.map(async (r) => [r, await event_of(r.event_id).catch((e) => ((failure = e), null))]),
      );
      if (held.length && !this.#email) this.#email = await this.#address();
    } catch (error) {
      failure = error;
    }
    if (this.gone.aborted) return;
    if (!this.#boxes.size) replace(this.#list);
    for (const [reservation, event] of held) this.#adopt(reservation, event);
    this.#failure_show(failure);
  }

  /** Without being told of it in turn. */
  #note(reservations: Reservation[]): void {
    this.#noting = true;
    mine_note_all(reservations);
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
    const empty = !failure && !this.#boxes.size;
    this.#title.hidden = empty;
    replace(this.#failure, failure ? notice_of(failure, again) : empty && this.#empty());
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
