// Moves a camera over time: towards a view, towards a scale about a place, or gliding on after a
// finger let go. Who asked for less motion gets there at once. Pure, but for the time given.
import type { Camera } from './camera.ts';

const FLY_MS = 320;
const ZOOM_MS = 60; // in which two thirds of a zoom are done
const GLIDE_MS = 240; // in which two thirds of the speed are lost
const GLIDE_LEAST = 0.02; // pixels a millisecond

const ease = (t: number) => 1 - (1 - t) ** 3;

export class Motion {
  still = false; // prefers-reduced-motion
  private zoom_left = 0; // logarithm of the factor still to come
  private zoom_x = 0;
  private zoom_y = 0;
  private vx = 0;
  private vy = 0;
  private fly: { from: number[]; to: number[]; start: number } | null = null;
  private last_ms = 0;

  constructor(private readonly camera: Camera) {}

  get moving(): boolean {
    return this.zooming || this.vx !== 0 || this.vy !== 0;
  }

  // The scale will be another one in the next frame.
  get zooming(): boolean {
    return this.zoom_left !== 0 || this.fly !== null;
  }

  stop(): void {
    this.zoom_left = this.vx = this.vy = 0;
    this.fly = null;
  }

  zoom(px: number, py: number, factor: number): void {
    this.fly = null;
    this.vx = this.vy = 0;
    if (this.still) return this.camera.zoom(px, py, factor);
    const target = this.camera.scale * Math.exp(this.zoom_left) * factor;
    this.zoom_left = Math.log(this.camera.scale_clamped(target) / this.camera.scale);
    [this.zoom_x, this.zoom_y] = [px, py];
  }

  glide(vx: number, vy: number): void {
    this.fly = null;
    [this.vx, this.vy] = this.still ? [0, 0] : [vx, vy];
  }

  // To a middle and a scale, as Camera.view_of gives them.
  go(x: number, y: number, scale: number, now_ms: number): void {
    this.stop();
    const { camera } = this;
    if (this.still) return camera.look_at(x, y, scale);
    const middle_x = camera.world_x(camera.width / 2);
    const middle_y = camera.world_y(camera.height / 2);
    this.fly = { from: [middle_x, middle_y, camera.scale], to: [x, y, scale], start: now_ms };
  }

  // Takes the camera on to a time; call before each frame.
  step(now_ms: number): void {
    const passed = Math.min(50, Math.max(0, now_ms - this.last_ms));
    this.last_ms = now_ms;
    if (this.fly) return this.fly_step(now_ms);
    if (this.zoom_left !== 0) {
      const whole = Math.abs(this.zoom_left) < 0.004;
      const part = whole ? this.zoom_left : this.zoom_left * (1 - Math.exp(-passed / ZOOM_MS));
      this.camera.zoom(this.zoom_x, this.zoom_y, Math.exp(part));
      this.zoom_left = whole ? 0 : this.zoom_left - part;
    }
    if (this.vx === 0 && this.vy === 0) return;
    this.camera.pan(this.vx * passed, this.vy * passed);
    const kept = Math.exp(-passed / GLIDE_MS);
    this.vx *= kept;
    this.vy *= kept;
    if (Math.hypot(this.vx, this.vy) < GLIDE_LEAST) this.vx = this.vy = 0;
  }

  // The scale moves evenly to the eye, the middle so that what is approached stays in sight.
  private fly_step(now_ms: number): void {
    const { from, to, start } = this.fly!;
    const t = Math.max(0, Math.min(1, (now_ms - start) / FLY_MS));
    const e = ease(t);
    const scale = from[2]! * (to[2]! / from[2]!) ** e;
    const same = Math.abs(to[2]! / from[2]! - 1) < 1e-3;
    const share = same ? e : (1 / scale - 1 / from[2]!) / (1 / to[2]! - 1 / from[2]!);
    const x = from[0]! + (to[0]! - from[0]!) * share;
    const y = from[1]! + (to[1]! - from[1]!) * share;
    this.camera.look_at(x, y, scale);
    if (t >= 1) this.fly = null;
  }
}
