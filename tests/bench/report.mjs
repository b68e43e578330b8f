// Writes RESULTS.md and its plots from what ops/bench recorded: report.mjs RECORDED DIR
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpuEach, lines, perSecond, processes, rows, share } from './figures.mjs'
import { bars } from './plot.mjs'

const [file, dir] = process.argv.slice(2)
const recorded = lines(file)
const about = recorded.find((line) => line.part === 'about')
const out = []

const number = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-')
const range = (s) => (s.min === s.max ? number(s.median)
    : `${number(s.median)} (${number(s.min)} to ${number(s.max)})`)
const ms = (s) => (Number.isFinite(s.median) ? (s.median / 1000).toFixed(2) : '-')
const percent = (s) => `${Math.round(s.median * 100)} % (${Math.round(s.min * 100)} to ` +
    `${Math.round(s.max * 100)} %)`

function table(head, body) {
    out.push(`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`)
    for (const row of body) out.push(`| ${row.join(' | ')} |`)
    out.push('')
}

function section(part, title, text, head, row) {
    const found = rows(recorded, part)
    if (found.length === 0) return
    out.push(`## ${title}`, '', text, '')
    table(head, found.map(row))
}

function throughput() {
    section('throughput', 'Reserving two seats, closed loop',
        'Accepted reservations a second; median (lowest to highest) of the rounds. ' +
        'CPU in microseconds for each answered request, without the generator.',
        ['system', 'connections', 'accepted/s', 'refused', '5xx', 'p50 ms', 'p99 ms', 'CPU us',
            'log bytes'],
        (r) => [r.system, r.label, range(r.ok), r.refused, r.errors, ms(r.p50), ms(r.p99),
            number(r.cpu.all), number(r.wal)])
    const labels = rows(recorded, 'throughput').filter((r) => r.system === 'product')
    if (labels.length === 0) return
    out.push('![accepted reservations a second](throughput.svg)', '',
        'What the product keeps of the bare pipeline, each round against the run beside it:', '')
    table(['connections', 'share of its rate', 'CPU, times as much'], labels.map((r) => {
        const cpu = share(recorded, r.label, cpuEach)
        return [r.label, percent(share(recorded, r.label, perSecond)),
            `${cpu.median.toFixed(2)} (${cpu.min.toFixed(2)} to ${cpu.max.toFixed(2)})`]
    }))
    out.push('Where the CPU goes, microseconds for each request:', '')
    table(['system', 'connections', ...processes], rows(recorded, 'throughput')
        .map((r) => [r.system, r.label, ...processes.map((name) => number(r.cpu[name]))]))
    out.push('![CPU of each process](cpu.svg)', '')
}

