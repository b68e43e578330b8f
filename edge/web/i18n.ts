// The words of the pages in the reader's language. A catalogue is loaded before anything is shown;
// the build has checked that each has every key (catalogues.mjs).
import { store, stored } from './data/store.ts';
import type en from './text/en.json';

export type Key = keyof typeof en;
type Message = string | Partial<Record<Intl.LDMLPluralRule, string>>;
type Catalogue = Record<Key, Message>;
export type Values = Record<string, string | number>;

export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  ja: '日本語',
  ar: 'العربية',
} as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import('./text/en.json'),
  de: () => import('./text/de.json'),
  es: () => import('./text/es.json'),
  ja: () => import('./text/ja.json'),
  ar: () => import('./text/ar.json'),
};
const CHOICE = 'cavea.language';

let words: Catalogue;
let plurals: Intl.PluralRules;
let numbers: Intl.NumberFormat;
export let language: Language = 'en';
/** For Intl: the reader's own variety of the language, so that dates look as at home. */
export let locale = 'en';

function choose(): [Language, string] {
  const known = (tag: string) => tag.split('-')[0]?.toLowerCase() as Language;
  const chosen = stored('local', CHOICE) as Language | null;
  const tags = [...(chosen && chosen in LANGUAGES ? [chosen] : []), ...navigator.languages];
  const first = tags.find((tag) => known(tag) in LANGUAGES) ?? 'en';
  const own = navigator.languages.find((tag) => known(tag) === known(first));
  return [known(first), own ?? first];
}

export async function language_load(): Promise<void> {
  const [chosen, own] = choose();
  words = (await LOADERS[chosen]()).default as Catalogue;
  [language, locale] = [chosen, own];
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale);
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
}

export function language_choose(chosen: Language): void {
  store('local', CHOICE, chosen);
}

/** The text of a key; `{name}` stands for a value, `count` also chooses the plural. */
export function t(key: Key, values: Values = {}): string {
  const message = words[key];
  const form = typeof values.count === 'number' ? plurals.select(values.count) : 'other';
  const text = typeof message === 'string' ? message : (message[form] ?? message.other ?? key);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (typeof value === 'number') return numbers.format(value);
    // Names in another script keep their own direction (Unicode isolates).
    return language === 'ar' ? `\u2068${value}\u2069` : value;
  });
}

export function number(value: number): string {
  return numbers.format(value);
}
