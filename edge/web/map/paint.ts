// Paints a piece of the map: shapes, sections, and, near enough, every seat. Far away the strength
// of a section's colour tells how much of it is free; near, it is the floor under the seats.
import { AVAILABLE, HELD, SOLD, type States } from './states.ts';
import { boxes_meet, grid_visit, type Box, type Geometry } from './geometry.ts';
import { Kind, type Context } from './glyphs.ts';
import { FLAG_ACCESSIBLE, FLAG_COMPANION, row_name, seat_number, type Shape } from './plan.ts';
import type { Outline } from './outline.ts';
import type { Shown } from './selection.ts';
import { Sprites, sprite_of } from './sprites.ts';
import { color_parse, color_seen, css, ink_on, mix, type Rgb, type Theme } from './theme.ts';

export interface Scene {
  readonly geometry: Geometry;
  readonly states: States;
  readonly theme: Theme;
  readonly shown: Shown;
}

// From so many CSS pixels between neighbours on, something is drawn.
export const PITCH_SEATS = 5;
const PITCH_ROWS = 13;
const PITCH_NUMBERS = 25;

const RADIUS = 0.42; // of the pitch
const STRENGTH = [0, 0.34, 0.52, 0.72, 0.92]; // by level

// How a section is filled far away, by category and level.
export function section_color(theme: Theme, category: number, level: number, faint: boolean): Rgb {
  const color = theme.categories[category] ?? ([128, 128, 128] as const);
  if (faint) return mix(theme.paper_rgb, color, 0.1);
  if (level === 0) return mix(theme.paper_rgb, theme.dark ? [255, 255, 255] : [90, 98, 115], 0.16);
  return mix(theme.paper_rgb, color, STRENGTH[level]!);
}

function kind_of(scene: Scene, seat: number): number {
  const { plan } = scene.geometry;
  const category = plan.seat_category[seat]!;
  switch (scene.states.of[seat]) {
    case AVAILABLE:
      break;
    case HELD:
      return sprite_of(Kind.held, 0);
    case SOLD:
      return sprite_of(Kind.sold, 0);
    default:
      return sprite_of(Kind.blocked, 0);
  }
  if (scene.shown && !scene.shown.has(category)) return sprite_of(Kind.faint, category);
  const flags = plan.seat_flags[seat]!;
  if (flags & FLAG_ACCESSIBLE) return sprite_of(Kind.accessible, category);
  if (flags & FLAG_COMPANION) return sprite_of(Kind.companion, category);
  return sprite_of(Kind.free, category);
}

function path_of(outlines: readonly Outline[]): Path2D {
  const path = new Path2D();
  for (const { points } of outlines) {
    path.moveTo(points[0]!, points[1]!);
    for (let i = 2; i < points.length; i += 2) path.lineTo(points[i]!, points[i + 1]!);
    path.closePath();
  }
  return path;
}

interface Part {
  category: number;
  path: Path2D;
}

export class Painter {
  private parts: Part[][] = []; // by section; made when first painted
  private sprites: Sprites[] = []; // of the last zooms
  private hatch: CanvasPattern | null = null;

  constructor(public scene: Scene) {}

  // The looks have changed: other colours, another filter.
  look(scene: Scene): void {
    if (scene.geometry !== this.scene.geometry) this.parts = [];
    if (scene.theme !== this.scene.theme) {
      this.sprites = [];
      this.hatch = null;
    }
    this.scene = scene;
  }

  section_parts(section: number): Part[] {
    const { geometry } = this.scene;
    return (this.parts[section] ??= geometry.section_categories[section]!.map((category) => ({
      category,
      path: path_of(
        geometry.section_outlines[section]!.filter((outline) => outline.category === category),
      ),
    })));
  }

