// No such page.
import { replace } from '../ui/h.ts';
import { lost_notice, Page } from '../ui/page.ts';

class PageLost extends Page {
  override open(): void {
    replace(this, lost_notice());
  }
}

customElements.define('page-lost', PageLost);
