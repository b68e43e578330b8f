// Events that pages show beside a reservation: read once.
import type { EventDetail } from '#api';
import { event_read } from './api.ts';

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

export function section_name(event: EventDetail, id: string): string {
  return event.sections.find((section) => section.id === id)?.name ?? id;
}
