// <seat-map>: the map of one event's seats. Give it a size, a `plan` (plan.ts) and `states`, and it
// draws; `apply` takes changes. It lets seats be chosen and tells so; what is reserved is the
// page's business. Events, all bubbling out of the shadow tree:
//   seatpress {seat}            cancelable: the page decides instead
//   selectionchange {seats, added, removed, refused?, lost?}   after something the map did itself
//   sectionpress {section}      cancelable: the map does not go there then
//   viewchange {level, section, sections, zoom}   when the map has come to rest
import { States } from './states.ts';
import { box_add, box_empty, boxes_meet } from './geometry.ts';
import { seat_at, section_at, type Box, type Geometry } from './geometry.ts';
import { FLAG_ACCESSIBLE, type Plan } from './plan.ts';
import { Gestures, type Hands } from './gestures.ts';
import { alternatives_find, best_find, seats_left_over, Selection } from './selection.ts';
import type { SelectionChange, Shown } from './selection.ts';
import { legend_fill, parts_make, parts_name, type Parts } from './parts.ts';
import { NONE } from './rows.ts';
import { text_default, type Text } from './text.ts';
import { theme_read, type Theme } from './theme.ts';
import { geometry_of } from './prepare.ts';
import { said_fill, seat_said, section_said, section_texts } from './words.ts';
import type { Price, Told } from './words.ts';
import { View } from './view.ts';

export { plan_prepare } from './prepare.ts';
export type { Price } from './words.ts';

const RATIO_MAX = 2; // device pixels for a CSS pixel: more cannot be seen and costs memory
const PITCH_PRESS = 8; // CSS pixels between seats from which a mouse can choose one
const PITCH_PRESS_COARSE = 22; // and a finger
const PITCH_APPROACH = 34; // how near a press on too small a seat goes
const FINGER = 22; // half of the smallest target, CSS pixels
const MINIMAP_WIDTH = 420; // of the map from which the minimap has room
const REST_MS = 160;
const ZOOM_STEP = 1.7;

const ratio_of = () => Math.min(RATIO_MAX, devicePixelRatio || 1);

export class SeatMap extends HTMLElement {
  readonly selection_model = new Selection(10);
  #parts: Parts;
  #plan: Plan | null = null;
  #geometry: Geometry | null = null;
  #given: Uint8Array | null = null;
  #states: States | null = null;
  #theme: Theme | null = null;
  view: View | null = null; // for those who measure
  #gestures: Gestures | null = null;
  #prices: readonly Price[] = [];
  #shown: Shown = null;
  #mine: number[] = [];
  #text: Text = text_default;
  #ended: AbortController | null = null;
  #resizes = new ResizeObserver(() => this.#resize());
  #rest = 0;

  constructor() {
    super();
    this.#parts = parts_make(this.attachShadow({ mode: 'open' }));
  }

