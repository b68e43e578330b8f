// The states of all seats of one event, kept up to date: the whole map first, then what changed
// since (seats.bin, described in the API), as the stream of changes brings it or, while there is
// none, by asking. Tells by events: `load` (everything may be different), `change` (detail: records
// of seat * 4 + state), `trouble` (detail: whether the server cannot be reached), `way` (how they
// come now).
import type { EventDetail } from '#api';
import { deadline } from './deadline.ts';
import { type Change, SeatStream } from './stream.ts';

export const FREE = 0;
export const HELD = 1;
export const SOLD = 2;
export const BLOCKED = 3;

const PERIOD_MS = 2000;
const PERIOD_MS_MAX = 30000;
const ANSWER_MS = 8000;
const CHECK_MS = 30000; // between two questions while the stream brings everything
const DOUBT_MS = 2000; // between what a question brings and the stream's word of it
const RESET_SPREAD_MS = 800; // all who listen are told to ask at the same moment
const HIDDEN_MS = 10000; // then nobody looks, and the stream ends
const HEAD_BYTES = 32;
const WHOLE = 1;

export class SeatFeed extends EventTarget {
  states: Uint8Array;
  version = 0; // of an event that nothing has happened to yet, also when it is loaded
  loaded = false;
  /** Of each section the index of its first seat, and one more: the number of all. */
  readonly section_first: number[] = [0];
  #url: string;
  #stream: SeatStream | null = null;
  #stopped = new AbortController();
  #question: AbortController | null = null;
  #timer = 0;
  #hidden_timer = 0;
  #doubt_timer = 0;
  #failures = 0;
  #troubled = false;
  #again = false; // a question that was on its way when the stream said `reset` may be too old
  #heard = 0; // the latest version that the stream told of
  #etag = ''; // of the whole map that was taken last

