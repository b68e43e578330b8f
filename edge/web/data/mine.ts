// What this browser holds, shared with its other tabs, for the clock on every page and for asking:
// the server finds what is merely held by its id only. How it stands is the server's to say, and
// what was paid for the server knows by itself; the session is a cookie nobody reads here.
import { store, store_clear, stored, stored_list } from './store.ts';

const LIST = 'cavea.mine';
const SIGNED = 'cavea.signed';
const ASKED_MAX = 20; // ids of one request
const RENEW_MS = 7 * 24 * 3600 * 1000;

export interface Mine {
  id: string;
  event: string;
  /** Until when it is held, as told last. */
  until: string;
  seats?: string[]; // their ids
}

interface Told {
  id: string;
  event_id: string;
  state: string;
  expires_at: string;
  seats?: { id: string }[];
}

/** `change`: of what is held. `forgotten`: elsewhere; what is shown may be somebody else's. */
export const mine_changes = new EventTarget();

let signed = stored('local', SIGNED); // as this page knows it

function announce(): void {
  mine_changes.dispatchEvent(new Event('change'));
}

function forgotten(): void {
  signed = stored('local', SIGNED);
  store_clear('session');
  announce();
  mine_changes.dispatchEvent(new Event('forgotten'));
}

globalThis.addEventListener?.('storage', (event) => {
  if (event.key === null || (event.key === SIGNED && event.newValue === null)) forgotten();
  else if (event.key === SIGNED) signed = event.newValue;
  else if (event.key === LIST) announce();
});

/** After this page was put away, and heard nothing. */
export function mine_check(): void {
  if (signed !== stored('local', SIGNED)) forgotten();
}

function mine_list(): Mine[] {
  return stored_list<Mine>('local', LIST, (m) => Boolean(m.id && m.event && m.until));
}

function save(list: Mine[]): void {
  const text = JSON.stringify(list);
  if (text === JSON.stringify(mine_list())) return;
  store('local', LIST, text);
  announce();
}

const mine_of = (r: Told): Mine => ({
  id: r.id,
  event: r.event_id,
  until: r.expires_at,
  seats: (r.seats ?? []).map((seat) => seat.id),
});

/** Notes a reservation as it stands. */
export function mine_note(r: Told): void {
  const list = mine_list();
  if (r.state !== 'held') save(list.filter((m) => m.id !== r.id));
  else if (list.some((m) => m.id === r.id)) save(list.map((m) => (m.id === r.id ? mine_of(r) : m)));
  else save([mine_of(r), ...list]);
}

/** The ids to ask for, newest first; those that a page still shows come before them. */
export function mine_ids(shown: Iterable<string> = []): string[] {
  const ids = new Set([...shown, ...mine_list().map((m) => m.id)]);
  return [...ids].filter((id) => /^[0-9a-f-]{36}$/.test(id)).slice(0, ASKED_MAX);
}

/**
 * Notes what the server told. What was asked for and is not in it is not held; of what was not,
 * because another tab has it since then, nothing was told.
 */
export function mine_note_all(asked: string[], all: Told[]): void {
  const told = new Set([...asked, ...all.map((r) => r.id)]);
  const held = all.filter((r) => r.state === 'held').map(mine_of);
  save([...mine_list().filter((m) => !told.has(m.id)), ...held]);
}

/** Those that are held now, as far as this browser knows. */
export function mine_held(now_ms: number): Mine[] {
  return mine_list().filter((m) => Date.parse(m.until) > now_ms);
}

/** The ids of seats of an event that are held so: not by somebody else. */
export function mine_seats(event: string, now_ms: number): Set<string> {
  const held = mine_held(now_ms).filter((m) => m.event === event);
  return new Set(held.flatMap((m) => m.seats ?? []));
}

/** Whether this browser was made somebody. */
export function mine_signed(): boolean {
  return stored('local', SIGNED) !== null;
}

/** Whether that is to be renewed. */
export function mine_signed_long_ago(): boolean {
  return Date.now() - Number(stored('local', SIGNED) ?? 0) > RENEW_MS;
}

export function mine_signs(): void {
  signed = String(Date.now());
  store('local', SIGNED, signed);
}

/** Nothing of this is known any more, in any tab. */
export function mine_forget(): void {
  signed = null;
  store_clear('local', 'session');
  announce();
}
