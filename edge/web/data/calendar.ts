// The event as an entry for a calendar (RFC 5545). It tells when the event begins; when it ends
// nobody has told us.
import type { EventDetail } from '#api';

const LINE_BYTES = 74;

const escaped = (text: string) => text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');
const utc = (at: string) => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** Lines of at most 75 octets; what is longer goes on behind a blank. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  let out = '';
  let bytes = 0;
  for (const letter of line) {
    const length = encoder.encode(letter).length;
    if (bytes + length > LINE_BYTES) {
      out += '\r\n ';
      bytes = 1;
    }
    out += letter;
    bytes += length;
  }
  return out;
}

export function calendar_text(event: EventDetail, id: string, now: string): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//cavea//tickets//EN',
    'BEGIN:VEVENT',
    `UID:${id}@cavea`,
    `DTSTAMP:${utc(now)}`,
    `DTSTART:${utc(event.starts_at)}`,
    `SUMMARY:${escaped(event.name)}`,
    `LOCATION:${escaped(`${event.venue.name}, ${event.venue.city}`)}`,
    `URL:${location.origin}/reservations/${id}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

export function calendar_url(event: EventDetail, id: string): string {
  const text = calendar_text(event, id, new Date().toISOString());
  return URL.createObjectURL(new Blob([text], { type: 'text/calendar' }));
}
