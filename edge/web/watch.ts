// Looks whether the page has begun, and is dressed. Has the same name in every build, because it is
// there for pages whose own script is not.
import { reload_once } from './data/reload.ts';

addEventListener('load', () => {
  const begun = 'begun' in document.documentElement.dataset;
  const style = document.querySelector<HTMLLinkElement>('link[rel=stylesheet]');
  if (!begun || !style?.sheet) void reload_once();
});
