// What stands on the sections while seats are too small to see: name, how many are free, prices.
// Each label is drawn once into a bitmap and copied in every frame, so that it stays sharp while
// the map is zoomed. A section shows as many lines as lie inside of it.
import { boxes_meet, section_at, type Geometry } from './geometry.ts';
import type { Camera } from './camera.ts';
import type { Context } from './glyphs.ts';
import { contrast, css, mix, type Rgb, type Theme } from './theme.ts';

export interface LabelTexts {
  readonly id: string; // for where nothing else fits
  readonly name: string;
  readonly free: string;
  readonly price: string;
  readonly ground: Rgb; // what it stands on
}

interface Label {
  stale: boolean; // its texts are older than its section
  variants: Variant[];
  rooms: number[]; // by variant: half of the width that there is for it, in the plan's units
}

interface Variant {
  readonly lines: readonly string[];
  readonly name_size: number;
  readonly width: number; // CSS pixels
  readonly height: number;
  bitmap: OffscreenCanvas | null;
}

const MAKE_MS = 8; // of a frame, for labels that are not ready
const RENEWED_MAX = 24; // labels in a frame, so that many changes at once do not stop a movement
const NAME_SIZE = 13;
const ID_SIZE = 10.5;
const LINE_SIZE = 11.5;
const PAD = 3;
const LINE_HEIGHT = 15;
const ID_HEIGHT = 11; // of figures alone, which must fit into slanting sections
const ROOM_STEPS = 7;

const font_of = (theme: Theme, i: number, name_size: number) =>
  `${i === 0 ? 700 : 500} ${i === 0 ? name_size : LINE_SIZE}px ${theme.font}`;

// Half of the width of the largest box of a shape (height / width) about a section's label place
// whose corners and sides lie inside the section; found by halving.
function room_find(g: Geometry, section: number, shape: number): number {
  const x = g.section_label[2 * section]!;
  const y = g.section_label[2 * section + 1]!;
  const box = g.section_box[section]!;
  const inside = (half: number) => {
    for (const dx of [-half, 0, half]) {
      for (const dy of [-half * shape, half * shape]) {
        if (section_at(g, x + dx, y + dy) !== section) return false;
      }
    }
    return true;
  };
  let low = 0;
  let high = (box.x1 - box.x0) / 2 + g.pitch;
  for (let step = 0; step < ROOM_STEPS; step++) {
    const half = (low + high) / 2;
    if (inside(half)) low = half;
    else high = half;
  }
  return low;
}

export class Labels {
  private labels: Label[] = [];
  private renewed = 0;
  private shown = false; // whether all that were seen have been drawn once
  private measure = new OffscreenCanvas(1, 1).getContext('2d')!;

  constructor(
    private readonly geometry: Geometry,
    private readonly texts_of: (section: number) => LabelTexts,
    private theme: Theme,
    private ratio: number,
  ) {}

  look(theme: Theme, ratio: number): void {
    this.theme = theme;
    this.ratio = ratio;
    for (const label of this.labels) if (label) label.variants = [];
  }

  // A section's texts have changed.
  spoil(section: number): void {
    if (this.labels[section]) this.labels[section].stale = true;
  }

  private label_of(section: number): Label {
    const label = (this.labels[section] ??= { stale: false, variants: [], rooms: [] });
    if (label.stale && this.renewed < RENEWED_MAX) {
      this.renewed++;
      label.stale = false;
      label.variants = [];
    }
    if (label.variants.length === 0) label.variants = this.variants_make(section);
    return label;
  }

  private variants_make(section: number): Variant[] {
    const { id, name, free, price } = this.texts_of(section);
    const lines = [name, free, price].filter((line) => line !== '');
    const variants = lines.map((_, i) => this.variant_make(lines.slice(0, lines.length - i)));
    return [...variants, this.variant_make([id]), this.variant_make([id], ID_SIZE)];
  }

