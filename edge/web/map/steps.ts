// Long work in small steps: a generator that yields wherever it may rest. Pure but for the clock.
export type Steps<T> = Generator<undefined, T, undefined>;

const SLICE_MS = 8; // of a frame, so that whoever presses something meanwhile is heard

/** All at once. */
export function steps_finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A slice at a time; others have their turn in between. */
export async function steps_patiently<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const until = performance.now() + SLICE_MS;
    while (performance.now() < until) {
      const step = steps.next();
      if (step.done) return step.value;
    }
    await new Promise((done) => setTimeout(done));
  }
}
