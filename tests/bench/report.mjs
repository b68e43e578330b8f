// Writes RESULTS.md and its plots from what ops/bench recorded: report.mjs RECORDED DIR
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuEach, line, lines, perSecond, processes, rows, share } from './figures.mjs'
import { bars } from './plot.mjs'
import { bestOf, decimal, growths, hostGrowths, number, percent, show } from './show.mjs'

const [file, dir] = process.argv.slice(2)
const recorded = lines(file)
const about = recorded.find((each) => each.part === 'about')
const out = []

const range = (s) => (s.min === s.max ? number(s.median)
    : `${number(s.median)} (${number(s.min)} to ${number(s.max)})`)
const ms = (s) => decimal(s.median / 1000)
const refused = (r) => (r.system === 'wrk' ? '-' : number(r.refused))
const times = (s) => `${decimal(s.median)} (${decimal(s.min)} to ${decimal(s.max)})`

function table(head, body) {
    out.push(`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`)
    for (const row of body) out.push(`| ${row.join(' | ')} |`)
    out.push('')
}

function section(part, title, text, head, row) {
    const found = rows(recorded, part)
    if (found.length === 0) return false
    out.push(`## ${title}`, '', text, '')
    table(head, found.map(row))
    return true
}

function targets() {
    const list = show(recorded)
    if (list.length === 0) return
    out.push('## Promised and measured', '')
    table(['what', 'target', 'measured', 'met'],
        list.map((row) => [row.what, row.target, row.measured, row.met ? 'yes' : '**no**']))
}

function throughput() {
    if (!section('throughput', 'Reserving two seats, closed loop',
        'Median (lowest to highest) of the rounds. CPU: microseconds for each reservation, ' +
        'without the generator. Log: bytes of write-ahead log for each reservation. wrk: the ' +
        "other generator's word on the product.",
        ['system', 'connections', 'accepted/s', 'refused', 'p50 ms', 'p99 ms', 'errors',
            ...processes, 'CPU', 'log'],
        (r) => [r.system, r.label, range(r.ok), refused(r), ms(r.p50), ms(r.p99),
            number(r.errors),
            ...processes.map((name) => number(r.cpu[name])), number(r.cpu.all), number(r.wal)]))
        return
    out.push('![accepted reservations a second](throughput.svg)', '',
        '![CPU of each process](cpu.svg)', '',
        'What the product keeps of the bare pipeline, each round against the run beside it:', '')
    table(['connections', 'share of its rate', 'CPU, times as much'], rows(recorded, 'throughput')
        .filter((r) => r.system === 'product').map((r) => {
            const kept = share(recorded, r.label, perSecond)
            return [r.label, `${percent(kept.median)} (${number(kept.min * 100)} to ` +
                `${number(kept.max * 100)} %)`, times(share(recorded, r.label, cpuEach))]
        }))
}

function latency() {
    section('latency', 'Latency', 'Open loop: Poisson arrivals, counted from the intended moment ' +
        'of sending. Lag: the longest that the generator itself was late. Not sent: all ' +
        'connections were waiting.',
    ['system', 'load', 'answered/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'lag ms', 'not sent',
        'errors'],
    (r) => [r.system, r.label, range(r.answered), ms(r.p50), ms(r.p99), ms(r.p999), ms(r.lag),
        number(r.unsent), number(r.errors)])
    section('hot', 'One hot event', 'All requests go to one event. Most refused: twenty pairs of ' +
        'seats that everybody wants. Handler alone: the HTTP library answers at once, and does ' +
        'nothing else; no generator can be served faster here.',
    ['system', 'load', 'answered/s', 'accepted/s', 'refused', 'p50 ms', 'p99 ms', 'CPU'],
    (r) => [r.system, r.label, range(r.answered), range(r.ok), number(r.refused), ms(r.p50),
        ms(r.p99), number(r.cpu.all)])
}

function mixed() {
    const found = recorded.filter((each) => each.part === 'mixed')
    if (found.length === 0) return
    out.push('## Everything at once, open loop', '',
        `Reservations, payments and seat-map polls for ${about.mixed} s. A poll asks for what ` +
        'changed since up to a second ago. A payment is the checkout of a held reservation; its ' +
        'confirmation at the provider and the callback follow. Errors: 5xx, broken, no answer ' +
        'within 10 s; 409 is none. Not sent: all connections were waiting.', '')
    const row = (run, name, each, wanted) => [run.label, name, number(wanted * run.percent / 100),
        number(each.per_second), decimal(each.p50_us / 1000), decimal(each.p99_us / 1000),
        number(each.errors), number(each.unsent), decimal(each.lag_max_us / 1000)]
    table(['rates', 'what', 'wanted/s', 'answered/s', 'p50 ms', 'p99 ms', 'errors', 'not sent',
        'lag ms'],
        found.flatMap((run) => [row(run, 'reservations', run.reserve, 8000),
            row(run, 'payments', run.pay, 200), row(run, 'polls', run.poll, 20000)]))
    for (const run of found)
        out.push(`- ${run.label}: ${number(run.payments.confirmed)} payments confirmed, ` +
            `${number(run.payments.other)} not; from the payment's row to its confirmed ` +
            `reservation p99 ${number(run.payments.p99_us / 1000)} ms`)
    out.push('')
}

