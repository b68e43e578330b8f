// A question before something that cannot be taken back. It stays while the answer is carried out,
// and says what went wrong with that.
import { t } from '../i18n.ts';
import { h } from '../ui/h.ts';
import { error_key } from '../ui/page.ts';

export interface Question {
  title: string;
  text: string | string[]; // paragraphs
  yes: string;
  no: string;
}

/** Asks in front of a page's part, and goes with it. `work` is done when the answer is yes. */
export function ask(within: Element, question: Question, work: () => Promise<void>): void {
  let busy = false;
  const wrong = h('p', { class: 'field-error', role: 'alert', hidden: true });
  const no = h('button', { class: 'button quiet', onclick: () => dialog.close() }, question.no);
  const yes = h('button', { class: 'button danger', onclick: () => void confirmed() });
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'question' },
    h('h2', { id: 'question' }, question.title),
    [question.text].flat().map((text) => h('p', null, text)),
    wrong,
    h('p', { class: 'dialog-buttons' }, no, yes),
  );

  function busy_set(on: boolean): void {
    busy = on;
    no.disabled = on;
    yes.setAttribute('aria-disabled', String(on)); // it keeps the focus
    yes.textContent = on ? t('cart.paying') : question.yes;
  }

  async function confirmed(): Promise<void> {
    if (busy) return;
    busy_set(true);
    wrong.hidden = true;
    try {
      await work();
      dialog.close();
    } catch (error) {
      wrong.textContent = t(error_key(error));
      wrong.hidden = false;
    }
    busy_set(false);
  }

  busy_set(false);
  dialog.addEventListener('cancel', (event) => busy && event.preventDefault());
  dialog.addEventListener('close', () => dialog.remove());
  within.append(dialog);
  dialog.showModal();
}
