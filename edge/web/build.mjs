// Makes the pages for browsers: node build.mjs FOLDER. Checks the catalogues of words, bundles,
// compresses, and writes FOLDER/assets.c (edge/asset.h) and FOLDER/dist, the files themselves.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { check_catalogues } from './catalogues.mjs';
import { types_write } from './types.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs FOLDER');

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const problems = check_catalogues(here);
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: { app: 'app.ts', style: 'style/style.css', icon: 'icon.svg' },
    outdir: join(out, 'dist'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
    publicPath: '/assets/',
    alias: { sofia: '@fontsource/sofia-sans-extra-condensed/files' },
    loader: { '.woff2': 'file', '.svg': 'copy' },
    logLevel: 'warning',
  });
  writeFileSync(join(out, 'meta.json'), JSON.stringify(result.metafile));
  const files = new Map();
  for (const file of result.outputFiles) files.set(basename(file.path), Buffer.from(file.contents));
  return { files, outputs: result.metafile.outputs };
}

// The one script whose name says nothing of its content: pages of all builds ask for it.
async function watch_bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ['watch.ts'],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'warning',
  });
  return Buffer.from(result.outputFiles[0].contents);
}

// The file an entry point became.
function entry_of(outputs, source) {
  const found = Object.entries(outputs).find(([, o]) => o.entryPoint === source);
  if (!found) throw new Error(`no output for ${source}`);
  return { name: basename(found[0]), imports: found[1].imports };
}

// The shell names what every page needs at once: its script, what that imports, the style.
function shell_write(files, outputs) {
  const app = entry_of(outputs, 'app.ts');
  const direct = app.imports.filter((i) => i.kind === 'import-statement');
  const font = [...files.keys()].find(
    (n) => n.includes('-latin-800-normal') && n.endsWith('.woff2'),
  );
  const lines = [
    ...direct.map((i) => `<link rel="modulepreload" href="/assets/${basename(i.path)}">`),
    `<link rel="preload" as="font" type="font/woff2" href="/assets/${font}" crossorigin>`,
    `<link rel="stylesheet" href="/assets/${entry_of(outputs, 'style/style.css').name}">`,
    `<link rel="icon" type="image/svg+xml" href="/assets/${entry_of(outputs, 'icon.svg').name}">`,
    `<script type="module" src="/assets/${app.name}"></script>`,
    `<script async src="/assets/watch.js"></script>`,
  ];
  const html = readFileSync(join(here, 'index.html'), 'utf8');
  files.set('index.html', Buffer.from(html.replace('<!-- head -->', lines.join('\n    '))));
}

function forms_of(name, data) {
  const forms = [data, null, null];
  if (extname(name) === '.woff2') return forms; // is brotli inside
  const gzip = gzipSync(data, { level: 9 });
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const brotli = brotliCompressSync(data, { params });
  if (gzip.length < data.length) forms[1] = gzip;
  if (brotli.length < data.length) forms[2] = brotli;
  return forms;
}

function array_of(symbol, data) {
  const rows = [];
  for (let at = 0; at < data.length; at += 32) rows.push([...data.subarray(at, at + 32)].join(','));
  return `static const unsigned char ${symbol}[] = {\n${rows.join(',\n')}};\n`;
}

function assets_write(files) {
  const arrays = [];
  const rows = [];
  let number = 0;
  for (const [name, data] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const forms = forms_of(name, data).map((form) => {
      if (!form) return '{0, 0}';
      const symbol = `file_${number++}`;
      arrays.push(array_of(symbol, form));
      return `{${symbol}, ${form.length}}`;
    });
    const digest = createHash('sha256').update(data).digest('hex').slice(0, 16);
    const type = CONTENT_TYPES[extname(name)];
    if (!type) throw new Error(`no content type for ${name}`);
    const hashed = /-[A-Z0-9]{8}\./.test(name);
    rows.push(`    {"${name}", "${type}", "${digest}", ${hashed}, {${forms.join(', ')}}},`);
    writeFileSync(join(out, 'dist', name), data);
  }
  const table = `const asset web_assets[] = {\n${rows.join('\n')}\n    {0}};\n`;
  writeFileSync(join(out, 'assets.c'), `#include "edge/asset.h"\n${arrays.join('')}${table}`);
}

rmSync(join(out, 'dist'), { recursive: true, force: true });
mkdirSync(join(out, 'dist'), { recursive: true });
types_write(join(here, '..', 'openapi.json'), join(out, 'api.ts'));
const { files, outputs } = await bundle();
files.set('watch.js', await watch_bundle());
shell_write(files, outputs);
assets_write(files);
