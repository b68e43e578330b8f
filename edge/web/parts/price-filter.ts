// One chip for each price category; those that are pressed are shown, none pressed means all.
import type { EventDetail } from '#api';
import type { Filter } from '../data/filter.ts';
import { money } from '../format.ts';
import { t } from '../i18n.ts';
import { h } from '../ui/h.ts';

export function price_filter(event: EventDetail, filter: Filter): HTMLElement | null {
  if (event.categories.length < 2) return null;
  const boxes = event.categories.map((_, i) => h('input', { type: 'checkbox', value: i }));
  const changed = () =>
    filter.set(boxes.filter((box) => box.checked).map((box) => Number(box.value)));
  return h(
    'fieldset',
    { class: 'kinds prices', onchange: changed },
    h('legend', { class: 'unseen' }, t('filter.title')),
    event.categories.map((category, i) =>
      h(
        'label',
        { class: 'chip' },
        boxes[i],
        h(
          'span',
          null,
          category.name,
          h('strong', null, money(category.price_minor, event.currency, event.currency_exponent)),
        ),
      ),
    ),
  );
}
