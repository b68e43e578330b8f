// Parts of a page that do not come. An edge has the parts of its own build alone, so while builds
// take turns a page may ask for some that nobody near has: loaded anew, it is whole again. That is
// done once; what is missing even then is for the reader to see.
import { deadline } from './deadline.ts';

const YOUNG_MS = 60000;
const ANSWER_MS = 8000;

function just_reloaded(): boolean {
  const [how] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return !how || (how.type === 'reload' && performance.now() < YOUNG_MS);
}

/** Loads the page anew. Returns when that was just done, or when nobody answers. */
export async function reload_once(): Promise<void> {
  if (just_reloaded()) return;
  const options: RequestInit = { cache: 'no-store', signal: deadline(ANSWER_MS) };
  const answer = await fetch(location.href, options).catch(() => null);
  if (!answer || answer.status >= 500) return;
  location.reload();
  await new Promise(() => undefined);
}