function reads() {
    section('reads', 'Reads', 'One event of 60,000 seats, 64 connections, nobody reserving ' +
        'meanwhile. wrk: cross-check of our own generator. bare: a handler of the HTTP library ' +
        'that answers at once and does nothing else.',
    ['by', 'what', 'answered/s', 'p50 ms', 'p99 ms', 'edge CPU'],
    (r) => [r.system === 'product' ? 'load' : r.system, r.label, range(r.answered), ms(r.p50),
        ms(r.p99), number(r.cpu.edge)])
}

// Each peer at its best client count, and which counts were tried.
function peers() {
    const all = rows(recorded, 'peers')
    const names = [...new Set(all.map((r) => r.system))]
    if (names.length === 0) return
    out.push('## Others in the same run', '', 'Each at the client count that was best in short ' +
        'runs; then median (lowest to highest) of rounds in turns.', '')
    const tries = rows(recorded, 'peers-tried')
    table(['peer', 'accepted/s', 'best with', 'tried', 'rounds', 'CPU', 'log'],
        names.map((name) => {
            const best = bestOf(recorded, name)
            const tried = tries.filter((r) => r.system === name).map((r) => r.label.split(' ')[0])
            return [name, range(best.ok), best.label, tried.join(' '), best.rounds,
                number(best.cpu.all), number(best.wal)]
        }))
}

function overload() {
    const found = section('overload', 'Overload', `${about.overload} s each. Ten times the ` +
        'connections: clients that come back a second after a 503. Ten times the rate: clients ' +
        'that do not wait. Cut off: without an answer when all left at once at the end. Not ' +
        'sent: no connection was free.',
    ['load', 'sent', 'accepted/s', '503 with Retry-After', 'broken', 'cut off', 'not sent',
        'p50 ms', 'p99 ms'],
    (r) => [r.label, number(r.sent), range(r.ok), number(r.retry_after), number(r.broken),
        number(r.cut_off), number(r.unsent), ms(r.p50), ms(r.p99)])
    if (found) out.push('Goodput is back when half a second of ordinary load reaches 80 % of ' +
        `the rate before, in steps of 100 ms; looked at for ${about.recovery} s.`, '')
}

function growth() {
    const known = [...growths, ...hostGrowths].map(([name, of]) => [name, of(recorded)])
        .filter(([, figure]) => Number.isFinite(figure.median))
    if (known.length === 0) return
    out.push('## Growth', '', 'CPU for each reservation, 256 connections, as times of what it is ' +
        'without the growth. Events and houses: each run against the run of the other kind in ' +
        'the same round. Rows, events on sale and hosts cannot be taken away again: both sides ' +
        'are told in times of the bare pipeline beside them.', '')
    table(['what', 'times as much (lowest to highest)'],
        known.map(([name, figure]) => [name, times(figure)]))
    const made = recorded.find((each) => each.part === 'old-rows-made')
    if (made) out.push(`Old rows: ${number(Number(made.label))}, a quarter each of reservations ` +
        `and facts, half of them claims; ${number(made.bytes / 1e6)} MB on disk.`, '')
    const woken = recorded.find((each) => each.part === 'on-sale-made')
    if (woken) out.push(`On sale: ${number(woken.woken)} of ${number(woken.events)} events got a ` +
        'reservation, and slept again before the second measurement.', '')
    for (const part of ['growth', 'hosts'])
        section(part, part === 'growth' ? 'Events and houses' : 'Actor hosts', part === 'growth'
            ? `main: 20 events of 60,000 seats; one: 1; large: ${about.many}; small: ` +
                `${about.many} of 1,000 seats.`
            : 'On one machine, so more hosts cannot be faster; the bare pipeline beside each.',
        ['system', 'what', 'accepted/s', 'refused', 'p99 ms', 'seconds', ...processes, 'CPU'],
        (r) => [r.system, r.label, range(r.ok), number(r.refused), ms(r.p99),
            decimal(r.seconds.median, 1),
            ...processes.map((name) => number(r.cpu[name])), number(r.cpu.all)])
}

