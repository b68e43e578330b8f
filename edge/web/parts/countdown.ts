// Days, hours, minutes and seconds until a sale opens, by the server's time. Sends `opened` once.
import { clock_asked, now_ms } from '../data/clock.ts';
import { number, t, type Key } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';

const UNITS: [Key, number, number][] = [
  ['countdown.days', 86400, Infinity],
  ['countdown.hours', 3600, 24],
  ['countdown.minutes', 60, 60],
  ['countdown.seconds', 1, 60],
];

class CountDown extends HTMLElement {
  #timer = 0;
  #digits = UNITS.map(() => h('span', { class: 'count-digits' }));
  #words = UNITS.map(() => h('span', { class: 'count-unit' }));

  connectedCallback(): void {
    this.setAttribute('role', 'timer');
    replace(
      this,
      UNITS.map((_, i) => h('span', { class: 'count' }, this.#digits[i], this.#words[i])),
    );
    this.#timer = setInterval(() => this.#tick(), 200);
    this.#tick();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const left_s = Math.ceil((Date.parse(this.getAttribute('until') ?? '') - now_ms()) / 1000);
    UNITS.forEach(([key, seconds, of], i) => {
      const count = Math.max(0, Math.floor(left_s / seconds)) % of;
      const text = i === 0 ? number(count) : number(count).padStart(2, number(0));
      if (this.#digits[i]!.textContent === text) return;
      this.#digits[i]!.textContent = text;
      this.#words[i]!.textContent = t(key, { count });
    });
    if (!(left_s <= 0) || !clock_asked()) return;
    clearInterval(this.#timer);
    this.dispatchEvent(new Event('opened'));
  }
}

customElements.define('count-down', CountDown);
