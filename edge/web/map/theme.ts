// The map's colours, read once from the page's custom properties (and again when the scheme
// changes). With forced colours everything is drawn in the system's.

export interface Theme {
  readonly paper: string; // behind everything
  readonly ink: string;
  readonly ink_soft: string;
  readonly line: string;
  readonly accent: string;
  readonly accent_ink: string; // on accent
  readonly held: string;
  readonly sold: string;
  readonly chosen: string;
  readonly chosen_ink: string;
  readonly categories: readonly Rgb[];
  readonly paper_rgb: Rgb;
  readonly dark: boolean;
  readonly forced: boolean;
  readonly font: string;
}

export type Rgb = readonly [number, number, number];

const SEEN_LEAST = 3; // contrast of what is no text (WCAG 1.4.11)

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const at = (i: 0 | 1 | 2) => a[i] + (b[i] - a[i]) * share;
  return [at(0), at(1), at(2)];
}

export function css(color: Rgb, alpha = 1): string {
  const [r, g, b] = color.map(Math.round);
  return alpha < 1 ? `rgb(${r} ${g} ${b} / ${alpha})` : `rgb(${r} ${g} ${b})`;
}

export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

// The colour itself, or as little darker (on dark paper: lighter) as it takes to be seen.
export function color_seen(color: Rgb, paper: Rgb, least = SEEN_LEAST): Rgb {
  const to: Rgb = luminance(paper) > 0.4 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = mix(color, to, share);
    if (contrast(mixed, paper) >= least) return mixed;
  }
  return to;
}

// Which of two inks is read better on a colour.
export function ink_on(color: Rgb): Rgb {
  return contrast(color, [255, 255, 255]) >= 3 ? [255, 255, 255] : [20, 22, 28];
}

// "#rgb", "#rrggbb" (with or without opacity) and "rgb(r, g, b)"; null: another notation.
export function color_parse(text: string): Rgb | null {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(text.trim())?.[1];
  if (hex && hex.length <= 4) {
    const at = (i: number) => 17 * parseInt(hex[i]!, 16);
    return [at(0), at(1), at(2)];
  }
  if (hex) {
    const at = (i: number) => parseInt(hex.slice(i, i + 2), 16);
    return [at(0), at(2), at(4)];
  }
  const parts = /^rgba?\(([^)]*)\)/.exec(text.trim())?.[1]?.split(/[\s,/]+/).map(Number);
  if (!parts || parts.length < 3 || parts.slice(0, 3).some(Number.isNaN)) return null;
  return [parts[0]!, parts[1]!, parts[2]!];
}

// The browser's own reading of any colour, by way of an element that is in the page.
function color_read(probe: HTMLElement, value: string, instead: Rgb): Rgb {
  probe.style.color = '';
  probe.style.color = value;
  return color_parse(getComputedStyle(probe).color) ?? instead;
}

const PALETTES = {
  light: {
    paper: '#ffffff', ink: '#1b1f2a', ink_soft: '#5a6275', line: '#d5dae4', accent: '#1d4ed8',
    held: '#8a6a1f', sold: '#a3aab8', chosen: '#b3134b',
  },
  dark: {
    paper: '#12151c', ink: '#edf0f6', ink_soft: '#a2abbd', line: '#333b4b', accent: '#7aa2ff',
    held: '#d6ad4f', sold: '#5b6476', chosen: '#ff6b98',
  },
  forced: {
    paper: 'Canvas', ink: 'CanvasText', ink_soft: 'CanvasText', line: 'CanvasText',
    accent: 'Highlight', held: 'CanvasText', sold: 'GrayText', chosen: 'Highlight',
  },
};

export function theme_read(probe: HTMLElement, colors: readonly string[]): Theme {
  const forced = matchMedia('(forced-colors: active)').matches;
  const style = getComputedStyle(probe);
  const scheme = matchMedia('(prefers-color-scheme: dark)').matches;
  const own = (name: string) => (forced ? '' : style.getPropertyValue(name).trim());
  const paper_own = own('--paper');
  const paper_rgb_own = paper_own ? color_read(probe, paper_own, [255, 255, 255]) : null;
  const dark = paper_rgb_own ? luminance(paper_rgb_own) < 0.4 : scheme;
  const palette = PALETTES[forced ? 'forced' : dark ? 'dark' : 'light'];
  const rgb = (name: string, value: string) =>
    color_read(probe, own(name) || value, [128, 128, 128]);
  const paper = rgb('--paper', palette.paper);
  const chosen = color_seen(rgb('--seat-chosen', palette.chosen), paper, 4.5);
  const accent = rgb('--accent', palette.accent);
  const link = forced ? color_read(probe, 'LinkText', [0, 0, 238]) : null;
  const seen = (color: Rgb) => color_seen(color, paper);
  return {
    paper: css(paper),
    ink: css(rgb('--ink', palette.ink)),
    ink_soft: css(rgb('--ink-soft', palette.ink_soft)),
    line: css(rgb('--line', palette.line)),
    accent: css(accent),
    accent_ink: css(ink_on(accent)),
    held: css(seen(rgb('--map-held', palette.held))),
    sold: css(color_seen(rgb('--map-sold', palette.sold), paper, 2)),
    chosen: css(chosen),
    chosen_ink: css(ink_on(chosen)),
    categories: colors.map((c) => link ?? seen(color_read(probe, c, [86, 110, 160]))),
    paper_rgb: paper,
    dark: luminance(paper) < 0.4,
    forced,
    font: style.fontFamily || 'system-ui, sans-serif',
  };
}
