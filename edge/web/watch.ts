// Looks whether the page has begun, and is dressed. Has the same name in every build, because it is
// there for pages whose own script is not.
import { reload_once } from './data/reload.ts';

addEventListener('load', () => {
  const begun = 'begun' in document.documentElement.dataset;
  // A link has a sheet, if an empty one, also when what came was refused.
  const dressed = getComputedStyle(document.documentElement).getPropertyValue('--paper') !== '';
  if (!begun || !dressed) void reload_once();
});
