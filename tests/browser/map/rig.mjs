// What the seat map's browser tests share: the page with the map alone on it, served on a free
// port beside what a running edge answers, and a browser.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));
const { build } = createRequire(new URL('../../../edge/web/package.json', import.meta.url))(
  'esbuild',
);

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

async function page_build() {
  const built = await build({
    entryPoints: [`${here}page.ts`], bundle: true, format: 'esm', target: 'es2022', minify: true,
    write: false,
  });
  return built.outputFiles[0].contents;
}

// given: {edge, event} to show an event of a running edge, or {edge, plan} with a plan's hash.
// crowd: states are made up instead of the event's.
async function given_read(given) {
  if (given.plan) return { plan: `/v1/plans/${given.plan}/map.bin`, seats: null, prices: [] };
  const event = await (await fetch(`${given.edge}/v1/events/${given.event}`)).json();
  return {
    plan: `${event.plan.url}/map.bin`,
    seats: given.crowd ? null : `/v1/events/${given.event}/seats.bin`,
    prices: event.categories.map((category) => category.price_minor),
  };
}

export async function server_start(given) {
  const own = {
    '/': ['text/html', await readFile(`${here}page.html`)],
    '/page.css': ['text/css', await readFile(`${here}page.css`)],
    '/page.js': ['text/javascript', await page_build()],
    '/given.json': ['application/json', JSON.stringify(await given_read(given))],
    '/favicon.ico': ['image/x-icon', ''],
  };
  const server = createServer(async (request, response) => {
    const found = own[request.url];
    if (found) {
      response.writeHead(200, { 'Content-Type': found[0] });
      return response.end(found[1]);
    }
    if (!request.url.startsWith('/v1/')) return response.writeHead(404).end();
    const answer = await fetch(given.edge + request.url);
    response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

export async function browser_start() {
  const own = await chromium.launchServer({ executablePath: '/usr/bin/chromium', args: FLAGS });
  const browser = await chromium.connect(own.wsEndpoint());
  const stop = async () => {
    await browser.close();
    await own.close();
  };
  return { browser, pid: own.process().pid, stop };
}

// Waits until the map has drawn nothing new for a dozen frames.
export const rest = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (let still = 0, before = -1; still < 12; still++) {
      if (globalThis.map.view.frames !== before) still = 0;
      before = globalThis.map.view.frames;
      await frame();
    }
  });

// Options NAME=VALUE of a command line.
export const options_read = (words) =>
  Object.fromEntries(
    words.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
