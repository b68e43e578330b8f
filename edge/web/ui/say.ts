// Words for those who listen: two live regions at the end of the document. What explains why a
// press did nothing is also shown for a while.
import { h } from './h.ts';

const SHOWN_MS = 6000;

const polite = h('p', { class: 'unseen', role: 'status' });
const urgent = h('p', { class: 'unseen', role: 'alert' });
let shown = 0;

export function say_attach(): void {
  document.body.append(polite, urgent);
}

/** The same words twice are said twice: the region is emptied in between. */
export function say(text: string, now = false): void {
  const region = now ? urgent : polite;
  region.textContent = '';
  if (now) urgent.className = 'unseen';
  setTimeout(() => (region.textContent = text), 50);
}

/** Said at once, and shown. */
export function tell(text: string): void {
  say(text, true);
  urgent.className = 'told';
  clearTimeout(shown);
  shown = setTimeout(() => (urgent.className = 'unseen'), SHOWN_MS);
}
