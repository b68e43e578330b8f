// The way to the cart, on every page: how long the seats are still held, and the voice that says so
// when it becomes short.
import { now_ms } from '../data/clock.ts';
import { mine_changes, mine_held } from '../data/mine.ts';
import { clock_text } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';
import { say } from '../ui/say.ts';

const TICK_MS = 500;
const MARKS: [number, Key][] = [
  [120, 'timer.two_minutes'],
  [60, 'timer.one_minute'],
  [20, 'timer.twenty_seconds'],
];

class CartLink extends HTMLElement {
  #timer = 0;
  #left_s = Infinity;
  #time = h('span', { class: 'cart-time' });
  #update = () => this.#show();

  connectedCallback(): void {
    mine_changes.addEventListener('change', this.#update);
    this.#timer = setInterval(this.#update, TICK_MS);
    this.#show();
  }

  disconnectedCallback(): void {
    mine_changes.removeEventListener('change', this.#update);
    clearInterval(this.#timer);
  }

  #show(): void {
    const now = now_ms();
    const held = mine_held(now);
    const until = Math.min(...held.map((m) => Date.parse(m.until)));
    const left_s = (until - now) / 1000;
    if (!held.length) {
      if (this.#left_s < 1) say(t('timer.expired'), true);
      this.#left_s = Infinity;
      if (this.childElementCount) replace(this);
      return;
    }
    if (!this.childElementCount)
      replace(
        this,
        h('a', { class: 'cart-link', href: '/cart' }, h('span', null, t('cart.title')), this.#time),
      );
    this.#time.textContent = clock_text(left_s);
    for (const [mark_s, key] of MARKS)
      if (this.#left_s > mark_s && left_s <= mark_s && this.#left_s !== Infinity) say(t(key), true);
    this.#left_s = left_s;
  }
}

customElements.define('cart-link', CartLink);
