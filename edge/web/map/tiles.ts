// The painted map as square bitmaps, so that moving it copies instead of painting. A layer is all
// tiles of one scale. While the scale changes, the tiles there are are stretched; when it rests, or
// has gone too far, a new layer is painted, a few tiles in each frame, over the one before. The
// layer of the whole map stays beneath, so nothing is ever blank.
import type { Box } from './geometry.ts';
import type { Camera } from './camera.ts';
import type { Context } from './glyphs.ts';

export interface TilePainter {
  // Fills a tile whose upper left corner is the box's with everything, its ground too.
  paint(c: Context, box: Box, scale: number, ratio: number): void;
}

const SIDE = 256; // device pixels
const STRETCH_MAX = 2; // how far a layer is stretched before the next one
const SPARE_MAX = 32; // bitmaps
const KEPT_SCREENS = 3; // as many screens full of tiles are kept in a layer

interface Tile {
  readonly box: Box;
  readonly bitmap: OffscreenCanvas;
  dirty: boolean;
  used: number; // frame
}

class Layer {
  readonly tiles = new Map<number, Tile>();

  constructor(readonly scale: number) {} // device pixels per unit

  get side(): number {
    return SIDE / this.scale;
  }
}

const key_of = (column: number, line: number) => line * 0x10000 + column;

export class Tiles {
  private base: Layer | null = null; // of the whole map
  private current: Layer | null = null;
  private before: Layer | null = null; // shown where current has no tile yet
  private frame = 0;
  private spare: OffscreenCanvas[] = [];

  constructor(
    private readonly painter: TilePainter,
    private readonly bounds: Box,
    private readonly margin: number, // in the plan's units, beyond the bounds
  ) {}

  // Everything looks different.
  clear(): void {
    const layers = [this.base, this.current, this.before];
    this.base = this.current = this.before = null;
    for (const layer of layers) this.layer_drop(layer);
  }

  // What lies in a box looks different, on the layers whose scale fits.
  spoil(box: Box, fits: (scale: number) => boolean): void {
    for (const layer of [this.base, this.current, this.before]) {
      if (!layer || !fits(layer.scale)) continue;
      const { side } = layer;
      const column = (x: number) => Math.floor((x - this.bounds.x0 + this.margin) / side);
      const line = (y: number) => Math.floor((y - this.bounds.y0 + this.margin) / side);
      for (let l = line(box.y0); l <= line(box.y1); l++) {
        for (let c = column(box.x0); c <= column(box.x1); c++) {
          const tile = layer.tiles.get(key_of(c, l));
          if (tile) tile.dirty = true;
        }
      }
    }
  }

  get bytes(): number {
    let tiles = this.spare.length;
    for (const layer of [this.base, this.current, this.before]) tiles += layer?.tiles.size ?? 0;
    return tiles * SIDE * SIDE * 4;
  }

  // Draws what the camera sees and paints for up to budget_ms what is missing; true when something
  // still is. resting: the scale will not change in the next moment.
  draw(c: Context, camera: Camera, ratio: number, resting: boolean, budget_ms: number): boolean {
    const until = performance.now() + budget_ms;
    this.frame++;
    this.layers_choose(camera, ratio, resting);
    const current = this.current!;
    const { missing, dirty } = this.layer_paint(current, camera, ratio, until);
    if (missing > 0 && current !== this.base) {
      this.beneath_draw(c, camera, ratio);
    } else if (missing === 0 && this.before) {
      const before = this.before;
      this.before = null;
      this.layer_drop(before);
    }
    this.layer_draw(c, current, camera, ratio);
    this.layer_trim(current, camera, ratio);
    return missing + dirty > 0 || (!resting && current.scale !== camera.scale * ratio);
  }

  // What is seen where the current layer has no tile yet: the layer before where it has them, and
  // the whole map's. A stretched screen full of pixels is dear, so what is covered is left out.
  private beneath_draw(c: Context, camera: Camera, ratio: number): void {
    const before = this.before;
    if (!before || !this.layer_covers(before, camera)) {
      this.layer_paint(this.base!, camera, ratio, Infinity);
      this.layer_draw(c, this.base!, camera, ratio);
    }
    if (before && before.scale < 2.5 * camera.scale * ratio) {
      this.layer_draw(c, before, camera, ratio);
    }
  }

  private layer_covers(layer: Layer, camera: Camera): boolean {
    const [c0, c1, l0, l1] = this.range(layer, camera);
    for (let line = l0; line <= l1; line++) {
      for (let column = c0; column <= c1; column++) {
        if (!layer.tiles.has(key_of(column, line))) return false;
      }
    }
    return true;
  }

