// Turns pointers, the wheel and keys on the map into a few words: pan, zoom, tap, box, hover. Knows
// no map. Listens until `end`.
import type { Box } from './geometry.ts';

export interface Hands {
  pan(dx: number, dy: number): void;
  glide(vx: number, vy: number): void; // pixels a millisecond when a finger lets go
  zoom(px: number, py: number, factor: number): void; // at once
  zoom_to(px: number, py: number, factor: number): void; // in a moment
  tap(px: number, py: number, coarse: boolean): void;
  double_tap(px: number, py: number, coarse: boolean): void;
  hover(px: number, py: number): void;
  leave(): void;
  box(box: Box, done: boolean): void;
  box_end(): void; // given up
  fit(): void;
}

const TAP_REACH = 6; // pixels that a press may move and still be a tap
const TAP_REACH_COARSE = 12;
const DOUBLE_MS = 300;
const DOUBLE_REACH = 30;
const WHEEL_LINE = 24; // pixels that a wheel's line stands for
const KEY_STEP = 80;
const KEY_ZOOM = 1.4;
const GLIDE_MS = 60; // how long before letting go counts for the speed

interface Finger {
  x: number;
  y: number;
}

function box_between(a: Finger, b: Finger): Box {
  const [x0, x1] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  return { x0, y0: Math.min(a.y, b.y), x1, y1: Math.max(a.y, b.y) };
}

export class Gestures {
  boxing = false; // the next drag draws a box
  private fingers = new Map<number, Finger>();
  private start: Finger | null = null; // of the first finger, while it may be a tap
  private box_from: Finger | null = null;
  private tapped: (Finger & { ms: number }) | null = null;
  private trail: (Finger & { ms: number })[] = [];
  private readonly ended = new AbortController();

  constructor(
    private readonly target: HTMLElement,
    private readonly hands: Hands,
  ) {
    const { signal } = this.ended;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      handle: (event: HTMLElementEventMap[K]) => void,
    ) => target.addEventListener(name, handle, { signal, passive: false });
    on('pointerdown', (event) => this.down(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.up(event));
    on('pointercancel', (event) => this.lost(event));
    on('pointerleave', () => this.hands.leave());
    on('wheel', (event) => this.wheel(event));
    on('keydown', (event) => this.key(event));
    on('contextmenu', (event) => this.fingers.size > 0 && event.preventDefault());
  }

  end(): void {
    this.ended.abort();
  }

  private place(event: MouseEvent): Finger {
    const box = this.target.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button !== 0 && event.button !== 1) return;
    const at = this.place(event);
    this.target.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    this.hands.glide(0, 0);
    this.trail = [];
    if (this.fingers.size > 1) {
      this.start = null;
      if (this.box_from) this.box_drop();
      return;
    }
    this.start = at;
    if (this.boxing || event.shiftKey) this.box_from = at;
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    const at = this.place(event);
    if (!finger) {
      if (event.pointerType === 'mouse') this.hands.hover(at.x, at.y);
      return;
    }
    const reach = event.pointerType === 'mouse' ? TAP_REACH : TAP_REACH_COARSE;
    if (this.start && Math.hypot(at.x - this.start.x, at.y - this.start.y) < reach) return;
    this.start = null;
    if (this.box_from) this.hands.box(box_between(this.box_from, at), false);
    else if (this.fingers.size === 2) this.pinch(event.pointerId, finger, at);
    else if (this.fingers.size === 1) {
      this.hands.pan(at.x - finger.x, at.y - finger.y);
      this.trail.push({ ...at, ms: event.timeStamp });
    }
    this.fingers.set(event.pointerId, at);
  }

  private pinch(id: number, before: Finger, at: Finger): void {
    for (const [other_id, other] of this.fingers) {
      if (other_id === id) continue;
      const was = Math.hypot(before.x - other.x, before.y - other.y);
      const is = Math.hypot(at.x - other.x, at.y - other.y);
      this.hands.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
      if (was > 0) this.hands.zoom((at.x + other.x) / 2, (at.y + other.y) / 2, is / was);
    }
  }

  private up(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    const at = this.place(event);
    const coarse = event.pointerType === 'touch';
    if (this.start) {
      this.start = this.box_from = null;
      this.tap(at, event.timeStamp, coarse);
    } else if (this.box_from) {
      this.hands.box(box_between(this.box_from, at), true);
      this.box_from = null;
    } else if (this.fingers.size === 0) this.glide(event.timeStamp);
    this.trail = [];
  }

  private tap(at: Finger, ms: number, coarse: boolean): void {
    const before = this.tapped;
    const near = before && Math.hypot(at.x - before.x, at.y - before.y) < DOUBLE_REACH;
    if (near && ms - before.ms < DOUBLE_MS) {
      this.tapped = null;
      this.hands.double_tap(at.x, at.y, coarse);
      return;
    }
    this.tapped = { ...at, ms };
    this.hands.tap(at.x, at.y, coarse);
  }

  private glide(ms: number): void {
    const recent = this.trail.filter((point) => ms - point.ms < GLIDE_MS);
    const [first, last] = [recent[0], recent[recent.length - 1]];
    if (!first || !last || last.ms <= first.ms) return;
    const time = last.ms - first.ms;
    this.hands.glide((last.x - first.x) / time, (last.y - first.y) / time);
  }

  private lost(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.start = null;
    if (this.box_from) this.box_drop();
  }

  private box_drop(): void {
    this.box_from = null;
    this.hands.box_end();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = this.place(event);
    const unit = event.deltaMode === 0 ? 1 : WHEEL_LINE;
    const delta = Math.max(-240, Math.min(240, event.deltaY * unit));
    if (event.ctrlKey) this.hands.zoom(x, y, Math.exp(-delta * 0.01)); // a pinch on a touchpad
    else if (event.shiftKey) this.hands.pan(-delta, 0);
    else this.hands.zoom_to(x, y, Math.exp(-delta * 0.0035));
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [x, y] = [this.target.clientWidth / 2, this.target.clientHeight / 2];
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.hands.pan(KEY_STEP, 0),
      ArrowRight: () => this.hands.pan(-KEY_STEP, 0),
      ArrowUp: () => this.hands.pan(0, KEY_STEP),
      ArrowDown: () => this.hands.pan(0, -KEY_STEP),
      '+': () => this.hands.zoom_to(x, y, KEY_ZOOM),
      '=': () => this.hands.zoom_to(x, y, KEY_ZOOM),
      '-': () => this.hands.zoom_to(x, y, 1 / KEY_ZOOM),
      '0': () => this.hands.fit(),
      Home: () => this.hands.fit(),
    };
    if (event.key === 'Escape' && this.box_from) this.box_drop();
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