function latencyAndReads() {
    section('latency', 'Latency', 'Open loop: Poisson arrivals, counted from the intended moment ' +
        'of sending. Lag: the longest that the generator itself was late.',
    ['system', 'load', 'answered/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'lag ms', 'errors'],
    (r) => [r.system, r.label, range(r.answered), ms(r.p50), ms(r.p99), ms(r.p999), ms(r.lag),
        r.errors])
    section('hot', 'One hot event', 'All requests go to one event; "most refused": twenty pairs ' +
        'of seats that everybody wants.',
    ['load', 'answered/s', 'accepted/s', 'refused', 'p50 ms', 'p99 ms', 'CPU us'],
    (r) => [r.label, range(r.answered), range(r.ok), r.refused, ms(r.p50), ms(r.p99),
        number(r.cpu.all)])
    section('reads', 'Reads', 'A seat map of 60,000 seats, 64 connections. wrk is the ' +
        'cross-check of our own generator.',
    ['by', 'what', 'answered/s', 'p50 ms', 'p99 ms', 'edge CPU us'],
    (r) => [r.system === 'wrk' ? 'wrk' : 'load', r.label, range(r.answered), ms(r.p50), ms(r.p99),
        number(r.cpu.edge)])
}

function peers() {
    section('peers', 'Others in the same run', 'pgbench without HTTP, and fastify with pg; in ' +
        'the same cluster.',
        ['peer', 'load', 'accepted/s', 'CPU us', 'log bytes'],
        (r) => [r.system, r.label, range(r.ok), number(r.cpu.all), number(r.wal)])
}

function overload() {
    section('overload', 'Overload', `${about.overload} s each.`,
        ['load', 'answered/s', 'accepted/s', '5xx or broken', 'p50 ms', 'p99 ms'],
        (r) => [r.label, range(r.answered), range(r.ok), r.errors, ms(r.p50), ms(r.p99)])
    for (const line of recorded.filter((r) => r.recovery_ms !== undefined))
        out.push(`- ${line.label}: ${number(line.recovery_ms)} ms until half a second of ` +
            'ordinary load reached 80 % of the rate before')
    out.push('')
}

function growth() {
    for (const [part, title] of [['growth', 'Events and houses'], ['hosts', 'Actor hosts']])
        section(part, title, '256 connections; compare the CPU.',
            ['what', 'accepted/s', 'refused', 'p99 ms', ...processes, 'all CPU us'],
            (r) => [r.label, range(r.ok), r.refused, ms(r.p99),
                ...processes.map((name) => number(r.cpu[name])), number(r.cpu.all)])
    for (const line of recorded.filter((r) => r.part === 'rows'))
        out.push(`- rows of ${line.label}: ${Object.entries(line.rows)
            .map(([name, count]) => `${name.replaceAll('_', ' ')} ${number(count)}`).join(', ')}`)
    for (const line of recorded.filter((r) => r.part === 'audit'))
        out.push(`- books after the load: ${line.events} events replayed by ` +
            `\`cavea ledger verify\`, ${line.bad} bad`)
    out.push('')
}

function plots() {
    const all = rows(recorded, 'throughput')
    if (all.length === 0) return
    const best = rows(recorded, 'peers').sort((a, b) => b.ok.median - a.ok.median)[0]
    const rates = all.map((r) => ({ name: `${r.system} ${r.label}`, parts: [r.ok.median] }))
    if (best) rates.push({ name: best.system, parts: [best.ok.median] })
    writeFileSync(join(dir, 'throughput.svg'),
        bars('Accepted reservations a second, by connections', rates, ['accepted']))
    writeFileSync(join(dir, 'cpu.svg'),
        bars('Microseconds of CPU for each request, by connections', all.map((r) => ({
            name: `${r.system} ${r.label}`, parts: processes.map((name) => r.cpu[name]),
        })), processes))
}

out.push('# What cavea does, measured', '',
    `Written by \`ops/bench\` on ${about.date}, commit ${about.commit}: ${about.cores} cores ` +
    `(${about.cpu}), ${about.kernel}, ${about.postgres}, ${about.nats}. ` +
    `${about.rounds} rounds of ${about.seconds} s. The generator runs on the same cores. ` +
    `Load average of the machine at the start: ${about.load}; above the number of cores it was ` +
    'not ours alone, so read ratios, which were taken in turns, and not rates.', '')
throughput()
latencyAndReads()
peers()
overload()
growth()
out.push(`## What is compared with what

- Product: sessions, validation, idempotency, leases, hash-chained facts, live maps and deadlines
  are on. Rows for each reservation: one reservation, two claims, one fact; one lease row a tick.
- Bare pipeline (bare.c): the same hops (civetweb, NATS with a JetStream file stream, one writer,
  one transaction a batch) and nothing else: one queue for all events, one reservation row and two
  claims, no fact, no session, no validation.
- pgbench: no HTTP and no validation. It updates two seat rows and inserts a reservation and a
  fact of 100 bytes, so its log volume differs from that of insert-only claims. Prepared statements,
  pgbench on the same cores, each at several client counts; its own CPU is not counted.
- fastify: schema validation, a process for each core, the one conditional statement.
- All use the same PostgreSQL cluster with fsync and synchronous_commit on, one after the other.
- Houses are never more than 30 % full, except under overload. Accepted and refused are counted
  apart.`, '')
writeFileSync(join(dir, 'RESULTS.md'), out.join('\n'))
plots()
