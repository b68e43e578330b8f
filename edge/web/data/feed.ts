// The states of all seats of one event, kept up to date: the whole map first, then what changed
// since (seats.bin, described in the API). Tells by events: `load` (everything may be different),
// `change` (detail: records of seat * 4 + state), `trouble` (detail: whether it cannot be reached).
import type { EventDetail } from '#api';

export const FREE = 0;
export const HELD = 1;
export const SOLD = 2;
export const BLOCKED = 3;

const PERIOD_MS = 2000;
const PERIOD_MS_MAX = 30000;
const HEAD_BYTES = 32;
const WHOLE = 1;

export class SeatFeed extends EventTarget {
  states: Uint8Array;
  version = 0; // of an event that nothing has happened to yet, also when it is loaded
  loaded = false;
  /** Of each section the index of its first seat, and one more: the number of all. */
  readonly section_first: number[] = [0];
  #url: string;
  #stopped = new AbortController();
  #timer = 0;
  #failures = 0;
  #etag = ''; // of the whole map that was taken last

  constructor(readonly event: EventDetail) {
    super();
    let first = 0;
    for (const section of event.sections) this.section_first.push((first += section.seats));
    this.states = new Uint8Array(first).fill(BLOCKED);
    this.#url = `/v1/events/${event.id}/seats.bin`;
  }

  /** Resolves when the first map is there, or is known not to come. */
  async start(): Promise<void> {
    const { signal } = this.#stopped;
    document.addEventListener('visibilitychange', () => this.#wake(), { signal });
    addEventListener('online', () => this.#wake(), { signal });
    await this.#ask();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  /** Asks now, as after a conflict. */
  refresh(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#ask();
  }

  free_in(section: number): number {
    let count = 0;
    const end = this.section_first[section + 1] ?? 0;
    for (let i = this.section_first[section] ?? 0; i < end; i++)
      if (this.states[i] === FREE) count++;
    return count;
  }

  #wake(): void {
    if (!document.hidden) void this.refresh();
  }

  async #ask(): Promise<void> {
    const path = this.version ? `${this.#url}?since=${this.version}` : this.#url;
    try {
      const answer = await fetch(path, { signal: this.#stopped.signal });
      if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
      const etag = answer.headers.get('ETag') ?? '';
      // An event that nothing has happened to answers its whole map each time.
      const known = answer.status === 304 || (etag !== '' && etag === this.#etag);
      if (!known) this.#take(await answer.arrayBuffer());
      this.#etag = etag;
      if (this.#failures > 0) this.#trouble(false);
      this.#failures = 0;
    } catch {
      if (this.#stopped.signal.aborted) return;
      if (++this.#failures === 2 || !this.loaded) this.#trouble(true);
    }
    const period = Math.min(PERIOD_MS_MAX, PERIOD_MS * 2 ** this.#failures);
    clearTimeout(this.#timer);
    if (!this.#stopped.signal.aborted && !document.hidden)
      this.#timer = setTimeout(() => void this.#ask(), period * (0.9 + 0.2 * Math.random()));
  }

  #take(bytes: ArrayBuffer): void {
    const view = new DataView(bytes);
    if (bytes.byteLength < HEAD_BYTES || view.getUint32(0) !== 0x43565331)
      throw new Error('no map');
    const version = Number(view.getBigUint64(8, true));
    const count = view.getUint32(24, true);
    if (view.getUint8(4) === WHOLE) {
      const packed = new Uint8Array(bytes, HEAD_BYTES);
      this.states = Uint8Array.from(
        { length: count },
        (_, i) => (packed[i >> 2]! >> (2 * (i & 3))) & 3,
      );
      this.version = version;
      this.loaded = true;
      this.dispatchEvent(new Event('load'));
    } else {
      const records = new Uint32Array(bytes, HEAD_BYTES, count);
      for (const record of records) this.states[record >> 2] = record & 3;
      this.version = version;
      this.dispatchEvent(new CustomEvent('change', { detail: records }));
    }
  }

  #trouble(detail: boolean): void {
    this.dispatchEvent(new CustomEvent('trouble', { detail }));
  }
}
