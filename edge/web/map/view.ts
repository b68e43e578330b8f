// The picture of one plan: camera and motion, tiles, labels, minimap, and what lies over them (the
// chosen seats, where the pointer is, a box). Draws a frame when something asked for one. Knows no
// events and no page beyond its canvases.
import { AVAILABLE, type States } from './states.ts';
import { Camera } from './camera.ts';
import type { Box, Geometry } from './geometry.ts';
import { Kind, seat_draw } from './glyphs.ts';
import { Labels, type LabelTexts } from './labels.ts';
import { Minimap } from './minimap.ts';
import { Motion } from './motion.ts';
import { NONE } from './rows.ts';
import { Painter, PITCH_SEATS, type Scene } from './paint.ts';
import { Tiles } from './tiles.ts';

export interface Marks {
  chosen: readonly number[];
  mine: readonly number[];
  pulsing: readonly number[]; // what the page points at
  seat: number; // under the pointer; NONE: none
  section: number;
  box: Box | null; // in CSS pixels
}

const PAINT_MS = 5; // of a frame, for tiles
const REST_MS = 90; // without a change of scale, until it is painted sharp
const PULSE_MS = 2400;
const PITCH_SECTION_LEAST = 12; // how near a section is shown
const PITCH_SECTION_MOST = 34;
const RADIUS = 0.42;