  // Paints what lies in a box of the world to (0, 0); scale is device pixels per unit.
  paint(c: Context, box: Box, scale: number, ratio: number): void {
    const { geometry } = this.scene;
    const pitch = (geometry.pitch * scale) / ratio;
    const near = pitch >= PITCH_SEATS;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = this.scene.theme.paper;
    c.fillRect(0, 0, (box.x1 - box.x0) * scale + 1, (box.y1 - box.y0) * scale + 1);
    c.setTransform(scale, 0, 0, scale, -box.x0 * scale, -box.y0 * scale);
    for (const shape of geometry.plan.shapes) this.shape_paint(c, shape, scale);
    for (let section = 0; section < geometry.plan.sections; section++) {
      const gap = geometry.section_gap[section]!;
      const reach = { x0: box.x0 - gap, y0: box.y0 - gap, x1: box.x1 + gap, y1: box.y1 + gap };
      if (!boxes_meet(geometry.section_box[section]!, reach)) continue;
      this.section_paint(c, section, scale, ratio, near);
    }
    c.setTransform(1, 0, 0, 1, 0, 0);
    if (!near) return;
    this.seats_paint(c, box, scale);
    if (pitch >= PITCH_NUMBERS) this.numbers_paint(c, box, scale);
    if (pitch >= PITCH_ROWS) this.rows_paint(c, box, scale);
  }

  private shape_paint(c: Context, shape: Shape, scale: number): void {
    const { theme } = this.scene;
    const own = color_parse(shape.color);
    if (shape.type === 'text') {
      if (shape.size * scale < 6) return;
      const { paper_rgb } = theme;
      const ground = theme.dark ? mix([143, 191, 143], paper_rgb, 0.7) : paper_rgb;
      c.fillStyle = theme.forced || !own ? theme.ink_soft : css(color_seen(own, ground, 4));
      c.font = `600 ${shape.size}px ${theme.font}`;
      c.textAlign = 'center';
      c.textBaseline = 'middle';
      c.fillText(shape.text, shape.x, shape.y);
      return;
    }
    if (!own || shape.color === 'transparent') return;
    const pale = theme.forced ? 1 : theme.dark ? 0.7 : 0.25;
    c.fillStyle = css(mix(own, theme.paper_rgb, pale));
    c.strokeStyle = theme.line;
    c.lineWidth = 1 / scale;
    c.beginPath();
    if (shape.type === 'rectangle') c.rect(shape.x, shape.y, shape.width, shape.height);
    else if (shape.type === 'ellipse') {
      c.ellipse(shape.x, shape.y, shape.radius_x, shape.radius_y, 0, 0, 2 * Math.PI);
    } else for (const [x, y] of shape.points) c.lineTo(x, y);
    c.closePath();
    c.fill();
    if (theme.forced) c.stroke();
  }

  private section_paint(c: Context, section: number, scale: number, ratio: number, near: boolean) {
    const { theme, states, shown } = this.scene;
    c.lineJoin = 'round';
    c.lineWidth = ratio / scale;
    for (const { category, path } of this.section_parts(section)) {
      const faint = shown !== null && !shown.has(category);
      const level = states.level(section, category);
      const color = theme.categories[category] ?? ([128, 128, 128] as const);
      c.fillStyle = near
        ? css(mix(theme.paper_rgb, color, faint ? 0.03 : 0.09))
        : css(section_color(theme, category, level, faint));
      c.fill(path);
      if (!near && level === 0) {
        c.fillStyle = this.hatch_of(c, scale, ratio);
        c.fill(path);
      }
      const strength = near ? 0.16 : level === 0 || faint ? 0.3 : 0.9;
      c.strokeStyle = theme.forced ? theme.line : css(mix(theme.paper_rgb, color, strength));
      c.stroke(path);
    }
  }

