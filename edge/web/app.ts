// The frame around every page: words first, then header, page and footer.
import { clock_sync } from './data/clock.ts';
import { mine_changes, mine_check } from './data/mine.ts';
import { reload_once } from './data/reload.ts';
import { language, language_choose, language_load } from './i18n.ts';
import { LANGUAGES, t, type Language } from './i18n.ts';
import './parts/cart-link.ts';
import { route_ahead, router_start, show_again } from './router.ts';
import { h, replace } from './ui/h.ts';
import { icon } from './ui/icon.ts';
import { mark } from './ui/mark.ts';
import { say_attach, tell } from './ui/say.ts';

const header = h('header', { class: 'top' });
const main = h('main', { id: 'main', tabindex: -1 });
const footer = h('footer', { class: 'bottom' });

function header_fill(): void {
  replace(
    header,
    h('a', { class: 'skip', href: '#main' }, t('frame.skip')),
    h('a', { class: 'brand', href: '/', 'aria-label': t('frame.home') }, mark(), 'cavea'),
    h(
      'nav',
      { 'aria-label': t('frame.nav') },
      h(
        'a',
        { href: '/reservations', class: 'nav-link' },
        icon('ticket'),
        h('span', null, t('reservations.title')),
      ),
      h('cart-link', null),
    ),
  );
}

function language_field(): HTMLElement {
  const select = h(
    'select',
    { id: 'language', onchange: () => void language_change(select.value as Language) },
    Object.entries(LANGUAGES).map(([tag, name]) =>
      h('option', { value: tag, lang: tag, selected: tag === language }, name),
    ),
  );
  return h(
    'p',
    { class: 'language' },
    h('label', { for: 'language' }, t('frame.language')),
    select,
  );
}

function frame_fill(): void {
  header_fill();
  replace(footer, h('p', null, t('frame.promise')), language_field());
}

async function language_change(chosen: Language): Promise<void> {
  const before = language;
  language_choose(chosen);
  try {
    await language_load();
    show_again();
  } catch {
    await reload_once();
    language_choose(before); // its words did not come
    tell(t('error.load'));
  }
  frame_fill();
}

document.documentElement.dataset.begun = ''; // see watch.ts
route_ahead();
await language_load().catch(async (error: unknown) => {
  await reload_once();
  throw error;
});
document.querySelector('.late')?.remove();
footer.hidden = true; // until it is known where the page ends: nothing that is read moves
document.body.append(header, main, footer);
frame_fill();
say_attach();
void clock_sync();
mine_changes.addEventListener('forgotten', show_again);
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  void clock_sync();
  mine_check();
});
await router_start(main);
footer.hidden = false;
