// Lighthouse on the pages that most people see, with its own ideas of a phone and of a desktop:
// node audit.mjs DIR, which gets a report of each run. ONLY=event-phone is that one alone.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import lighthouse, { desktopConfig } from 'lighthouse';
import { at, browser_launch, edge, shows } from '../browser.mjs';

const LEAST = 95;
const RUNS = 3;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];
const METRICS = {
  'first-contentful-paint': 'first paint',
  'largest-contentful-paint': 'largest',
  'total-blocking-time': 'blocked',
  'cumulative-layout-shift': 'shift',
  'speed-index': 'speed index',
};
const PAGES = [
  ['events', edge],
  ['event', at(shows.arena)],
];
const PRESETS = [
  ['phone', undefined], // what Lighthouse does when it is not told
  ['desktop', desktopConfig],
];

const dir = process.argv[2];
const port = Number(process.env.DEBUG_PORT);
const findings = [];
mkdirSync(dir, { recursive: true });

// The tasks of a trace last as long as the CPU worked for them: what a page costs by itself, when
// others have kept it waiting.
function waiting_leave_out(gathered) {
  const file = `${gathered}/defaultPass.trace.json`;
  const trace = JSON.parse(readFileSync(file, 'utf8'));
  for (const event of trace.traceEvents)
    if (event.ph === 'X' && event.tdur < event.dur) event.dur = event.tdur;
  writeFileSync(file, JSON.stringify(trace));
}

async function run(name, url, config, number) {
  // What does not vary from run to run is asked once.
  const onlyCategories = number === 1 ? CATEGORIES : CATEGORIES.slice(0, 1);
  const flags = { port, output: ['html', 'json'], logLevel: 'error', onlyCategories };
  const gathered = `${dir}/${name}-${number}`;
  await lighthouse(url, { ...flags, gatherMode: gathered }, config);
  const { lhr, report } = await lighthouse(url, { ...flags, auditMode: gathered }, config);
  for (const [i, ending] of ['html', 'json'].entries())
    writeFileSync(`${gathered}.${ending}`, report[i]);
  if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
  for (const warning of lhr.runWarnings) console.log(`${name}: ${warning}`);
  waiting_leave_out(gathered);
  const alone = await lighthouse(url, { ...flags, auditMode: gathered }, config);
  rmSync(gathered, { recursive: true });
  return { ...lhr, alone: alone.lhr };
}

const score = (lhr, category) => Math.round(lhr.categories[category].score * 100);

/** What a category lost points by. */
function losses(lhr, category) {
  return lhr.categories[category].auditRefs
    .map(({ id, weight }) => [lhr.audits[id], weight])
    .filter(([{ score }, weight]) => weight > 0 && score !== null && score < 0.95)
    .map(([{ id, score, displayValue }]) => `${id} ${score} ${displayValue ?? ''}`.trim());
}

const metrics = (lhr) =>
  Object.entries(METRICS)
    .map(([id, words]) => `${words} ${lhr.audits[id].displayValue.replace(/\s/g, ' ')}`)
    .join(', ');

const speed = (lhr) => score(lhr, 'performance');
const middle = (all) => [...all].sort((a, b) => speed(a) - speed(b))[all.length >> 1];

async function audit(name, url, config) {
  const runs = [];
  for (let number = 1; number <= RUNS; number++) runs.push(await run(name, url, config, number));
  const lhr = middle(runs);
  const scores = [
    ['performance', lhr],
    ['accessibility', runs[0]],
    ['best-practices', runs[0]],
  ];
  const [, accessibility, practices] = scores.map(([category, of]) => score(of, category));
  console.log(
    `figure: ${name}: performance ${speed(lhr)}, ` +
      `accessibility ${accessibility}, best practices ${practices} ` +
      `(each run ${runs.map(speed)}, by processor time ` +
      `${runs.map((one) => speed(one.alone))}; ${metrics(lhr)}; ` +
      `machine ${Math.round(lhr.environment.benchmarkIndex)})`,
  );
  for (const [category, of] of scores)
    if (score(of, category) < LEAST)
      findings.push(`${name}: ${category} is less than ${LEAST}: ${losses(of, category)}`);
}

const browser = await browser_launch({ args: [`--remote-debugging-port=${port}`] });
for (const [preset, config] of PRESETS) {
  for (const [page, url] of PAGES) {
    const name = `${page}-${preset}`;
    if ((process.env.ONLY ?? name) === name) await audit(name, url, config);
  }
}
await browser.close();
for (const text of findings) console.log(text);
if (findings.length) process.exitCode = 1;
