// For a computer that others use: makes this browser forget its buyer, after saying what is lost.
import { forget, losses_read, type Losses } from '../data/forget.ts';
import { t } from '../i18n.ts';
import { h, replace } from '../ui/h.ts';
import { error_key, notice } from '../ui/page.ts';
import { say, tell } from '../ui/say.ts';

/** Stands in a page, and in its place once nobody is left whose page it could be. */
export function forget_me(page: HTMLElement): HTMLElement {
  const button = h('button', { class: 'button quiet' }, t('forget.title'));
  button.addEventListener('click', () => void ask(page, button));
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

async function ask(page: HTMLElement, button: HTMLButtonElement, changed = false): Promise<void> {
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
  const no = h('button', { class: 'button quiet' }, t('forget.no'));
  const yes = h('button', { class: 'button danger' }, t('forget.yes'));
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'forget-question' },
    h('h2', { id: 'forget-question' }, t('forget.question')),
    changed && h('p', null, t('forget.changed')),
    words(losses).map((line) => h('p', null, line)),
    h('p', { class: 'dialog-buttons' }, no, yes),
  );
  const sure = async () => {
    yes.disabled = true;
    try {
      const done = await forget(losses);
      dialog.close();
      if (done) over(page);
      else await ask(page, button, true);
    } catch (error) {
      dialog.close();
      tell(t(error_key(error)));
    }
  };
  no.addEventListener('click', () => dialog.close());
  yes.addEventListener('click', () => void sure());
  dialog.addEventListener('close', () => dialog.remove());
  page.append(dialog);
  dialog.showModal();
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
