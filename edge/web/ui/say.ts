// Words for those who listen: two live regions at the end of the document.
import { h } from './h.ts';

const polite = h('p', { class: 'unseen', role: 'status' });
const urgent = h('p', { class: 'unseen', role: 'alert' });

export function say_attach(): void {
  document.body.append(polite, urgent);
}

/** The same words twice are said twice: the region is emptied in between. */
export function say(text: string, now = false): void {
  const region = now ? urgent : polite;
  region.textContent = '';
  setTimeout(() => (region.textContent = text), 50);
}