  private variant_make(lines: readonly string[], name_size = NAME_SIZE): Variant {
    const { measure, theme } = this;
    let width = 0;
    lines.forEach((line, i) => {
      measure.font = font_of(theme, i, name_size);
      width = Math.max(width, measure.measureText(line).width);
    });
    const small = name_size < NAME_SIZE;
    const pad = small ? 1 : PAD;
    const height = small ? ID_HEIGHT : lines.length * LINE_HEIGHT + 2 * (pad - 1);
    return { lines, name_size, width: Math.ceil(width) + 2 * pad, height, bitmap: null };
  }

  private bitmap_make(section: number, variant: Variant): OffscreenCanvas {
    const { theme, ratio } = this;
    const { lines, width, height, name_size } = variant;
    const { ground } = this.texts_of(section);
    const inks: Rgb[] = [[255, 255, 255], [18, 20, 26]];
    const ink = contrast(ground, inks[0]!) >= 4.5 ? inks[0]! : inks[1]!;
    const canvas = new OffscreenCanvas(Math.ceil(width * ratio), Math.ceil(height * ratio));
    const c = canvas.getContext('2d')!;
    c.scale(ratio, ratio);
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.lineJoin = 'round';
    c.lineWidth = 3;
    c.strokeStyle = css(ground, 0.85);
    lines.forEach((line, i) => {
      const y = height / 2 + (i + 0.5 - lines.length / 2) * LINE_HEIGHT + 0.5;
      c.font = font_of(theme, i, name_size);
      c.fillStyle = css(i === 0 ? ink : mix(ink, ground, 0.12));
      c.strokeText(line, width / 2, y);
      c.fillText(line, width / 2, y);
    });
    return canvas;
  }

  private room(section: number, label: Label, at: number, variant: Variant): number {
    return (label.rooms[at] ??= room_find(this.geometry, section, variant.height / variant.width));
  }

  // Draws the labels of sections that the camera sees; none while most of them have no room, as a
  // few here and there only puzzle. True when some of them are stale or not ready.
  draw(c: Context, camera: Camera): boolean {
    const { geometry } = this;
    const fitting: [number, Variant][] = [];
    const until = performance.now() + MAKE_MS;
    let [seen, made, late] = [0, 0, false];
    const may_make = () => made++ === 0 || performance.now() <= until;
    this.renewed = 0;
    for (let section = 0; section < geometry.plan.sections; section++) {
      if (!boxes_meet(geometry.section_box[section]!, camera.view)) continue;
      seen++;
      if (!this.labels[section]?.variants.length && !may_make()) {
        late = true;
        continue;
      }
      const label = this.label_of(section);
      const fits = (variant: Variant, at: number) =>
        variant.width / 2 <= this.room(section, label, at, variant) * camera.scale;
      const variant = label.variants.find(fits);
      if (variant) fitting.push([section, variant]);
    }
    const wanted = 2 * fitting.length >= seen ? fitting : [];
    for (const [section, variant] of wanted) {
      if (!variant.bitmap && may_make()) variant.bitmap = this.bitmap_make(section, variant);
      late ||= !variant.bitmap;
    }
    // All at once the first time, and then what is ready, so that nothing blinks.
    this.shown ||= !late;
    for (const [section, variant] of this.shown ? wanted : []) {
      if (variant.bitmap) this.label_draw(c, camera, section, variant.bitmap, variant);
    }
    return late || this.renewed >= RENEWED_MAX;
  }

  private label_draw(
    c: Context,
    camera: Camera,
    section: number,
    bitmap: OffscreenCanvas,
    { width, height }: Variant,
  ): void {
    const { section_label } = this.geometry;
    const x = camera.screen_x(section_label[2 * section]!) - width / 2;
    const y = camera.screen_y(section_label[2 * section + 1]!) - height / 2;
    c.drawImage(bitmap, Math.round(x * this.ratio), Math.round(y * this.ratio));
  }
}
