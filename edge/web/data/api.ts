// Calls of the API. What may be sent again is sent again: reads, and whatever has a key of its own;
// with the same key a second try cannot do anything twice.
import type {
  Checkout,
  CheckoutPending,
  CurrencyList,
  EventDetail,
  EventPage,
  Problem as ProblemBody,
  Reservation,
  ReservationPage,
  SeatList,
  TicketDetail,
  TicketList,
} from '#api';
import { deadline } from './deadline.ts';
import { mine_forget, mine_signed, mine_signed_long_ago, mine_signs } from './mine.ts';

const TRIES = 4;
const ANSWER_MS = 20000; // an edge answers in 5 s, a proxy before it in 16
const RETRY_MS_MAX = 4000;

/** The server said no. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly body: Partial<ProblemBody>,
  ) {
    super(body.detail ?? body.title ?? `status ${status}`);
  }
  get code(): string {
    return this.body.code ?? '';
  }
}

/** Nobody said anything: no network, or no server. */
export class Offline extends Error {}

/** Whether the server has decided: a refusal that the same request would get again. */
export function is_decided(error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

interface Call {
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
  fresh?: boolean;
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Answer {
  status: number;
  headers: Headers;
  body: unknown; // null when there is none, or none that can be read
}

/** A whole answer: one whose end does not come is none. */
async function once(method: string, path: string, call: Call): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  if (call.key) headers['Idempotency-Key'] = call.key;
  const signal = deadline(ANSWER_MS, call.signal);
  const init: RequestInit = { method, headers, credentials: 'same-origin', signal };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  if (call.fresh) init.cache = 'no-store';
  try {
    const answer = await fetch(path, init);
    const { status, ok } = answer;
    const text = status === 204 ? '' : await answer.text();
    return { status, headers: answer.headers, body: body_of(text, ok) };
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new Offline('no answer');
  }
}

/** What was said; of a refusal also when it is no JSON, as a proxy's own. */
function body_of(text: string, ok: boolean): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (ok) throw error;
    return null;
  }
}

function pause_ms(answer: Answer | null, attempt: number): number {
  const told = Number(answer?.headers.get('Retry-After') ?? 0) * 1000;
  return Math.min(RETRY_MS_MAX, told || 200 * 2 ** attempt) * (0.8 + 0.4 * Math.random());
}

async function patiently(method: string, path: string, call: Call): Promise<Answer> {
  const repeatable = method !== 'POST' || call.key !== undefined;
  for (let attempt = 0; ; attempt++) {
    let answer: Answer | null = null;
    try {
      answer = await once(method, path, call);
      if (answer.status !== 503 && answer.status !== 429 && answer.status !== 408) return answer;
      if (!repeatable || attempt + 1 >= TRIES) return answer;
    } catch (error) {
      if (!(error instanceof Offline) || !repeatable || attempt + 1 >= 2) throw error;
    }
    await wait(pause_ms(answer, attempt));
  }
}

async function call<T>(method: string, path: string, options: Call = {}): Promise<T> {
  const { status, body } = await patiently(method, path, options);
  if (status >= 400) throw new Problem(status, (body ?? {}) as Partial<ProblemBody>);
  return body as T;
}

/** Whether an own thing was refused because this browser has never been anybody. */
export function is_nobody(error: unknown): boolean {
  return error instanceof Problem && error.status === 401 && !mine_signed();
}

/**
 * Makes this browser somebody, or renews who it is; with an address, tickets go there. One at a
 * time in all tabs: two at once would make two buyers, and one would lose what is theirs. A cookie
 * that the server cannot read stays and is refused (401), unless somebody `anew` is wanted.
 */
export async function session_put(
  email?: string,
  anew = false,
): Promise<{ email: string | null }> {
  const locks = navigator.locks as LockManager | undefined; // secure contexts have them
  const ask = () =>
    call<{ email: string | null }>('PUT', '/v1/session', { body: email ? { email } : {} });
  const was = mine_signed();
  const put = async () => {
    if (was && !mine_signed()) return { email: null }; // forgotten while this waited its turn
    const answer = await ask().catch(async (error: unknown) => {
      if (!anew || !(error instanceof Problem) || error.status !== 401) throw error;
      await call('DELETE', '/v1/session');
      return ask();
    });
    mine_signs();
    return answer;
  };
  return locks ? locks.request('cavea.session', put) : put();
}

/** This browser is nobody from now on; nothing that is its own can be reached again. */
export async function session_delete(): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  const take = () => call<undefined>('DELETE', '/v1/session').then(mine_forget);
  await (locks ? locks.request('cavea.session', take) : take());
}

/**
 * What is somebody's own. That this browser is not known (401) is told and not mended: a new
 * identity would take the place of one that owns tickets, and whose cookie may be read again.
 */
async function owned<T>(method: string, path: string, options: Call = {}): Promise<T> {
  const was = mine_signed();
  const answer = await call<T>(method, path, options);
  // Forgotten while this was on its way: nobody is to note it, or to become somebody by it.
  if (was && !mine_signed()) throw new Problem(401, {});
  if (mine_signed_long_ago()) void session_put().catch(() => undefined);
  return answer;
}

/** A wish of anybody, who becomes somebody by it; nobody becomes somebody else so. */
async function wished<T>(method: string, path: string, options: Call): Promise<T> {
  if (!mine_signed()) await session_put();
  try {
    return await call<T>(method, path, options);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    await session_put(); // the cookie was removed, or it cannot be read and this is refused too
    return call<T>(method, path, options);
  }
}

export const events_read = (query: URLSearchParams, signal?: AbortSignal) =>
  call<EventPage>('GET', `/v1/events?${query}`, signal ? { signal } : {});

export const currencies_read = () => call<CurrencyList>('GET', '/v1/currencies');

/** `fresh`: as it is now, past every cache of this browser. */
export const event_read = (id: string, fresh = false) =>
  call<EventDetail>('GET', `/v1/events/${id}`, { fresh });

export const section_read = (event: string, section: string) =>
  call<SeatList>('GET', `/v1/events/${event}/seats?section=${encodeURIComponent(section)}`);

export const reservation_create = (event_id: string, seats: string[], key: string) =>
  wished<Reservation>('POST', '/v1/reservations', { body: { event_id, seats }, key });

/** This buyer's own, newest first: all whose payment was begun, and those `with` these ids. */
export const reservations_read = (limit: number, ids: string[], cursor: string | null = null) =>
  owned<ReservationPage>(
    'GET',
    `/v1/reservations?limit=${limit}` +
      (ids.length ? `&with=${ids.join()}` : '') +
      (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''),
  );

export const reservation_read = (id: string) =>
  owned<Reservation>('GET', `/v1/reservations/${id}`);

export const reservation_cancel = (id: string) =>
  owned<Reservation>('DELETE', `/v1/reservations/${id}`);

export const cancellation_create = (id: string, refund_minor: number) =>
  owned<Reservation>('POST', `/v1/reservations/${id}/cancellation`, { body: { refund_minor } });

export const checkout_create = (id: string, other_seats: boolean, key: string) =>
  owned<Checkout | CheckoutPending>('POST', `/v1/reservations/${id}/checkout`, {
    body: { other_seats },
    key,
  });

export const tickets_read = (id: string) =>
  owned<TicketList>('GET', `/v1/reservations/${id}/tickets`);

export const ticket_read = (id: string) => owned<TicketDetail>('GET', `/v1/tickets/${id}`);
