// What the map says of a section or a seat, in the page's words.
import { AVAILABLE, BLOCKED, HELD } from './states.ts';
import { FLAG_ACCESSIBLE, FLAG_COMPANION, row_name, seat_number } from './plan.ts';
import type { LabelTexts } from './labels.ts';
import { section_color, type Scene } from './paint.ts';
import type { Selection } from './selection.ts';
import type { Text } from './text.ts';

export interface Price {
  price_minor: number;
  formatted: string;
}

export interface Told extends Scene {
  readonly prices: readonly Price[]; // by category
  readonly selection: Selection;
  readonly mine: readonly number[];
  readonly text: Text;
}

export function section_texts(told: Told, section: number): LabelTexts {
  const { geometry, states, shown, prices, text, theme } = told;
  const free = states.section_free(section, shown);
  const categories = geometry.section_categories[section]!;
  const asked = categories
    .filter((category) => !shown || shown.has(category))
    .flatMap((category) => prices[category] ?? [])
    .sort((a, b) => a.price_minor - b.price_minor);
  const [low, high] = [asked[0], asked[asked.length - 1]];
  const range = low && high && low.price_minor !== high.price_minor;
  const category = categories[0]!;
  const faint = shown !== null && !shown.has(category);
  return {
    id: geometry.plan.section_ids[section]!,
    name: geometry.plan.section_names[section]!,
    free: free > 0 ? text('map.free', { count: free }) : text('map.sold_out'),
    price: range
      ? text('map.range', { low: low.formatted, high: high.formatted })
      : (low?.formatted ?? ''),
    ground: section_color(theme, category, states.level(section, category), faint),
  };
}

function seat_state_text(told: Told, seat: number): string {
  const { text, states } = told;
  const flags = told.geometry.plan.seat_flags[seat]!;
  const state = states.of[seat];
  if (told.mine.includes(seat)) return text('map.mine');
  if (told.selection.has(seat)) return text('map.selected');
  if (state === AVAILABLE && flags & FLAG_ACCESSIBLE) return text('map.accessible');
  if (state === AVAILABLE && flags & FLAG_COMPANION) return text('map.companion');
  if (state === AVAILABLE) return text('map.available');
  if (state === BLOCKED) return text('map.blocked');
  return text(state === HELD ? 'map.held' : 'map.sold');
}

// A head and what follows it.
export type Saying = readonly [string, string];

export function seat_said(told: Told, seat: number): Saying {
  const { plan } = told.geometry;
  const category = plan.seat_category[seat]!;
  const name = told.text('map.seat', {
    section: plan.section_names[plan.seat_section[seat]!]!,
    row: row_name(plan, seat),
    seat: seat_number(plan, seat),
  });
  const price = told.prices[category]?.formatted;
  const rest = [plan.categories[category]!.name, price, seat_state_text(told, seat)];
  return [name, rest.filter(Boolean).join(' · ')];
}

export function section_said(told: Told, section: number): Saying {
  const { name, free, price } = section_texts(told, section);
  return [name, [free, price].filter(Boolean).join(' · ')];
}

// Puts a saying into an element, its head in another one.
export function said_fill(into: HTMLElement, head: 'b' | 'strong', saying: Saying): void {
  const name = document.createElement(head);
  name.textContent = saying[0];
  into.replaceChildren(name, head === 'b' ? saying[1] : ` · ${saying[1]}`);
}
