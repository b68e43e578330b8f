// Which price categories the reader wants to see; null: all of them. Sends `change`.
export class Filter extends EventTarget {
  #shown: ReadonlySet<number> | null = null;

  get shown(): ReadonlySet<number> | null {
    return this.#shown;
  }

  has(category: number): boolean {
    return this.#shown === null || this.#shown.has(category);
  }

  set(categories: number[]): void {
    this.#shown = categories.length ? new Set(categories) : null;
    this.dispatchEvent(new Event('change'));
  }
}
