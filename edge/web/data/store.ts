// What this browser keeps for us: `local` for all its tabs, `session` for this one. A browser may
// refuse to keep anything; then it is kept as long as the page lives, and nothing else goes wrong.
type Kind = 'local' | 'session';

const memory = new Map<string, string>();

const storage = (kind: Kind): Storage => (kind === 'local' ? localStorage : sessionStorage);

export function stored(kind: Kind, key: string): string | null {
  try {
    return memory.get(key) ?? storage(kind).getItem(key);
  } catch {
    return null;
  }
}

export function store(kind: Kind, key: string, value: string): void {
  try {
    storage(kind).setItem(key, value);
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}

/** Keeps nothing any more of these kinds, nor of what was to be kept and could not. */
export function store_clear(...kinds: Kind[]): void {
  memory.clear();
  for (const kind of kinds) {
    try {
      storage(kind).clear();
    } catch {
      // was never allowed to keep anything
    }
  }
}

/** A list of things that fit; whatever else stands there counts as none. */
export function stored_list<T>(kind: Kind, key: string, fits: (item: Partial<T>) => boolean): T[] {
  try {
    const list: unknown = JSON.parse(stored(kind, key) ?? '[]');
    return Array.isArray(list) ? list.filter((item) => item && fits(item)) : [];
  } catch {
    return [];
  }
}