  private layers_choose(camera: Camera, ratio: number, resting: boolean): void {
    const scale = camera.scale * ratio;
    const fit = camera.scale_fit * ratio;
    if (this.base?.scale !== fit) {
      const old = this.base;
      this.base = this.current?.scale === fit ? this.current : new Layer(fit);
      this.layer_drop(old);
    }
    this.current ??= this.base!;
    const stretch = scale / this.current.scale;
    const far = stretch > STRETCH_MAX || stretch < 1 / STRETCH_MAX;
    if (stretch === 1 || (!resting && !far)) return;
    const [before, current] = [this.before, this.current];
    this.current =
      [before, this.base].find((layer) => layer?.scale === scale) ?? new Layer(scale);
    this.before = current === this.base || current === this.current ? null : current;
    this.layer_drop(before);
  }

  // Lets go of a layer that is none of the three any more.
  private layer_drop(layer: Layer | null): void {
    if (!layer || [this.base, this.current, this.before].includes(layer)) return;
    for (const tile of layer.tiles.values()) this.spare_put(tile.bitmap);
    layer.tiles.clear();
  }

  private spare_put(bitmap: OffscreenCanvas): void {
    if (this.spare.length < SPARE_MAX) this.spare.push(bitmap);
  }

  // The columns and lines of a layer that the camera sees.
  private range(layer: Layer, camera: Camera): [number, number, number, number] {
    const { side } = layer;
    const { bounds, margin } = this;
    const x0 = bounds.x0 - margin;
    const y0 = bounds.y0 - margin;
    const view = camera.view;
    const last = (from: number, to: number, end: number) =>
      Math.floor((Math.min(to, end + margin) - from) / side);
    return [
      Math.max(0, Math.floor((view.x0 - x0) / side)), last(x0, view.x1, bounds.x1),
      Math.max(0, Math.floor((view.y0 - y0) / side)), last(y0, view.y1, bounds.y1),
    ];
  }

  // Paints missing tiles first and dirty ones then; returns how many visible ones are left.
  private layer_paint(layer: Layer, camera: Camera, ratio: number, until: number) {
    const [c0, c1, l0, l1] = this.range(layer, camera);
    let missing = 0;
    const dirty: Tile[] = [];
    for (let line = l0; line <= l1; line++) {
      for (let column = c0; column <= c1; column++) {
        const tile = layer.tiles.get(key_of(column, line));
        if (tile) {
          tile.used = this.frame;
          if (tile.dirty) dirty.push(tile);
        } else if (performance.now() < until) this.tile_make(layer, column, line, ratio);
        else missing++;
      }
    }
    for (let tile; performance.now() < until && (tile = dirty.pop()); ) {
      this.tile_paint(layer, tile, ratio);
    }
    return { missing, dirty: dirty.length };
  }

  private tile_make(layer: Layer, column: number, line: number, ratio: number): void {
    const { side } = layer;
    const x0 = this.bounds.x0 - this.margin + column * side;
    const y0 = this.bounds.y0 - this.margin + line * side;
    const tile: Tile = {
      box: { x0, y0, x1: x0 + side, y1: y0 + side },
      bitmap: this.spare.pop() ?? new OffscreenCanvas(SIDE, SIDE),
      dirty: true,
      used: this.frame,
    };
    this.tile_paint(layer, tile, ratio);
    layer.tiles.set(key_of(column, line), tile);
  }

  private tile_paint(layer: Layer, tile: Tile, ratio: number): void {
    const c = tile.bitmap.getContext('2d', { alpha: false })!;
    this.painter.paint(c, tile.box, layer.scale, ratio);
    tile.dirty = false;
  }

  private layer_draw(c: Context, layer: Layer, camera: Camera, ratio: number): void {
    const [c0, c1, l0, l1] = this.range(layer, camera);
    const scale = camera.scale * ratio;
    const stretch = scale / layer.scale;
    const left = Math.round((this.bounds.x0 - this.margin - camera.x) * scale);
    const top = Math.round((this.bounds.y0 - this.margin - camera.y) * scale);
    const step = SIDE * stretch;
    c.imageSmoothingEnabled = stretch !== 1;
    for (let line = l0; line <= l1; line++) {
      for (let column = c0; column <= c1; column++) {
        const tile = layer.tiles.get(key_of(column, line));
        if (!tile) continue;
        const x = Math.round(left + column * step);
        const y = Math.round(top + line * step);
        const w = Math.round(left + (column + 1) * step) - x;
        const h = Math.round(top + (line + 1) * step) - y;
        c.drawImage(tile.bitmap, x, y, w, h);
      }
    }
  }

  // Lets go of the tiles that were not seen for longest.
  private layer_trim(layer: Layer, camera: Camera, ratio: number): void {
    const screen = (camera.width * ratio * camera.height * ratio) / (SIDE * SIDE);
    const most = Math.ceil(KEPT_SCREENS * screen) + 16;
    if (layer.tiles.size <= most) return;
    const old = [...layer.tiles].sort((a, b) => a[1].used - b[1].used);
    for (const [key, tile] of old.slice(0, layer.tiles.size - most)) {
      layer.tiles.delete(key);
      this.spare_put(tile.bitmap);
    }
  }
}
