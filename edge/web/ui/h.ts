// Elements out of plain calls. Text stays text: nothing here makes markup of a string, so nothing
// that a stranger wrote can become any.
export type Child = Node | string | number | null | undefined | false | Child[];
type Handler = (event: never) => void;
export type Attributes = Record<string, string | number | boolean | null | undefined | Handler>;

function fill(node: ParentNode & Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) fill(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

function dress(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      node.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (name.startsWith('aria-') && typeof value === 'boolean')
      node.setAttribute(name, String(value)); // an empty one means false
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, String(value));
  }
}

/** `h('button', { class: 'quiet', onclick: go }, 'Go')`; `on...` listens. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes | null,
  ...children: Child[]
): HTMLElementTagNameMap[K];
export function h(tag: string, attributes?: Attributes | null, ...children: Child[]): HTMLElement;
export function h(tag: string, attributes?: Attributes | null, ...children: Child[]): HTMLElement {
  const node = document.createElement(tag);
  if (attributes) dress(node, attributes);
  fill(node, children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag: string, attributes: Attributes, ...children: Child[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  dress(node, attributes);
  fill(node, children);
  return node;
}

export function replace(node: Element, ...children: Child[]): void {
  node.replaceChildren();
  fill(node, children);
}

/** One that must be there. */
export function find<T extends Element = HTMLElement>(within: ParentNode, selector: string): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
}

/** The first that takes the focus gets it: what is hidden does not. */
export function focus_first(nodes: (HTMLElement | null)[], preventScroll = false): void {
  for (const node of nodes) {
    node?.focus({ preventScroll });
    if (node && node === document.activeElement) return;
  }
}
