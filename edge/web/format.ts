// Money and times as people write them. Amounts come in minor units with the currency's exponent;
// times are shown in the venue's time zone, which is where the reader will be.
import { locale } from './i18n.ts';

const formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

function once<T extends Intl.DateTimeFormat | Intl.NumberFormat>(key: string, make: () => T): T {
  let found = formats.get(`${locale}|${key}`) as T | undefined;
  if (!found) formats.set(`${locale}|${key}`, (found = make()));
  return found;
}

export function money(minor: number, currency: string, exponent: number): string {
  const whole = minor % 10 ** exponent === 0;
  const digits = whole ? 0 : exponent;
  const options: Intl.NumberFormatOptions = {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  };
  const format = once(`${currency}${digits}`, () => new Intl.NumberFormat(locale, options));
  return format.format(minor / 10 ** exponent);
}

/** As it is written in lists: EUR · Euro. */
export function currency_name(code: string): string {
  const name = new Intl.DisplayNames(locale, { type: 'currency' }).of(code);
  return name && name !== code ? `${code} · ${name}` : code;
}

function date_format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${JSON.stringify(options)}`;
  return once(key, () => new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
}

const DAY = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
const DAY_SHORT = { weekday: 'short', day: 'numeric', month: 'short' } as const;

/** With the zone's name when the reader is in another. */
function time_options(zone: string): Intl.DateTimeFormatOptions {
  const options: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return here === zone ? options : { ...options, timeZoneName: 'short' };
}

export function date_long(at: string, zone: string): string {
  return date_format(zone, DAY).format(new Date(at));
}

/** Day and time in full, joined as the language joins them. */
export function date_whole(at: string, zone: string): string {
  return date_format(zone, { ...DAY, ...time_options(zone) }).format(new Date(at));
}

/** The day alone, such as 2031-05-17: to compare, not to read. */
export function date_iso(at: string, zone: string): string {
  const options = { timeZone: zone, dateStyle: 'short' } as const;
  return once(`iso|${zone}`, () => new Intl.DateTimeFormat('sv', options)).format(new Date(at));
}

export function time_short(at: string, zone: string): string {
  return date_format(zone, time_options(zone)).format(new Date(at));
}

export function date_time(at: string, zone: string): string {
  return date_format(zone, { ...DAY_SHORT, ...time_options(zone) }).format(new Date(at));
}

/** For a stub: each part alone. */
export function date_parts(
  at: string,
  zone: string,
): { weekday: string; day: string; month: string } {
  const part = (options: Intl.DateTimeFormatOptions) =>
    date_format(zone, options).format(new Date(at));
  const day = date_format(zone, { day: 'numeric' }).formatToParts(new Date(at));
  return {
    weekday: part({ weekday: 'short' }),
    day: day.find((p) => p.type === 'day')?.value ?? '',
    month: part({ month: 'short' }),
  };
}

/** 0:59, 9:07, 1:02:03. */
export function clock_text(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}
