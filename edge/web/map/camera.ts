// Where the map is looked at from: a scale and the place that lies in the upper left corner. Pure;
// screen places are CSS pixels, world places the plan's units.
import type { Box } from './geometry.ts';

const FIT_MARGIN = 16;
const OUT_MAX = 0.85; // how much smaller than fitting the map may be
export const SEAT_PITCH_MAX = 64; // pixels between neighbours when nearest

export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  inset_bottom = 0; // CSS pixels at the lower edge that are covered: nothing is fitted there
  private scale_min = 1e-6;
  private scale_max = 1e6;

  constructor(
    private bounds: Box,
    pitch: number,
  ) {
    this.scale_max = SEAT_PITCH_MAX / pitch;
    this.resize(1, 1);
  }

  // The scale at which everything is to be seen.
  get scale_fit(): number {
    return this.fit_of(this.bounds, FIT_MARGIN);
  }

  private fit_of(box: Box, margin: number): number {
    const w = Math.max(1, this.width - 2 * margin);
    const h = Math.max(1, this.height - this.inset_bottom - 2 * margin);
    return Math.min(w / Math.max(1, box.x1 - box.x0), h / Math.max(1, box.y1 - box.y0));
  }

  resize(width: number, height: number): void {
    const [cx, cy] = [this.x + this.width / 2 / this.scale, this.y + this.height / 2 / this.scale];
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.scale_min = Math.min(OUT_MAX * this.scale_fit, this.scale_max);
    this.look_at(cx, cy, this.scale);
  }

  scale_clamped(scale: number): number {
    return Math.max(this.scale_min, Math.min(this.scale_max, scale));
  }

  get at_most(): boolean {
    return this.scale >= this.scale_max * 0.999;
  }

  get at_least(): boolean {
    return this.scale <= this.scale_min * 1.001;
  }

  look_at(x: number, y: number, scale: number): void {
    this.scale = this.scale_clamped(scale);
    this.x = x - this.width / 2 / this.scale;
    this.y = y - this.height / 2 / this.scale;
    this.clamp();
  }

  // What look_at needs to show a box with a margin in pixels around it.
  view_of(box: Box, margin: number, scale_max = Infinity): [number, number, number] {
    const scale = this.scale_clamped(Math.min(scale_max, this.fit_of(box, margin)));
    return [(box.x0 + box.x1) / 2, (box.y0 + box.y1 + this.inset_bottom / scale) / 2, scale];
  }

  fit(): void {
    this.look_at(...this.view_of(this.bounds, FIT_MARGIN));
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.clamp();
  }

  // Changes the scale so that what lies under (px, py) stays there.
  zoom(px: number, py: number, factor: number): void {
    const scale = this.scale_clamped(this.scale * factor);
    this.x += px / this.scale - px / scale;
    this.y += py / this.scale - py / scale;
    this.scale = scale;
    this.clamp();
  }

  // The middle of the screen stays on the map.
  private clamp(): void {
    const half_x = this.width / 2 / this.scale;
    const half_y = this.height / 2 / this.scale;
    const { x0, y0, x1, y1 } = this.bounds;
    this.x = Math.max(x0 - half_x, Math.min(x1 - half_x, this.x));
    this.y = Math.max(y0 - half_y, Math.min(y1 - half_y, this.y));
  }

  world_x(px: number): number {
    return this.x + px / this.scale;
  }

  world_y(py: number): number {
    return this.y + py / this.scale;
  }

  screen_x(x: number): number {
    return (x - this.x) * this.scale;
  }

  screen_y(y: number): number {
    return (y - this.y) * this.scale;
  }

  get view(): Box {
    return {
      x0: this.x,
      y0: this.y,
      x1: this.world_x(this.width),
      y1: this.world_y(this.height),
    };
  }
}
