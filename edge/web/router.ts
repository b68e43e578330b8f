// Which page an address shows. Links within the site are followed without loading a document.
import { t, type Key } from './i18n.ts';
import { replace } from './ui/h.ts';
import type { Page } from './ui/page.ts';
import { say } from './ui/say.ts';

interface Route {
  pattern: RegExp;
  tag: string;
  title: Key;
  load: () => Promise<unknown>;
}

const ID = '([0-9a-f-]{36})';
const at = (path: string) => new RegExp(`^${path}/?$`);

const ROUTES: Route[] = [
  {
    pattern: at(''),
    tag: 'page-events',
    title: 'events.title',
    load: () => import('./pages/events.ts'),
  },
  {
    pattern: at(`/events/${ID}`),
    tag: 'page-event',
    title: 'event.title',
    load: () => import('./pages/event.ts'),
  },
  {
    pattern: at('/cart'),
    tag: 'page-cart',
    title: 'cart.title',
    load: () => import('./pages/cart.ts'),
  },
  {
    pattern: at('/pay/return'),
    tag: 'page-paid',
    title: 'paid.title',
    load: () => import('./pages/paid.ts'),
  },
  {
    pattern: at('/reservations'),
    tag: 'page-reservations',
    title: 'reservations.title',
    load: () => import('./pages/reservations.ts'),
  },
  {
    pattern: at(`/reservations/${ID}`),
    tag: 'page-reservation',
    title: 'reservation.title',
    load: () => import('./pages/reservation.ts'),
  },
  {
    pattern: at(`/tickets/${ID}`),
    tag: 'page-ticket',
    title: 'ticket.title',
    load: () => import('./pages/ticket.ts'),
  },
];
const LOST: Route = {
  pattern: /^/,
  tag: 'page-lost',
  title: 'lost.title',
  load: () => import('./pages/lost.ts'),
};

let main: HTMLElement;
let shown = 0;

async function show(first: boolean): Promise<void> {
  const turn = ++shown;
  const path = location.pathname;
  const route = ROUTES.find((r) => r.pattern.test(path)) ?? LOST;
  await route.load();
  if (turn !== shown) return; // the reader went on meanwhile
  const page = document.createElement(route.tag) as Page;
  document.title = `${t(route.title)} · cavea`;
  main.dataset.page = route.tag;
  replace(main, page);
  await page.open(route.pattern.exec(path)?.[1] ?? '');
  if (turn !== shown) return;
  dispatchEvent(new CustomEvent('cavea:shown', { detail: route.tag }));
  main.dataset.shown = location.pathname;
  if (first) return;
  say(document.title);
  main.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
}

export function go(path: string): void {
  history.pushState(null, '', path);
  scrollTo(0, 0);
  void show(false);
}

/** Shows the same address anew, as after a change of language. */
export function show_again(): void {
  void show(false);
}

function on_click(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin)
    return;
  if (link.pathname.startsWith('/v1/') || link.pathname.startsWith('/assets/')) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.pathname + link.search);
}

export function router_start(within: HTMLElement): Promise<void> {
  main = within;
  document.addEventListener('click', on_click);
  addEventListener('popstate', () => void show(false));
  return show(true);
}
