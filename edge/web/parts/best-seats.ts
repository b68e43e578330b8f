// How many seats side by side, and the best of them are picked: by the view, among the prices that
// are shown. Needs the plan, which it has fetched.
import { CHOICE_MAX, type Choice, type ChosenSeat } from '../data/choice.ts';
import { number, t } from '../i18n.ts';
import { h } from '../ui/h.ts';
import { icon } from '../ui/icon.ts';
import { tell } from '../ui/say.ts';

const USUAL = 2;

export function best_seats(
  choice: Choice,
  find: (count: number) => Promise<ChosenSeat[] | null>,
): HTMLElement {
  const counts = Array.from({ length: CHOICE_MAX }, (_, i) => i + 1);
  const select = h(
    'select',
    { id: 'best-count' },
    counts.map((n) => h('option', { value: n, selected: n === USUAL }, number(n))),
  );
  const pick = async (event: Event) => {
    event.preventDefault();
    const seats = await find(Number(select.value));
    if (!seats) return tell(t('seat.unknown'));
    if (!seats.length) return tell(t('best.none'));
    choice.become(seats);
  };
  return h(
    'form',
    { class: 'best', onsubmit: (event: Event) => void pick(event) },
    h('label', { for: 'best-count' }, t('best.count')),
    select,
    h('button', { class: 'button quiet' }, icon('ticket'), t('best.pick')),
  );
}