export class View {
  readonly camera: Camera;
  readonly motion: Motion;
  readonly marks: Marks = {
    chosen: [], mine: [], pulsing: [], seat: NONE, section: NONE, box: null,
  };
  frames = 0;
  private readonly painter: Painter;
  private readonly tiles: Tiles;
  private readonly labels: Labels;
  private readonly minimap: Minimap;
  private readonly levels: Uint8Array; // by section and category, as last drawn
  private wanted = 0;
  private pulse_start = 0;
  private scale_before = 0;
  private scale_changed_ms = 0;
  private fitted = true;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    minimap: HTMLCanvasElement,
    private scene: Scene,
    texts_of: (section: number) => LabelTexts,
    private ratio: number,
    private readonly moved: () => void,
  ) {
    const { geometry } = scene;
    this.camera = new Camera(geometry.bounds, geometry.pitch);
    this.motion = new Motion(this.camera);
    this.painter = new Painter(scene);
    this.tiles = new Tiles(this.painter, geometry.bounds, 2 * geometry.pitch);
    this.labels = new Labels(scene.geometry, texts_of, scene.theme, ratio);
    this.minimap = new Minimap(minimap, geometry, this.painter);
    this.levels = new Uint8Array(geometry.plan.sections * geometry.plan.categories.length);
    this.levels_compare();
  }

  end(): void {
    cancelAnimationFrame(this.wanted);
    this.tiles.clear();
  }

  get geometry(): Geometry {
    return this.scene.geometry;
  }

  // CSS pixels between neighbouring seats.
  get pitch(): number {
    return this.camera.scale * this.geometry.pitch;
  }

  get near(): boolean {
    return this.pitch >= PITCH_SEATS;
  }

  get overview(): boolean {
    return this.camera.scale < 1.25 * this.camera.scale_fit;
  }

  get bytes(): number {
    return this.tiles.bytes;
  }

  // inset_bottom: CSS pixels that something covers there.
  resize(width: number, height: number, ratio: number, inset_bottom: number): void {
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas.width = w;
      this.canvas.height = h;
    }
    if (ratio !== this.ratio) this.labels.look(this.scene.theme, ratio);
    this.ratio = ratio;
    this.camera.inset_bottom = inset_bottom;
    this.camera.resize(width, height);
    if (this.fitted) this.camera.fit();
    this.want();
  }

  // Other colours, another filter, other prices.
  look(scene: Scene): void {
    this.scene = scene;
    this.painter.look(scene);
    this.tiles.clear();
    this.labels.look(scene.theme, this.ratio);
    this.minimap.spoil();
    this.levels_compare();
    this.want();
  }

  minimap_world(px: number, py: number): [number, number] {
    return this.minimap.world(px, py);
  }

  // Somebody has moved the map: it no longer follows the size of the page.
  touched(): void {
    this.fitted = false;
    this.want();
  }

  fit(): void {
    this.fitted = true;
    this.motion.go(...this.camera.view_of(this.geometry.bounds, 16), performance.now());
    this.want();
  }

  box_show(box: Box, margin = 48): void {
    const { pitch } = this.geometry;
    const [x, y, scale] = this.camera.view_of(box, margin, PITCH_SECTION_MOST / pitch);
    const least = this.camera.scale_clamped(PITCH_SECTION_LEAST / pitch);
    this.motion.go(x, y, Math.max(scale, least), performance.now());
    this.touched();
  }

  pulse(seats: readonly number[]): void {
    this.marks.pulsing = seats;
    this.pulse_start = performance.now();
    this.want();
  }

  // These seats have other states now.
  changed(seats: ArrayLike<number>): void {
    const { geometry } = this.scene;
    const { plan, pitch } = geometry;
    const near = (scale: number) => (scale / this.ratio) * pitch >= PITCH_SEATS;
    const touched = new Uint8Array(plan.sections);
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[i]!;
      const [x, y] = [plan.seat_x[seat]!, plan.seat_y[seat]!];
      const box = { x0: x - pitch, y0: y - pitch, x1: x + pitch, y1: y + pitch };
      this.tiles.spoil(box, near);
      touched[plan.seat_section[seat]!] = 1;
    }
    touched.forEach((is, section) => is && this.labels.spoil(section));
    for (const section of this.levels_compare()) {
      this.tiles.spoil(geometry.section_box[section]!, (scale) => !near(scale));
      this.minimap.spoil();
    }
    this.want();
  }

  // The sections that have reached another level since they were last compared.
  private levels_compare(): number[] {
    const { geometry, states } = this.scene;
    const categories = geometry.plan.categories.length;
    const differ: number[] = [];
    for (let section = 0; section < geometry.plan.sections; section++) {
      let other = false;
      for (const category of geometry.section_categories[section]!) {
        const cell = section * categories + category;
        const level = states.level(section, category);
        other ||= this.levels[cell] !== level;
        this.levels[cell] = level;
      }
      if (other) differ.push(section);
    }
    return differ;
  }

  want(): void {
    if (this.wanted) return;
    this.wanted = requestAnimationFrame((now) => {
      this.wanted = 0;
      this.frame(now);
    });
  }

  // Draws now. Public for those who measure.
  frame(now: number): void {
    const { camera, motion } = this;
    motion.step(now);
    if (camera.scale !== this.scale_before) {
      this.scale_before = camera.scale;
      this.scale_changed_ms = now;
    }
    const resting = !motion.zooming && now - this.scale_changed_ms >= REST_MS;
    // Not said to be opaque: what is behind its round corners would not be drawn then.
    const c = this.canvas.getContext('2d')!;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = this.scene.theme.paper;
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const first = this.frames++ === 0;
    const budget = first ? Infinity : PAINT_MS;
    let again = this.tiles.draw(c, camera, this.ratio, resting || first, budget);
    again = this.labels_draw(c) || again;
    again = this.marks_draw(c, now) || again;
    if (!this.overview) again = this.minimap.draw(camera, this.scene.theme, this.ratio) || again;
    if (again || motion.moving || !resting) this.want();
    this.moved();
  }

  private labels_draw(c: CanvasRenderingContext2D): boolean {
    return !this.near && this.labels.draw(c, this.camera);
  }

  private marks_draw(c: CanvasRenderingContext2D, now: number): boolean {
    const { marks, scene, ratio, camera } = this;
    const { theme } = scene;
    const r = RADIUS * this.pitch;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (marks.section !== NONE && !this.near) this.section_mark(c, marks.section);
    const { seat_x, seat_y } = this.geometry.plan;
    const put = (kind: Kind, seat: number) => {
      const x = camera.screen_x(seat_x[seat]!);
      const y = camera.screen_y(seat_y[seat]!);
      if (x < -30 || y < -30 || x > camera.width + 30 || y > camera.height + 30) return;
      seat_draw(c, theme, kind, 0, x, y, r);
    };
    for (const seat of marks.mine) put(Kind.mine, seat);
    for (const seat of marks.chosen) put(Kind.chosen, seat);
    if (marks.seat !== NONE && this.near) this.ring(c, marks.seat, r + 2.5, theme.ink, 2);
    const pulsing = this.pulse_draw(c, now, r);
    if (marks.box) this.box_draw(c, marks.box);
    return pulsing;
  }

  private ring(c: CanvasRenderingContext2D, seat: number, r: number, color: string, width: number) {
    const { camera } = this;
    const { seat_x, seat_y } = this.geometry.plan;
    c.strokeStyle = color;
    c.lineWidth = width;
    c.beginPath();
    c.arc(camera.screen_x(seat_x[seat]!), camera.screen_y(seat_y[seat]!), r, 0, 2 * Math.PI);
    c.stroke();
  }

  private section_mark(c: CanvasRenderingContext2D, section: number): void {
    const { camera, ratio, scene } = this;
    const s = camera.scale * ratio;
    c.setTransform(s, 0, 0, s, -camera.x * s, -camera.y * s);
    c.strokeStyle = scene.theme.ink;
    c.lineJoin = 'round';
    c.lineWidth = 2.5 / camera.scale;
    for (const { path } of this.painter.section_parts(section)) c.stroke(path);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  private pulse_draw(c: CanvasRenderingContext2D, now: number, r: number): boolean {
    const { marks, motion, scene } = this;
    const passed = now - this.pulse_start;
    if (marks.pulsing.length === 0) return false;
    if (passed > PULSE_MS) {
      marks.pulsing = [];
      return true;
    }
    const swing = motion.still ? 0.5 : Math.abs(Math.sin((passed / 800) * Math.PI));
    for (const seat of marks.pulsing) this.ring(c, seat, r + 3 + 6 * swing, scene.theme.chosen, 3);
    return true;
  }

  private box_draw(c: CanvasRenderingContext2D, box: Box): void {
    c.strokeStyle = this.scene.theme.chosen;
    c.fillStyle = this.scene.theme.chosen;
    c.lineWidth = 2;
    c.setLineDash([6, 4]);
    c.strokeRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
    c.setLineDash([]);
    c.globalAlpha = 0.12;
    c.fillRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
    c.globalAlpha = 1;
  }

  // Free seats in a box of the screen, in plan order.
  seats_in(box: Box, states: States): number[] {
    const { camera } = this;
    const { plan } = this.geometry;
    const [x0, x1] = [camera.world_x(box.x0), camera.world_x(box.x1)];
    const [y0, y1] = [camera.world_y(box.y0), camera.world_y(box.y1)];
    const seats: number[] = [];
    for (let seat = 0; seat < plan.seats; seat++) {
      const [x, y] = [plan.seat_x[seat]!, plan.seat_y[seat]!];
      if (x < x0 || x > x1 || y < y0 || y > y1) continue;
      if (states.of[seat] === AVAILABLE) seats.push(seat);
    }
    return seats;
  }
}
