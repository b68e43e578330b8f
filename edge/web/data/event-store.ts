// Events that pages show beside a reservation, and what they are paid in: read once.
import type { Currency, EventDetail } from '#api';
import { currencies_read, event_read } from './api.ts';

const events = new Map<string, Promise<EventDetail>>();

export function event_of(id: string): Promise<EventDetail> {
  let found = events.get(id);
  if (!found) {
    found = event_read(id);
    found.catch(() => events.delete(id));
    events.set(id, found);
  }
  return found;
}

let sold_in: Promise<Currency[]> | null = null;

/** In which currencies events are sold, the commonest first. */
export function currencies(): Promise<Currency[]> {
  if (!sold_in) {
    sold_in = currencies_read().then((list) => list.currencies);
    sold_in.catch(() => (sold_in = null));
  }
  return sold_in;
}

export function section_name(event: EventDetail, id: string): string {
  return event.sections.find((section) => section.id === id)?.name ?? id;
}
