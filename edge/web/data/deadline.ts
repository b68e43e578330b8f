// Nothing is waited for without an end: a connection that went dead says nothing for minutes.

/** Aborted after so long, and with the caller's own signal. */
export function deadline(ms: number, signal?: AbortSignal): AbortSignal {
  const end = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, end]) : end;
}
