// The few elements of <seat-map>'s shadow tree, built without markup in strings.
import { Kind, seat_draw } from './glyphs.ts';
import { style } from './style.ts';
import type { Text } from './text.ts';
import type { Theme } from './theme.ts';

export interface Parts {
  readonly map: HTMLCanvasElement;
  readonly minimap: HTMLCanvasElement;
  readonly zoom_in: HTMLButtonElement;
  readonly zoom_out: HTMLButtonElement;
  readonly fit: HTMLButtonElement;
  readonly box: HTMLButtonElement;
  readonly where: HTMLElement;
  readonly tip: HTMLElement;
  readonly legend: HTMLUListElement;
  readonly help: HTMLElement;
}

const ICONS = {
  zoom_in: 'M12 5v14M5 12h14',
  zoom_out: 'M5 12h14',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  box: 'M4 4h3M10.5 4h3M17 4h3v3M20 10.5v3M20 17v3h-3M13.5 20h-3M7 20H4v-3M4 13.5v-3M4 7V4M9 12h6',
};

const SVG = 'http://www.w3.org/2000/svg';
let sheet: CSSStyleSheet | null = null;

function icon_make(path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

function button_make(icon: keyof typeof ICONS): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(icon_make(ICONS[icon]));
  return button;
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, of: string) {
  const made = document.createElement(name);
  made.className = of;
  return made;
}

export function parts_make(root: ShadowRoot): Parts {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
  }
  root.adoptedStyleSheets = [sheet];
  const parts = {
    map: element('canvas', 'map'),
    minimap: element('canvas', 'minimap'),
    zoom_in: button_make('zoom_in'),
    zoom_out: button_make('zoom_out'),
    fit: button_make('fit'),
    box: button_make('box'),
    where: element('div', 'where'),
    tip: element('div', 'tip'),
    legend: element('ul', 'legend'),
    help: element('div', 'help'),
  };
  const { map, minimap, where, tip, legend, help } = parts;
  map.tabIndex = 0;
  map.setAttribute('role', 'application');
  help.id = 'help';
  map.setAttribute('aria-describedby', 'help');
  minimap.setAttribute('aria-hidden', 'true');
  tip.setAttribute('aria-hidden', 'true');
  minimap.hidden = where.hidden = tip.hidden = true;
  parts.box.setAttribute('aria-pressed', 'false');
  const controls = element('div', 'controls');
  controls.append(parts.zoom_in, parts.zoom_out, parts.fit, parts.box);
  root.append(map, where, legend, minimap, tip, help, controls);
  return parts;
}

export function parts_name(parts: Parts, text: Text, plan: string): void {
  parts.map.setAttribute('aria-label', text('map.label', { name: plan }));
  parts.help.textContent = text('map.help');
  parts.legend.setAttribute('aria-label', text('map.legend'));
  for (const name of ['zoom_in', 'zoom_out', 'fit', 'box'] as const) {
    parts[name].setAttribute('aria-label', text(`map.${name}`));
    parts[name].title = text(`map.${name}`);
  }
}

const LEGEND: readonly (readonly [Kind, string])[] = [
  [Kind.free, 'map.available'],
  [Kind.chosen, 'map.selected'],
  [Kind.held, 'map.held'],
  [Kind.sold, 'map.sold'],
  [Kind.accessible, 'map.accessible'],
];

export function legend_fill(list: HTMLElement, theme: Theme, text: Text, accessible: boolean) {
  const side = 18;
  list.replaceChildren();
  for (const [kind, key] of LEGEND) {
    if (kind === Kind.accessible && !accessible) continue;
    const item = document.createElement('li');
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 2 * side;
    canvas.style.width = canvas.style.height = `${side}px`;
    canvas.setAttribute('aria-hidden', 'true');
    seat_draw(canvas.getContext('2d')!, theme, kind, 0, side, side, kind === Kind.chosen ? 12 : 14);
    item.append(canvas, text(key));
    list.append(item);
  }
}
