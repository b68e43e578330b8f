// Checks the catalogues of words, text/<language>.json: every language has every key with the same
// placeholders and all its plural forms, every key the sources use is there, none is left over.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
const forms_of = (message) => (typeof message === 'string' ? { other: message } : message);

function* sources(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'text') continue;
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.(ts|html)$/.test(name)) yield path;
  }
}

function message_problems(language, key, message, model) {
  const found = [];
  const wanted = new Set(Object.values(forms_of(model)).flatMap(placeholders));
  for (const [form, text] of Object.entries(forms_of(message))) {
    if (typeof text !== 'string' || !text.trim())
      found.push(`${language}: ${key}.${form} is empty`);
    for (const name of placeholders(String(text)))
      if (!wanted.has(name)) found.push(`${language}: ${key} has an unknown {${name}}`);
  }
  const has = new Set(Object.values(forms_of(message)).flatMap(placeholders));
  for (const name of wanted) if (!has.has(name)) found.push(`${language}: ${key} lacks {${name}}`);
  if (typeof model === 'string') {
    if (typeof message !== 'string') found.push(`${language}: ${key} has no plural in English`);
    return found;
  }
  for (const category of new Intl.PluralRules(language).resolvedOptions().pluralCategories)
    if (!forms_of(message)[category]) found.push(`${language}: ${key} lacks its form ${category}`);
  return found;
}

// Keys stand in the sources as whole strings: t('cart.title'), or in a table of them.
function key_problems(here, model) {
  const used = new Set();
  for (const path of sources(here))
    for (const [, key] of readFileSync(path, 'utf8').matchAll(/['"]([a-z]\w*(?:\.\w+)+)['"]/g))
      used.add(key);
  const groups = new Set(Object.keys(model).map((key) => key.split('.')[0]));
  const missing = [...used].filter((key) => groups.has(key.split('.')[0]) && !(key in model));
  const left = Object.keys(model).filter((key) => !used.has(key));
  return [
    ...missing.map((key) => `the sources use ${key}, which en.json lacks`),
    ...left.map((key) => `nothing uses ${key}`),
  ];
}

export function check_catalogues(here) {
  const read = (name) => JSON.parse(readFileSync(join(here, 'text', name), 'utf8'));
  const model = read('en.json');
  const found = key_problems(here, model);
  for (const name of readdirSync(join(here, 'text'))) {
    const language = name.replace('.json', '');
    const catalogue = read(name);
    for (const key of Object.keys(model))
      if (!(key in catalogue)) found.push(`${language}: ${key} is missing`);
      else found.push(...message_problems(language, key, catalogue[key], model[key]));
    for (const key of Object.keys(catalogue))
      if (!(key in model)) found.push(`${language}: ${key} is not in en.json`);
  }
  return found;
}
