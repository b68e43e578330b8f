// Every kind of seat of one zoom, drawn once into one bitmap and copied from there: a copy costs a
// fraction of a path. Small seats are kept at several fractions of a pixel, so that rows look
// straight.
import { Kind, seat_draw, type Context } from './glyphs.ts';
import type { Theme } from './theme.ts';

const KINDS_ONCE = 4; // held, sold, blocked, faint of one category follow the others
const KINDS_EACH = 4; // free, accessible, companion, faint

// Where a kind's sprite stands; category counts for those that have a colour.
export function sprite_of(kind: Kind, category: number): number {
  switch (kind) {
    case Kind.held:
      return 0;
    case Kind.sold:
      return 1;
    case Kind.blocked:
      return 2;
    case Kind.accessible:
      return KINDS_ONCE + KINDS_EACH * category + 1;
    case Kind.companion:
      return KINDS_ONCE + KINDS_EACH * category + 2;
    case Kind.faint:
      return KINDS_ONCE + KINDS_EACH * category + 3;
    default:
      return KINDS_ONCE + KINDS_EACH * category;
  }
}

export class Sprites {
  private readonly side: number;
  private readonly phases: number; // along each axis
  private readonly middle: number;
  private readonly columns: number;
  private readonly bitmap: OffscreenCanvas;

  constructor(
    theme: Theme,
    readonly radius: number, // device pixels
  ) {
    const count = KINDS_ONCE + KINDS_EACH * theme.categories.length;
    this.phases = radius < 6 ? 4 : radius < 12 ? 2 : 1;
    this.middle = Math.ceil(radius) + 1;
    this.side = 2 * this.middle + 1;
    this.columns = this.phases * this.phases;
    this.bitmap = new OffscreenCanvas(this.side * this.columns, this.side * count);
    const c = this.bitmap.getContext('2d')!;
    const put = (kind: Kind, category: number) => this.put(c, theme, kind, category);
    for (const kind of [Kind.held, Kind.sold, Kind.blocked]) put(kind, 0);
    for (let category = 0; category < theme.categories.length; category++) {
      for (const kind of [Kind.free, Kind.accessible, Kind.companion, Kind.faint]) {
        put(kind, category);
      }
    }
  }

  private put(c: Context, theme: Theme, kind: Kind, category: number): void {
    const top = sprite_of(kind, category) * this.side;
    for (let phase = 0; phase < this.columns; phase++) {
      const left = phase * this.side;
      const dx = (phase % this.phases) / this.phases;
      const dy = Math.floor(phase / this.phases) / this.phases;
      c.save();
      c.beginPath();
      c.rect(left, top, this.side, this.side);
      c.clip();
      const [x, y] = [left + this.middle + dx, top + this.middle + dy];
      seat_draw(c, theme, kind, category, x, y, this.radius);
      c.restore();
    }
  }

  // Copies a sprite so that its middle lies at (x, y), to the nearest phase.
  draw(c: Context, sprite: number, x: number, y: number): void {
    const { phases, side, middle } = this;
    const px = Math.round(x * phases);
    const py = Math.round(y * phases);
    const ix = Math.floor(px / phases);
    const iy = Math.floor(py / phases);
    const phase = (py - iy * phases) * phases + px - ix * phases;
    c.drawImage(
      this.bitmap, phase * side, sprite * side, side, side, ix - middle, iy - middle, side, side,
    );
  }
}
