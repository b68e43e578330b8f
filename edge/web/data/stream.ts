// The stream of one event's changes from cavea-live (server-sent events, described in the API).
// Opens it, notices when it ends, and comes back after a while, longer each time. Knows no map.
export interface Change {
  after: number; // from this version
  last: number; // to this one
  seats: number[]; // seat * 4 + state; a later one of the same seat wins
}

export interface Told {
  change(change: Change): void;
  reset(): void; // something is missing: ask
  way(): void; // `hears` has changed
}

const BACK_MS = 1500;
const BACK_MS_MAX = 60000;
const STEADY_MS = 10000; // a stream that lasted so long was a good one
const SILENCE_MS = 40000; // the gateway says something every 15 s: this one died without a word

export class SeatStream {
  hears = false;
  #source: EventSource | null = null;
  #timer = 0;
  #silence = 0;
  #tries = 0;
  #began = 0;
  #version = 0;

  constructor(
    readonly url: string,
    readonly told: Told,
  ) {}

  /** From this version on; nothing happens when it is open already. */
  open(version: number): void {
    this.#version = Math.max(this.#version, version);
    if (this.#source) return;
    clearTimeout(this.#timer);
    const source = new EventSource(`${this.url}?since=${this.#version}`);
    this.#source = source;
    source.onopen = () => {
      this.#began = performance.now();
      this.#spoke();
      this.#hears(true);
    };
    source.onerror = () => this.again();
    source.onmessage = (event: MessageEvent<string>) => {
      this.#spoke();
      this.#change(event);
    };
    source.addEventListener('reset', () => {
      this.#spoke();
      this.#hears(true);
      this.told.reset();
    });
    source.addEventListener('deaf', () => {
      this.#spoke();
      this.#hears(false);
    });
    source.addEventListener('beat', () => this.#spoke());
    this.#spoke();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
    this.#hears(false);
  }

  #hears(hears: boolean): void {
    if (this.hears === hears) return;
    this.hears = hears;
    this.told.way();
  }

  #change(event: MessageEvent<string>): void {
    const { after, seats } = JSON.parse(event.data) as { after: number; seats: number[] };
    const last = Number(event.lastEventId);
    this.#version = Math.max(this.#version, last);
    this.told.change({ after, last, seats });
  }

  #spoke(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.again(), SILENCE_MS);
  }

  /**
   * It has ended, or says nothing of what there is to say: another one, after a while. The browser
   * would come back by itself, but not where we are, and as often as it likes.
   */
  again(): void {
    if (this.hears && performance.now() - this.#began > STEADY_MS) this.#tries = 0;
    this.close();
    const most = Math.min(BACK_MS_MAX, BACK_MS * 2 ** this.#tries++);
    this.#timer = setTimeout(() => {
      if (!document.hidden) this.open(0);
    }, most * (0.5 + Math.random()));
  }
}
