// The way to the cart, on every page: how long the seats are still held, and the voice that says so
// when it becomes short.
import { now_ms } from '../data/clock.ts';
import { HoldVoice, type Saying } from '../data/hold-voice.ts';
import { mine_changes, mine_held } from '../data/mine.ts';
import { clock_text } from '../format.ts';
import { t, type Key } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';
import { say } from '../ui/say.ts';

const TICK_MS = 500;
const WORDS: Record<Saying, Key> = {
  two_minutes: 'timer.two_minutes',
  one_minute: 'timer.one_minute',
  twenty_seconds: 'timer.twenty_seconds',
  expired: 'timer.expired',
};

class CartLink extends HTMLElement {
  #timer = 0;
  #voice = new HoldVoice();
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
    const sayings = this.#voice.tick(held, now);
    if (sayings.length) say(sayings.map((saying) => t(WORDS[saying])).join(' '), true);
    if (!held.length) {
      if (this.childElementCount) replace(this);
      return;
    }
    if (!this.childElementCount)
      replace(
        this,
        h('a', { class: 'cart-link', href: '/cart' }, h('span', null, t('cart.title')), this.#time),
      );
    const until = Math.min(...held.map((m) => Date.parse(m.until)));
    this.#time.textContent = clock_text((until - now) / 1000);
  }
}

customElements.define('cart-link', CartLink);