  constructor(readonly event: EventDetail) {
    super();
    let first = 0;
    for (const section of event.sections) this.section_first.push((first += section.seats));
    this.states = new Uint8Array(first).fill(BLOCKED);
    this.#url = `/v1/events/${event.id}/seats.bin`;
    if (event.live_url)
      this.#stream = new SeatStream(event.live_url, {
        change: (change) => this.#change(change),
        reset: () => this.#reset(),
        way: () => this.#way_changed(),
      });
  }

  /** How changes come: by themselves, or by asking every two seconds. */
  get way(): 'stream' | 'poll' {
    return this.#stream?.hears ? 'stream' : 'poll';
  }

  /** Resolves when the first map is there, or is known not to come. */
  async start(): Promise<void> {
    const { signal } = this.#stopped;
    document.addEventListener('visibilitychange', () => this.#look(), { signal });
    addEventListener('online', () => this.#look(), { signal });
    await this.#ask();
    if (!signal.aborted) this.#stream?.open(this.version);
  }

  stop(): void {
    this.#stopped.abort();
    this.#question?.abort();
    this.#stream?.close();
    clearTimeout(this.#timer);
    clearTimeout(this.#hidden_timer);
    clearTimeout(this.#doubt_timer);
  }

  /** Asks now, as after a conflict. */
  refresh(): Promise<void> {
    return this.#ask();
  }

  free_in(section: number): number {
    let count = 0;
    const end = this.section_first[section + 1] ?? 0;
    for (let i = this.section_first[section] ?? 0; i < end; i++)
      if (this.states[i] === FREE) count++;
    return count;
  }

  #look(): void {
    clearTimeout(this.#hidden_timer);
    if (this.#stopped.signal.aborted) return;
    if (document.hidden) {
      clearTimeout(this.#timer);
      this.#hidden_timer = setTimeout(() => this.#stream?.close(), HIDDEN_MS);
      return;
    }
    void this.#ask();
    this.#stream?.open(this.version);
  }

  #reset(): void {
    this.#again = true;
    if (!this.#question) this.#ask_in(Math.random() * RESET_SPREAD_MS);
  }

  #way_changed(): void {
    this.dispatchEvent(new Event('way'));
    this.#ask_in(this.way === 'stream' ? CHECK_MS : PERIOD_MS * Math.random());
  }

  #ask_in(delay_ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped.signal.aborted && !document.hidden)
      this.#timer = setTimeout(() => void this.#ask(), delay_ms);
  }

  #period(): number {
    // The answer came out of some cache, or too early.
    if (this.#again || this.version < this.#heard) return PERIOD_MS / 2;
    const usual = this.way === 'stream' ? CHECK_MS : PERIOD_MS;
    return Math.min(PERIOD_MS_MAX, usual * 2 ** this.#failures) * (0.9 + 0.2 * Math.random());
  }

  // What the stream brings follows what is known, or it has to be asked for.
  #change({ after, last, seats }: Change): void {
    this.#heard = Math.max(this.#heard, last);
    if (this.loaded && last <= this.version) return;
    if (!this.loaded || after > this.version) {
      if (!this.#question) this.#ask_in(0);
      return;
    }
    this.#apply(Uint32Array.from(seats), last);
  }

  #apply(records: Uint32Array, version: number): void {
    for (const record of records) this.states[record >> 2] = record & 3;
    this.version = version;
    this.dispatchEvent(new CustomEvent('change', { detail: records }));
  }

  // One question at a time: a later one takes the place of the one that is on its way.
  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#question?.abort();
    // Nothing that the stream has told of makes us ask: it should know whatever comes of it.
    const routine = this.way === 'stream' && !this.#again && this.version >= this.#heard;
    this.#again = false;
    const question = new AbortController();
    this.#question = question;
    const path = this.loaded ? `${this.#url}?since=${this.version}` : this.#url;
    try {
      const answer = await fetch(path, { signal: deadline(ANSWER_MS, question.signal) });
      if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
      const etag = answer.headers.get('ETag') ?? '';
      // An event that nothing has happened to answers its whole map each time.
      const known = answer.status === 304 || (etag !== '' && etag === this.#etag);
      const bytes = known ? null : await answer.arrayBuffer();
      if (question !== this.#question || this.#stopped.signal.aborted) return;
      const before = this.version;
      if (bytes) this.#take(bytes);
      if (routine && this.version > before) this.#doubt(this.version);
      this.#etag = etag;
      this.#failures = 0;
      this.#trouble(false);
    } catch {
      if (question !== this.#question || this.#stopped.signal.aborted) return;
      if (++this.#failures === 2 || !this.loaded) this.#trouble(true);
    }
    this.#question = null;
    this.#ask_in(this.#period());
  }

  /** A stream that beats and does not tell what there is to tell is not taken for a good one. */
  #doubt(version: number): void {
    clearTimeout(this.#doubt_timer);
    this.#doubt_timer = setTimeout(() => {
      if (this.way === 'stream' && this.#heard < version) this.#stream?.again();
    }, DOUBT_MS);
  }

  #take(bytes: ArrayBuffer): void {
    const view = new DataView(bytes);
    if (bytes.byteLength < HEAD_BYTES || view.getUint32(0) !== 0x43565331)
      throw new Error('no map');
    const version = Number(view.getBigUint64(8, true));
    const count = view.getUint32(24, true);
    if (this.loaded && version < this.version) return; // the stream was faster
    if (view.getUint8(4) === WHOLE) {
      const packed = new Uint8Array(bytes, HEAD_BYTES);
      this.states = new Uint8Array(count);
      for (let i = 0; i < count; i++) this.states[i] = (packed[i >> 2]! >> (2 * (i & 3))) & 3;
      this.version = version;
      this.loaded = true;
      this.dispatchEvent(new Event('load'));
    } else {
      this.#apply(new Uint32Array(bytes, HEAD_BYTES, count), version);
    }
  }

  #trouble(detail: boolean): void {
    if (detail === this.#troubled) return;
    this.#troubled = detail;
    this.dispatchEvent(new CustomEvent('trouble', { detail }));
  }
}
