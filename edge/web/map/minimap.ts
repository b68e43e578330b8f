// The whole map in a corner with a frame around what the camera sees. Its picture is painted again
// only after something changed, and at most twice a second.
import type { Camera } from './camera.ts';
import type { Geometry } from './geometry.ts';
import type { TilePainter } from './tiles.ts';
import type { Theme } from './theme.ts';

const REPAINT_MS = 500;
const SIDE_MAX = 148; // CSS pixels
const MARGIN = 6;

export class Minimap {
  private picture: OffscreenCanvas | null = null;
  private painted_ms = -Infinity;
  private dirty = true;
  private scale = 1; // CSS pixels per unit
  private readonly width: number;
  private readonly height: number;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly geometry: Geometry,
    private readonly painter: TilePainter,
  ) {
    const { x0, y0, x1, y1 } = geometry.bounds;
    this.scale = (SIDE_MAX - 2 * MARGIN) / Math.max(1, x1 - x0, y1 - y0);
    this.width = Math.ceil((x1 - x0) * this.scale) + 2 * MARGIN;
    this.height = Math.ceil((y1 - y0) * this.scale) + 2 * MARGIN;
    canvas.style.width = `${this.width}px`;
    canvas.style.height = `${this.height}px`;
  }

  spoil(): void {
    this.dirty = true;
  }

  // The place of the world under a place of the canvas.
  world(px: number, py: number): [number, number] {
    const { bounds } = this.geometry;
    return [bounds.x0 + (px - MARGIN) / this.scale, bounds.y0 + (py - MARGIN) / this.scale];
  }

  // True when the picture is older than what it shows and has to be painted later.
  draw(camera: Camera, theme: Theme, ratio: number): boolean {
    const { canvas, width, height } = this;
    const now = performance.now();
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      this.picture = null;
    }
    if (!this.picture || (this.dirty && now - this.painted_ms > REPAINT_MS)) {
      this.picture_paint(w, h, ratio);
      this.painted_ms = now;
      this.dirty = false;
    }
    const c = canvas.getContext('2d')!;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.drawImage(this.picture!, 0, 0);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.frame_draw(c, camera, theme);
    return this.dirty;
  }

  private frame_draw(c: CanvasRenderingContext2D, camera: Camera, theme: Theme): void {
    const { bounds } = this.geometry;
    const view = camera.view;
    const x0 = Math.max(1, (view.x0 - bounds.x0) * this.scale + MARGIN);
    const y0 = Math.max(1, (view.y0 - bounds.y0) * this.scale + MARGIN);
    const x1 = Math.min(this.width - 1, (view.x1 - bounds.x0) * this.scale + MARGIN);
    const y1 = Math.min(this.height - 1, (view.y1 - bounds.y0) * this.scale + MARGIN);
    c.strokeStyle = theme.paper;
    c.lineWidth = 4;
    c.strokeRect(x0, y0, x1 - x0, y1 - y0);
    c.strokeStyle = theme.chosen;
    c.lineWidth = 2;
    c.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }

  private picture_paint(w: number, h: number, ratio: number): void {
    this.picture ??= new OffscreenCanvas(w, h);
    const c = this.picture.getContext('2d')!;
    const { bounds } = this.geometry;
    const m = MARGIN / this.scale;
    const box = { x0: bounds.x0 - m, y0: bounds.y0 - m, x1: bounds.x1 + m, y1: bounds.y1 + m };
    this.painter.paint(c, box, this.scale * ratio, ratio);
  }
}
