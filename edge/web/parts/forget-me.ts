// For a computer that others use: makes this browser forget its buyer, after saying what is lost.
import { forget, losses_read, type Losses } from '../data/forget.ts';
import { t } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';
import { error_key, notice } from '../ui/page.ts';
import { say, tell } from '../ui/say.ts';
import { ask } from './ask.ts';

/** Stands in a page, and in its place once nobody is left whose page it could be. */
export function forget_me(page: HTMLElement): HTMLElement {
  const button = h('button', { class: 'button quiet' }, t('forget.title'));
  button.addEventListener('click', () => void begin(page, button));
  return h(
    'section',
    { class: 'forget', 'aria-labelledby': 'forget' },
    h('h2', { id: 'forget' }, t('forget.heading')),
    h('p', null, t('forget.text')),
    h('p', null, button),
  );
}

function words({ known, held, tickets, late }: Losses): string[] {
  const seats = held.reduce((sum, r) => sum + r.seats.length, 0);
  const lines = [];
  if (!known) lines.push(t('forget.unknown'));
  if (tickets) lines.push(t('forget.tickets', { count: tickets }));
  if (seats) lines.push(t('forget.held', { count: seats }));
  if (late) lines.push(t('forget.late'));
  return lines.length ? lines : [t('forget.nothing')];
}

async function begin(page: HTMLElement, button: HTMLButtonElement, changed = false) {
  button.disabled = true;
  try {
    const losses = await losses_read();
    if (page.isConnected) question(page, button, losses, changed);
  } catch (error) {
    tell(t(error_key(error)));
  }
  button.disabled = false;
}

function question(page: HTMLElement, button: HTMLButtonElement, losses: Losses, changed: boolean) {
  const text = [changed ? [t('forget.changed')] : [], words(losses)].flat();
  const asked = { title: t('forget.question'), text, yes: t('forget.yes'), no: t('forget.no') };
  ask(page, asked, async () => {
    if (await forget(losses)) over(page);
    else setTimeout(() => void begin(page, button, true)); // when this question is gone
  });
}

function over(page: HTMLElement): void {
  const box = notice(
    'check',
    t('forget.done'),
    h('p', null, t('forget.done_text')),
    h('p', null, h('a', { class: 'button', href: '/' }, t('lost.events'))),
  );
  replace(page, box);
  say(t('forget.done'), true);
  box.querySelector('h1')?.focus();
}