function state() {
    const m = line(recorded, 'memory', 'memory')
    const wakes = recorded.filter((each) => each.part === 'activation')
    if (!m && wakes.length === 0) return
    out.push('## Memory and waking', '')
    if (m) out.push(`- The edge held ${number(m.edge_before_kb / 1024)} MB before and ` +
        `${number(m.edge_watching_1000_kb / 1024)} MB after the maps and counts of 1,000 events ` +
        'of 60,000 seats were read.',
    `- A fresh actor host held ${number(m.host_kb / 1024)} MB after a first load; 100 events ` +
        `more took ${number(m.awake_event_kb)} kB each, ${number(m.reservations)} reservations ` +
        `in them ${number(m.reservation_bytes)} bytes each from the heap, and its resident ` +
        `memory grew by ${number(m.reservation_resident_bytes)}.`)
    const names = { fresh: 'A new event', filled: 'An event with 9,000 seats held' }
    for (const run of wakes)
        out.push(`- ${names[run.label]} answered its first request after ` +
            `${decimal(run.first_us / 1000, 1)} ms (median of ${run.events}; slowest ` +
            `${decimal(run.max_us / 1000, 1)} ms), ordinary ones after ` +
            `${decimal(run.usual_us / 1000, 1)} ms.`)
    out.push('')
}

function books() {
    const audits = recorded.filter((each) => each.part === 'audit')
    const stored = recorded.filter((each) => each.part === 'rows')
    if (audits.length + stored.length === 0) return
    out.push('## Books', '', 'After each part `cavea ledger verify` replays the facts of every ' +
        'event that was loaded and compares with its rows; besides, sold seats must have their ' +
        'payment and tickets and an Idempotency-Key one reservation. ' +
        'Made: reservations in the database of all events that were loaded so far; at least ' +
        'what the generators were told, at most that and what was left unanswered.', '')
    if (audits.length) table(['after', 'events', 'books that differ', 'wrong rows', 'told', 'made',
        'unanswered'],
    audits.map((each) => [each.label, each.events, each.bad, each.rows_wrong,
        number(each.accepted), `${number(each.made)}${each.lost ? ' **wrong**' : ''}`,
        number(each.ambiguous)]))
    for (const each of stored)
        out.push(`- rows of ${each.label}: ${Object.entries(each.rows)
            .map(([name, count]) => `${name.replaceAll('_', ' ')} ${number(count)}`).join(', ')}`)
    out.push('')
}

function plots() {
    const all = rows(recorded, 'throughput')
    const sides = all.filter((r) => r.system !== 'wrk')
    if (sides.length === 0) return
    const name = (r) => `${r.system}, ${r.label} connection${r.label === '1' ? '' : 's'}`
    const others = [...new Set(rows(recorded, 'peers').map((r) => r.system))]
        .map((system) => bestOf(recorded, system)).sort((a, b) => b.ok.median - a.ok.median)
    const rates = [...sides.filter((r) => r.label !== '1').map((r) => [name(r), r.system, r.ok]),
        ...others.map((r) => [r.system, 'peers', r.ok])]
    writeFileSync(join(dir, 'throughput.svg'), bars('Accepted reservations a second',
        rates.map(([text, system, ok]) => ({
            name: text, range: [ok.min, ok.max],
            parts: ['product', 'bare', 'peers'].map((kind) => (kind === system ? ok.median : 0)),
        })),
        ['product', 'bare pipeline', 'peers']))
    writeFileSync(join(dir, 'cpu.svg'), bars('Microseconds of CPU for each request',
        sides.filter((r) => r.label !== '1').map((r) => ({
            name: name(r), parts: processes.map((each) => r.cpu[each]),
        })), processes))
}

out.push('# What cavea does, measured', '',
    `Written by \`ops/bench\` on ${about.date}, commit ${about.commit}: ${about.cores} cores ` +
    `(${about.cpu}), ${about.kernel}, ${about.postgres}, ${about.nats}. ` +
    `${about.rounds} rounds of ${about.seconds} s. The generator runs on the same cores. ` +
    `Load average at the start: ${about.load}; where others use the machine, read ratios, which ` +
    'are of runs taken in turns, and not rates.', '')
for (const each of recorded.filter((run) => run.part === 'failed'))
    out.push(`**The part ${each.label} failed: its figures are missing or incomplete.**`, '')
for (const each of recorded.filter((run) => run.part === 'expiring'))
    out.push(`From the part ${each.label} on, holds of the first parts ran out meanwhile.`, '')
for (const part of [targets, throughput, latency, mixed, reads, peers, overload, growth, state,
    books]) part()
out.push(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'fair_play.md'), 'utf8'))
writeFileSync(join(dir, 'RESULTS.md'), out.join('\n'))
plots()