  // Diagonal lines over what is sold out.
  private hatch_of(c: Context, scale: number, ratio: number): CanvasPattern | string {
    if (!this.hatch) {
      const side = 8;
      const bitmap = new OffscreenCanvas(side, side);
      const h = bitmap.getContext('2d')!;
      h.strokeStyle = this.scene.theme.sold;
      h.lineWidth = 1.2;
      h.beginPath();
      for (const at of [-side, 0, side]) {
        h.moveTo(at - 1, side + 1);
        h.lineTo(at + side + 1, -1);
      }
      h.stroke();
      this.hatch = c.createPattern(bitmap, 'repeat');
    }
    const unit = ratio / scale;
    this.hatch?.setTransform(new DOMMatrix([unit, 0, 0, unit, 0, 0]));
    return this.hatch ?? this.scene.theme.sold;
  }

  private sprites_of(radius: number): Sprites {
    const kept = this.sprites.find((sprites) => sprites.radius === radius);
    if (kept) return kept;
    const made = new Sprites(this.scene.theme, radius);
    this.sprites = [made, ...this.sprites.slice(0, 2)];
    return made;
  }

  private seats_paint(c: Context, box: Box, scale: number): void {
    const { geometry } = this.scene;
    const { seat_x, seat_y } = geometry.plan;
    const sprites = this.sprites_of(RADIUS * geometry.pitch * scale);
    const m = geometry.pitch;
    const around = { x0: box.x0 - m, y0: box.y0 - m, x1: box.x1 + m, y1: box.y1 + m };
    grid_visit(geometry, around, (seat) => {
      const x = (seat_x[seat]! - box.x0) * scale;
      sprites.draw(c, kind_of(this.scene, seat), x, (seat_y[seat]! - box.y0) * scale);
    });
  }

  private numbers_paint(c: Context, box: Box, scale: number): void {
    const { geometry, theme, states, shown } = this.scene;
    const { plan, pitch } = geometry;
    const size = pitch * scale * RADIUS * 0.86;
    const inks = theme.categories.map((color) => css(ink_on(color)));
    c.font = `600 ${size}px ${theme.font}`;
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    const around = {
      x0: box.x0 - pitch, y0: box.y0 - pitch, x1: box.x1 + pitch, y1: box.y1 + pitch,
    };
    grid_visit(geometry, around, (seat) => {
      const category = plan.seat_category[seat]!;
      if (states.of[seat] !== AVAILABLE || plan.seat_flags[seat] !== 0) return;
      if (shown && !shown.has(category)) return;
      c.fillStyle = inks[category] ?? '#fff';
      const number = seat_number(plan, seat);
      const x = (plan.seat_x[seat]! - box.x0) * scale;
      const y = (plan.seat_y[seat]! - box.y0) * scale;
      c.fillText(number.slice(number.lastIndexOf('-') + 1), x, y + size * 0.06, size * 2);
    });
  }

  // Rows' names beside their ends.
  private rows_paint(c: Context, box: Box, scale: number): void {
    const { geometry, theme } = this.scene;
    const { plan, pitch, rows } = geometry;
    const size = Math.max(9, Math.min(0.42 * pitch * scale, 26));
    const m = 2 * pitch;
    const around = { x0: box.x0 - m, y0: box.y0 - m, x1: box.x1 + m, y1: box.y1 + m };
    c.font = `600 ${size}px ${theme.font}`;
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.fillStyle = theme.ink_soft;
    const put = (seat: number, from: number) => {
      const [x, y] = [plan.seat_x[seat]!, plan.seat_y[seat]!];
      if (x < around.x0 || x > around.x1 || y < around.y0 || y > around.y1) return;
      const [dx, dy] = [x - plan.seat_x[from]!, y - plan.seat_y[from]!];
      const reach = (0.92 * pitch) / (Math.hypot(dx, dy) || 1);
      const [lx, ly] = [x + dx * reach - box.x0, y + dy * reach - box.y0];
      c.fillText(row_name(plan, seat), lx * scale, ly * scale);
    };
    for (let row = 0; row < plan.rows; row++) {
      const first = plan.row_first[row]!;
      const last = plan.row_first[row + 1]! - 1;
      if (last === first) continue;
      put(rows.placed[first]!, rows.placed[first + 1]!);
      put(rows.placed[last]!, rows.placed[last - 1]!);
    }
  }
}