  connectedCallback(): void {
    const { zoom_in, zoom_out, fit, box, map, minimap } = this.#parts;
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    const on = (of: EventTarget, name: string, handle: (event: Event) => void) =>
      of.addEventListener(name, handle, { signal });
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      on(matchMedia(query), 'change', () => this.theme_refresh());
    }
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    on(still, 'change', () => this.view && (this.view.motion.still = still.matches));
    on(zoom_in, 'click', () => this.zoom_by(ZOOM_STEP));
    on(zoom_out, 'click', () => this.zoom_by(1 / ZOOM_STEP));
    on(fit, 'click', () => this.fit());
    on(box, 'click', () => this.#boxing(!this.#gestures?.boxing));
    on(minimap, 'pointerdown', (event) => this.#minimap_press(event as PointerEvent));
    on(minimap, 'pointermove', (event) => this.#minimap_press(event as PointerEvent));
    this.#gestures = new Gestures(map, this.#hands());
    this.#resizes.observe(this);
    if (document.fonts.status === 'loading') void document.fonts.ready.then(() => this.#look());
    this.#start();
  }

  disconnectedCallback(): void {
    this.#ended?.abort();
    this.#gestures?.end();
    this.#resizes.disconnect();
    clearTimeout(this.#rest);
    this.view?.end();
    this.view = null;
  }

  get plan(): Plan | null {
    return this.#plan;
  }

  set plan(plan: Plan | null) {
    this.#plan = plan;
    this.#geometry = plan && geometry_of(plan);
    this.#states = null;
    this.selection_model.set([]);
    this.#start();
  }

  // One byte a seat. What is set is copied; where states are known, what differs is applied.
  get states(): Uint8Array | null {
    return this.#given;
  }

  set states(states: Uint8Array | null) {
    if (this.#states && states?.length === this.#states.of.length) {
      this.apply(this.#states.records_to(states));
    } else {
      this.#given = states && states.slice();
      this.#states = null;
      this.#start();
    }
  }

  set prices(prices: readonly Price[]) {
    this.#prices = prices;
    this.#look();
  }

  get shown(): Shown {
    return this.#shown;
  }

  set shown(shown: Shown) {
    this.#shown = shown;
    this.#look();
  }

  get maximum(): number {
    return this.selection_model.maximum;
  }

  set maximum(maximum: number) {
    this.selection_model.maximum = maximum;
  }

  get selection(): number[] {
    return this.selection_model.seats;
  }

  set selection(seats: Iterable<number>) {
    this.selection_model.set(seats);
    this.#marks();
  }

  get mine(): number[] {
    return this.#mine;
  }

  set mine(seats: Iterable<number>) {
    this.#mine = [...seats];
    this.#marks();
  }

  set text(text: Text) {
    this.#text = text;
    this.#look();
  }

  // Takes changes as seats.bin has them, seat * 4 + state; returns chosen seats that were lost.
  apply(records: ArrayLike<number>): number[] {
    if (!this.#states) return [];
    const changed = this.#states.apply(records);
    this.view?.changed(changed);
    const mine = new Set(this.#mine);
    const others = changed.filter((seat) => !mine.has(seat));
    const lost = this.selection_model.lose(this.#states, others);
    if (lost.length > 0) this.#selection_told({ added: [], removed: lost }, lost);
    return lost;
  }

  // Groups of free seats near those that were lost, as many as those, the nearest group first.
  alternatives(lost: readonly number[], most = 3): number[][] {
    if (!this.#geometry || !this.#states) return [];
    return alternatives_find(this.#geometry, this.#states, lost, most, this.#shown);
  }

  // Groups of free seats side by side, the best view first.
  best(count: number, most = 3): number[][] {
    if (!this.#geometry || !this.#states) return [];
    return best_find(this.#geometry, this.#states, count, this.#shown, most);
  }

  // Free seats that the selection would leave alone between taken ones.
  left_over(): number[] {
    if (!this.#geometry || !this.#states) return [];
    return seats_left_over(this.#geometry, this.#states, this.selection_model.seats);
  }

  seats_show(seats: readonly number[]): void {
    if (!this.view || !this.#plan || seats.length === 0) return;
    const box = box_empty();
    const margin = 6 * this.view.geometry.pitch;
    for (const seat of seats) {
      box_add(box, this.#plan.seat_x[seat]!, this.#plan.seat_y[seat]!, margin);
    }
    this.view.box_show(box);
    this.view.pulse(seats);
  }

  section_show(section: number): void {
    const box = this.#geometry?.section_box[section];
    if (box) this.view?.box_show(box);
  }

  fit(): void {
    this.view?.fit();
  }

  zoom_by(factor: number): void {
    const view = this.view;
    view?.motion.zoom(view.camera.width / 2, view.camera.height / 2, factor);
    view?.touched();
  }

  // The page's colours have changed.
  theme_refresh(): void {
    this.#theme = null;
    this.#look();
  }

  #theme_of(plan: Plan): Theme {
    const colors = plan.categories.map((category) => category.color);
    return (this.#theme ??= theme_read(this.#parts.help, colors));
  }

  #told(plan: Plan): Told {
    return {
      geometry: this.#geometry!,
      states: this.#states!,
      theme: this.#theme_of(plan),
      shown: this.#shown,
      prices: this.#prices,
      selection: this.selection_model,
      mine: this.#mine,
      text: this.#text,
    };
  }

  // Begins to draw once everything is there.
  #start(): void {
    const [plan, given] = [this.#plan, this.#given];
    const view = this.view;
    this.view = null;
    if (!plan || !given || given.length !== plan.seats || !this.isConnected) return view?.end();
    this.#states ??= new States(plan, given);
    if (view?.geometry.plan === plan) {
      this.view = view;
      return this.#look();
    }
    view?.end();
    this.#theme = null;
    const { map, minimap } = this.#parts;
    const scene = this.#told(plan);
    const texts_of = (section: number) => section_texts(this.#told(plan), section);
    const moved = () => this.#moved();
    this.view = new View(map, minimap, scene, texts_of, ratio_of(), moved);
    this.view.motion.still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#named();
    this.#marks();
    this.#resize();
  }

  #look(): void {
    if (!this.view || !this.#plan) return;
    this.view.look(this.#told(this.#plan));
    this.#named();
  }

  #named(): void {
    const plan = this.#plan!;
    parts_name(this.#parts, this.#text, plan.name);
    const accessible = plan.seat_flags.some((flags) => (flags & FLAG_ACCESSIBLE) !== 0);
    legend_fill(this.#parts.legend, this.#theme_of(plan), this.#text, accessible);
  }

  #resize(): void {
    if (this.clientWidth === 0 || this.clientHeight === 0) return;
    const { offsetHeight } = this.#parts.legend;
    const covered = offsetHeight > 0 ? offsetHeight + 8 : 0;
    this.view?.resize(this.clientWidth, this.clientHeight, ratio_of(), covered);
  }

  #marks(): void {
    if (!this.view) return;
    this.view.marks.chosen = this.selection_model.seats;
    this.view.marks.mine = this.#mine;
    this.view.want();
  }

  #tell<T>(name: string, detail: T, cancelable = false): boolean {
    const options = { detail, cancelable, bubbles: true, composed: true };
    return this.dispatchEvent(new CustomEvent(name, options));
  }

  #selection_told(change: SelectionChange, lost?: number[]): void {
    this.#marks();
    const detail = { seats: this.selection_model.seats, ...change };
    this.#tell('selectionchange', lost ? { ...detail, lost } : detail);
  }

  #seat_reach(coarse: boolean): number {
    const { pitch, camera, geometry } = this.view!;
    const finger = coarse && pitch < 2 * FINGER ? FINGER / camera.scale : 0;
    return Math.max(0.62 * geometry.pitch, Math.min(finger, 1.2 * geometry.pitch));
  }

  #hit(px: number, py: number, coarse: boolean): number {
    const view = this.view!;
    const [x, y] = [view.camera.world_x(px), view.camera.world_y(py)];
    return seat_at(view.geometry, x, y, this.#seat_reach(coarse));
  }

  #tap(px: number, py: number, coarse: boolean): void {
    const view = this.view;
    if (!view) return;
    const [x, y] = [view.camera.world_x(px), view.camera.world_y(py)];
    if (!view.near) {
      const section = section_at(view.geometry, x, y);
      if (section !== NONE && this.#tell('sectionpress', { section }, true)) {
        this.section_show(section);
      }
      return;
    }
    const seat = this.#hit(px, py, coarse);
    if (seat === NONE) return;
    if (view.pitch < (coarse ? PITCH_PRESS_COARSE : PITCH_PRESS)) {
      view.motion.go(x, y, PITCH_APPROACH / view.geometry.pitch, performance.now());
      return view.touched();
    }
    this.#press(seat);
  }

  #press(seat: number): void {
    if (!this.#tell('seatpress', { seat }, true)) return;
    if (this.#mine.includes(seat)) return;
    this.#selection_told(this.selection_model.toggle(this.#states!, seat));
  }

  #boxing(on: boolean): void {
    if (!this.#gestures) return;
    this.#gestures.boxing = on;
    this.#parts.map.classList.toggle('boxing', on);
    this.#parts.box.setAttribute('aria-pressed', String(on));
  }

  #box(box: Box, done: boolean): void {
    const view = this.view;
    if (!view) return;
    view.marks.box = done ? null : box;
    view.want();
    if (!done) return;
    this.#boxing(false);
    if (!view.near) {
      const { camera } = view;
      return view.box_show({
        x0: camera.world_x(box.x0),
        y0: camera.world_y(box.y0),
        x1: camera.world_x(box.x1),
        y1: camera.world_y(box.y1),
      });
    }
    const seats = view.seats_in(box, this.#states!).filter((seat) => {
      return !this.#shown || this.#shown.has(this.#plan!.seat_category[seat]!);
    });
    const change = this.selection_model.add(this.#states!, seats);
    if (change.added.length > 0 || change.refused) this.#selection_told(change);
  }

  #hands(): Hands {
    const move = (act: (view: View) => void) => {
      const view = this.view;
      if (!view) return;
      act(view);
      view.touched();
    };
    return {
      pan: (dx, dy) => move((view) => {
        view.motion.stop();
        view.camera.pan(dx, dy);
        this.#leave();
      }),
      glide: (vx, vy) => move((view) => view.motion.glide(vx, vy)),
      zoom: (px, py, factor) => move((view) => {
        view.motion.stop();
        view.camera.zoom(px, py, factor);
      }),
      zoom_to: (px, py, factor) => move((view) => view.motion.zoom(px, py, factor)),
      tap: (px, py, coarse) => this.#tap(px, py, coarse),
      double_tap: (px, py, coarse) => {
        const view = this.view;
        if (!view) return;
        if (view.pitch >= PITCH_PRESS && this.#hit(px, py, coarse) !== NONE) {
          return this.#tap(px, py, coarse);
        }
        move(() => view.motion.zoom(px, py, 2));
      },
      hover: (px, py) => this.#hover(px, py),
      leave: () => this.#leave(),
      box: (box, done) => this.#box(box, done),
      box_end: () => move((view) => (view.marks.box = null)),
      fit: () => this.fit(),
    };
  }

  #hover(px: number, py: number): void {
    const view = this.view;
    if (!view) return;
    const { marks, near, camera } = view;
    const seat = near ? this.#hit(px, py, false) : NONE;
    const section = near
      ? NONE
      : section_at(view.geometry, camera.world_x(px), camera.world_y(py));
    this.#parts.map.classList.toggle('over', seat !== NONE || section !== NONE);
    if (seat !== marks.seat || section !== marks.section) {
      marks.seat = seat;
      marks.section = section;
      this.#tip_fill(seat, section);
      view.want();
    }
    this.#tip_place(px, py);
  }

  #leave(): void {
    const view = this.view;
    if (!view || (view.marks.seat === NONE && view.marks.section === NONE)) return;
    view.marks.seat = view.marks.section = NONE;
    this.#tip_fill(NONE, NONE);
    view.want();
  }

  #tip_fill(seat: number, section: number): void {
    const { tip } = this.#parts;
    tip.hidden = seat === NONE && section === NONE;
    if (tip.hidden) return;
    const told = this.#told(this.#plan!);
    said_fill(tip, 'b', seat !== NONE ? seat_said(told, seat) : section_said(told, section));
  }

  #tip_place(px: number, py: number): void {
    const { tip } = this.#parts;
    if (tip.hidden) return;
    const [w, h] = [tip.offsetWidth, tip.offsetHeight];
    const x = Math.max(8, Math.min(this.clientWidth - w - 8, px - w / 2));
    const y = py - h - 18 < 8 ? py + 24 : py - h - 18;
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  #minimap_press(event: PointerEvent): void {
    const view = this.view;
    if (!view || (event.type === 'pointermove' && event.buttons === 0)) return;
    this.#parts.minimap.setPointerCapture(event.pointerId);
    const [x, y] = view.minimap_world(event.offsetX, event.offsetY);
    view.motion.stop();
    view.camera.look_at(x, y, view.camera.scale);
    view.touched();
  }

  // After each frame: buttons at their ends, the minimap when it helps, and a word when at rest.
  #moved(): void {
    const view = this.view;
    if (!view) return;
    const { zoom_in, zoom_out, minimap } = this.#parts;
    const hidden = view.overview || view.camera.width < MINIMAP_WIDTH;
    if (zoom_in.disabled !== view.camera.at_most) zoom_in.disabled = view.camera.at_most;
    if (zoom_out.disabled !== view.camera.at_least) zoom_out.disabled = view.camera.at_least;
    if (minimap.hidden !== hidden) minimap.hidden = hidden;
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.#rested(), REST_MS);
  }

  #rested(): void {
    const view = this.view;
    if (!view) return;
    const { camera, near, geometry } = view;
    const middle_x = camera.world_x(camera.width / 2);
    const middle_y = camera.world_y(camera.height / 2);
    const section = near ? section_at(geometry, middle_x, middle_y) : NONE;
    this.#where_fill(section);
    const seen = (box: Box) => boxes_meet(box, camera.view);
    const sections = geometry.section_box.flatMap((box, at) => (seen(box) ? [at] : []));
    const level = near ? 'near' : 'far';
    this.#tell('viewchange', { level, section, sections, zoom: camera.scale / camera.scale_fit });
  }

  #where_fill(section: number): void {
    const { where } = this.#parts;
    where.hidden = section === NONE;
    if (where.hidden) return;
    said_fill(where, 'strong', section_said(this.#told(this.#plan!), section));
  }
}

if (!customElements.get('seat-map')) customElements.define('seat-map', SeatMap);
