// Which page an address shows. Links within the site are followed without loading a document.
import { reload_once } from './data/reload.ts';
import { t, type Key } from './i18n.ts';
import { h, replace } from './ui/h.ts';
import { notice, type Page } from './ui/page.ts';
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
let here = ''; // the address that is shown

const address = () => location.pathname + location.search;

const route_of = (path: string) => ROUTES.find((r) => r.pattern.test(path)) ?? LOST;

/** Asks for the page's own script while the words are still on their way. */
export function route_ahead(): void {
  route_of(location.pathname)
    .load()
    .catch(() => undefined); // what does not come is asked for again, and told, when it is shown
}

async function show(first: boolean): Promise<void> {
  const turn = ++shown;
  const path = location.pathname;
  const route = route_of(path);
  here = address();
  const loaded = await route.load().then(
    () => true,
    () => false,
  );
  if (!loaded) await reload_once();
  if (turn !== shown) return; // the reader went on meanwhile
  if (!loaded) return broken();
  const page = document.createElement(route.tag) as Page;
  document.title = `${t(route.title)} · cavea`;
  main.dataset.page = route.tag;
  replace(main, page);
  const from = document.activeElement;
  const opened = page.open(route.pattern.exec(path)?.[1] ?? '');
  if (!first) heading_focus(from);
  await opened;
  if (turn !== shown) return;
  dispatchEvent(new CustomEvent('cavea:shown', { detail: route.tag }));
  main.dataset.shown = location.pathname;
  if (first) return;
  say(document.title);
  heading_focus(from);
}

/** Leads who listens to the page, unless the reader went somewhere in it or beside it meanwhile. */
function heading_focus(from: Element | null): void {
  const at = document.activeElement;
  const nowhere = !at || at === document.body || Boolean(at.closest('[hidden]'));
  if (nowhere || at === from)
    main.querySelector<HTMLElement>('h1:not([hidden])')?.focus({ preventScroll: true });
}

/** The page's own script did not come: no network, or another build has taken this one's place. */
function broken(): void {
  document.title = `${t('error.title')} · cavea`;
  const onclick = () => location.reload();
  const again = h('button', { class: 'button', onclick }, t('error.again'));
  const box = notice('warning', t('error.title'), h('p', null, t('error.load')), again);
  replace(main, box);
  say(t('error.load'), true);
  box.querySelector('h1')?.focus();
}

/** Leads to another page of the site; `instead` leaves no way back to this one. */
export function go(path: string, instead = false): void {
  if (instead) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  scrollTo(0, 0);
  void show(false);
}

/** The address of what is shown already, as of filters that changed. */
export function address_set(path: string): void {
  history.replaceState(null, '', path);
  here = address();
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
  // Also sent when only the fragment changes, as by the link that skips to the content.
  addEventListener('popstate', () => void (address() !== here && show(false)));
  return show(true);
}
