// Nothing is waited for without an end: a connection that went dead says nothing for minutes.

/** Aborted after so long, and with the caller's own signal. */
export function deadline(ms: number, signal?: AbortSignal): AbortSignal {
  const end = AbortSignal.timeout(ms);
  if (!signal) return end;
  const both = new AbortController(); // AbortSignal.any is younger than some browsers here
  for (const one of [signal, end]) {
    if (one.aborted) both.abort(one.reason);
    one.addEventListener('abort', () => both.abort(one.reason), { once: true });
  }
  return both.signal;
}
