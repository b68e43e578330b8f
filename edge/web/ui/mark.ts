// The mark: a cavea, the rising rows of an ancient theatre, seen from above.
import { svg } from './h.ts';

export function mark(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 36 24', class: 'mark', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', {
      d: 'M3 22a15 15 0 0 1 30 0',
      'stroke-dasharray': '6.5 2.2',
      class: 'mark-outer',
    }),
    svg('path', { d: 'M10.5 22a7.5 7.5 0 0 1 15 0', class: 'mark-inner' }),
  );
}
