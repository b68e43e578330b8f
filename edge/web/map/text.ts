// The map's words in English, and what stands for them until the page gives its own.

export type Values = Record<string, string | number>;
export type Text = (key: string, values?: Values) => string;
type Entry = string | { one: string; other: string };

export const map_text_en: Record<string, Entry> = {
  'map.label': 'Seat map: {name}',
  'map.help':
    'Drag to move, scroll or pinch to zoom, press a section or a seat. With the keyboard: arrow ' +
    'keys move, plus and minus zoom, 0 shows the whole map. Seats can be chosen by keyboard in ' +
    'the list.',
  'map.zoom_in': 'Zoom in',
  'map.zoom_out': 'Zoom out',
  'map.fit': 'Show the whole map',
  'map.box': 'Choose several seats by drawing a box',
  'map.overview': 'Overview',
  'map.free': { one: '{count} free', other: '{count} free' },
  'map.sold_out': 'Sold out',
  'map.range': '{low} – {high}',
  'map.row': 'Row {row}',
  'map.seat': '{section}, row {row}, seat {seat}',
  'map.available': 'Available',
  'map.selected': 'Your choice',
  'map.mine': 'Yours',
  'map.held': 'In somebody’s cart',
  'map.sold': 'Sold',
  'map.blocked': 'Not for sale',
  'map.accessible': 'Wheelchair place',
  'map.companion': 'Companion’s seat',
  'map.legend': 'Legend',
};

// The English texts with {value} filled in.
export function text_default(key: string, values: Values = {}): string {
  const entry = map_text_en[key];
  if (entry === undefined) return key;
  const text = typeof entry === 'string' ? entry : values.count === 1 ? entry.one : entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '');
  });
}
