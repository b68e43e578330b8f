// What this browser has reserved: the ids alone, newest first, shared with its other tabs. Whose
// they are and how they stand is the server's to say; the session is a cookie nobody reads here.
import { store, stored, stored_list } from './store.ts';

const LIST = 'cavea.mine';
const SIGNED = 'cavea.signed';
const KEPT = 100;
const RENEW_MS = 7 * 24 * 3600 * 1000;

export interface Mine {
  id: string;
  event: string;
  /** Until when it is held, as told last; none once it has ended or is paid. */
  until?: string;
}

export const mine_changes = new EventTarget();

function announce(): void {
  mine_changes.dispatchEvent(new Event('change'));
}

globalThis.addEventListener?.('storage', (event) => {
  if (event.key === LIST) announce();
});

export function mine_list(): Mine[] {
  return stored_list<Mine>('local', LIST, (m) => Boolean(m.id && m.event));
}

function save(list: Mine[]): void {
  store('local', LIST, JSON.stringify(list.slice(0, KEPT)));
  announce();
}

/** Notes a reservation as it stands. */
export function mine_note(r: {
  id: string;
  event_id: string;
  state: string;
  expires_at: string;
}): void {
  const list = mine_list();
  const before = list.find((m) => m.id === r.id);
  const until = r.state === 'held' ? r.expires_at : undefined;
  if (before && before.until === until) return;
  const next: Mine = { id: r.id, event: r.event_id, ...(until ? { until } : {}) };
  save(before ? list.map((m) => (m === before ? next : m)) : [next, ...list]);
}

export function mine_forget(id: string): void {
  save(mine_list().filter((m) => m.id !== id));
}

/** Those that are held now, as far as this browser knows. */
export function mine_held(now_ms: number): Mine[] {
  return mine_list().filter((m) => m.until && Date.parse(m.until) > now_ms);
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
  store('local', SIGNED, String(Date.now()));
}
