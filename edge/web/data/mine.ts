// What this browser has reserved: the ids alone, newest first, shared with its other tabs. Whose
// they are and how they stand is the server's to say; the session is a cookie nobody reads here.
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

addEventListener('storage', (event) => {
  if (event.key === LIST) announce();
});

export function mine_list(): Mine[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(LIST) ?? '[]');
    return Array.isArray(list) ? (list as Mine[]).filter((m) => m.id && m.event) : [];
  } catch {
    return [];
  }
}

function save(list: Mine[]): void {
  localStorage.setItem(LIST, JSON.stringify(list.slice(0, KEPT)));
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

/** Whether there is a session that need not be renewed yet. */
export function mine_signed(): boolean {
  return Date.now() - Number(localStorage.getItem(SIGNED) ?? 0) < RENEW_MS;
}

export function mine_signs(): void {
  localStorage.setItem(SIGNED, String(Date.now()));
}
