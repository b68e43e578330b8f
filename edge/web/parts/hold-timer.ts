// How long a reservation is still held: minutes, seconds and a bar, from the server's deadline.
// Sends `expired` once for each deadline. Says nothing by itself: the cart's link in the header
// does, on every page.
import { clock_asked, now_ms } from '../data/clock.ts';
import { clock_text } from '../format.ts';
import { t } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';

const TICK_MS = 250;
const SOON_S = 120;

export class HoldTimer extends HTMLElement {
  #timer = 0;
  #told = '';
  #digits = h('span', { class: 'timer-digits' });
  #bar = h('span', { class: 'timer-bar', 'aria-hidden': 'true' }, h('span', null));

  connectedCallback(): void {
    this.setAttribute('role', 'timer');
    replace(this, h('span', { class: 'timer-label' }, t('timer.left')), this.#digits, this.#bar);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const until = this.getAttribute('until') ?? '';
    const left_s = (Date.parse(until) - now_ms()) / 1000;
    const whole_s = Number(this.getAttribute('whole') ?? 600);
    this.#digits.textContent = clock_text(left_s);
    this.classList.toggle('soon', left_s <= SOON_S);
    const bar = this.#bar.firstElementChild as HTMLElement;
    bar.style.inlineSize = `${Math.max(0, Math.min(100, (100 * left_s) / whole_s))}%`;
    if (!(left_s <= 0) || this.#told === until || !clock_asked()) return;
    this.#told = until;
    this.dispatchEvent(new Event('expired', { bubbles: true }));
  }
}

customElements.define('hold-timer', HoldTimer);
