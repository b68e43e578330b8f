// Makes the report of one run from its evidence: `node report.mjs EVIDENCE FOLDER`. Writes
// report.json, report.txt and timeline.svg. Exit status 1: the judge found something, a fault
// missed its aim, or something expected did not come true.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isEnd, timeline } from './timeline.mjs'

const [evidence, folder] = process.argv.slice(2)
const kinds = ['session', 'reserve', 'release', 'checkout', 'pay', 'read', 'tickets', 'cancel']
const text = (name) => readFileSync(join(evidence, name), 'utf8')
const lines = (name) => text(name).split('\n').filter((line) => line !== '')
const ms = (us) => Math.round(us / 100) / 10

// What an answer means to a buyer. 202: the payment is not there yet, ask again.
function outcome(status) {
    if (status === 0) return 'silent'
    if (status === 202 || status === 429 || status >= 502) return 'busy'
    if (status < 300) return 'done'
    return status < 500 ? 'refused' : 'failed'
}

// Requests of all journals: {kind, sent, answered, outcome, operation, intended}
function requests() {
    const all = []
    let wallLessMono = 0
    for (const name of readdirSync(evidence).filter((n) => /^journal.*\.tsv$/.test(n)).sort()) {
        const open = new Map()
        for (const line of lines(name)) {
            const f = line.split('\t')
            if (f[0] === '>') {
                const request = {
                    kind: f[5], sent: Number(f[2]), intended: Number(f[3]), answered: Infinity,
                    operation: `${name}:${f[4]}`, outcome: 'silent',
                }
                open.set(f[1], request)
                all.push(request)
            } else if (f[0] === '<') {
                const request = open.get(f[1])
                request.answered = Number(f[2])
                request.outcome = outcome(Number(f[3]))
            } else if (name === 'journal.tsv') {
                const [, key, value] = f[0].split(' ')
                if (key === 'wall_us') wallLessMono += Number(value)
                if (key === 'mono_us') wallLessMono -= Number(value)
            }
        }
    }
    return { all, wallLessMono }
}

const isGood = (request) => request.outcome === 'done' || request.outcome === 'refused'

// Times in which somebody waited and nobody got an answer: from the last good answer, or from the
// first request after it, to the next good answer; or to the end, where none came any more.
function outages(list) {
    const good = list.filter(isGood).map((r) => r.answered).sort((a, b) => a - b)
    const sent = list.map((r) => r.sent).sort((a, b) => a - b)
    const found = []
    let at = 0
    for (let i = 0; i + 1 < good.length; i++) {
        while (at < sent.length && sent[at] <= good[i]) at++
        if (at < sent.length && sent[at] < good[i + 1])
            found.push({ from: sent[at], to: good[i + 1] })
    }
    const after = sent.filter((t) => good.length === 0 || t > good[good.length - 1])
    if (after.length > 0) {
        const last = list.map((r) => (Number.isFinite(r.answered) ? r.answered : r.sent))
        found.push({ from: after[0], to: last.reduce((a, b) => Math.max(a, b)) })
    }
    return found
}

const longest = (list) => list.reduce((most, o) => Math.max(most, o.to - o.from), 0)

// From what its buyer first intended to the first answer that settled it.
function longestWait(list) {
    const first = new Map(), settled = new Set()
    let most = 0
    for (const r of list) {
        if (!first.has(r.operation)) first.set(r.operation, r.intended)
        // A key that is used again after its success is not waited for.
        if (isGood(r) && !settled.has(r.operation)) {
            settled.add(r.operation)
            most = Math.max(most, r.answered - first.get(r.operation))
        }
    }
    return most
}

function kindReport(all, kind) {
    const list = all.filter((r) => r.kind === kind)
    const count = { sent: list.length, done: 0, refused: 0, busy: 0, failed: 0, silent: 0 }
    for (const r of list) count[r.outcome]++
    return {
        ...count, longest_outage_ms: ms(longest(outages(list))),
        longest_wait_ms: ms(longestWait(list)),
    }
}

// When another epoch of the event's lease was seen after a fault, sampled ten times a second.
function takeovers(event, faults, wallLessMono) {
    const epochs = lines('lease_sample.tsv').map((line) => line.split('\t'))
        .filter((f) => f[1] === event && f[3] !== '-')
        .map((f) => ({ at: Number(f[0]) - wallLessMono, epoch: Number(f[2]) }))
        .sort((a, b) => a.at - b.at)
    const found = []
    for (let i = 1; i < epochs.length; i++) {
        if (epochs[i].epoch <= epochs[i - 1].epoch) continue
        const mark = faults.filter((f) => f.at <= epochs[i].at).pop()
        // Who was given it has not taken over; who had it back after a fault has.
        const fault = mark && !/is given to/.test(mark.what) ? mark : undefined
        if (fault) found.push({ after: fault.what, ms: ms(epochs[i].at - fault.at) })
    }
    return found
}

// The outage that each fault caused: the longest one that began after it and before the next.
function byFault(all, faults) {
    const list = outages(all.filter((r) => r.kind === 'reserve'))
    return faults.filter((f) => !isEnd(f.what)).map((f, i, own) => {
        const end = own[i + 1]?.at ?? Infinity
        return { what: f.what, ms: ms(longest(list.filter((o) => o.to > f.at && o.from < end))) }
    })
}

function quantile(numbers, share) {
    const sorted = [...numbers].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

// After a crowd of "N times as many buyers for S s": how long until four fifths of the reservations
// a second of before it were made again, in each of two seconds that follow. NaN: there was no
// crowd, Infinity: never.
function goodputBack(all, faults) {
    const words = / times as many buyers for (\d+) s/
    const crowd = faults.map((f) => ({ at: f.at, s: words.exec(f.what) })).find((f) => f.s)
    if (!crowd) return NaN
    const made = all.filter((r) => r.kind === 'reserve' && r.outcome === 'done')
        .map((r) => r.answered).sort((a, b) => a - b)
    const between = (from, to) => made.filter((t) => t >= from && t < to).length
    const start = made[0] + 1e6, end = crowd.at + Number(crowd.s[1]) * 1e6
    const wanted = 0.8 * between(start, crowd.at) / (crowd.at - start) * 1e6
    for (let at = end; at < made[made.length - 1] - 2e6; at += 100000)
        if (between(at, at + 1e6) >= wanted && between(at + 1e6, at + 2e6) >= wanted)
            return ms(at - end)
    return Infinity
}

function expectations(report) {
    return lines('expected.txt').map((line) => {
        const [what, given] = line.split(' ')
        const counts = { resets: load.resets, late: report.late }
        if (what in counts)
            return { what: `${given} ${what}`, seen: counts[what], met: counts[what] >= given }
        const seen = what === 'takeover' ? Math.max(0, ...report.takeovers.map((t) => t.ms))
            : what === 'p99' ? report.p99_outage_by_fault_ms
                : what === 'goodput' ? goodputBack(all, faults)
                    : report.kinds[what]?.longest_outage_ms ?? NaN
        const answered = report.kinds[what]?.done + report.kinds[what]?.refused
        const missing = (what === 'takeover' && report.takeovers.length === 0) || answered === 0 ||
            (what === 'p99' && report.by_fault.length === 0)
        return { what, limit_ms: given * 1000, seen_ms: seen,
            met: !missing && seen <= given * 1000 }
    })
}

const expectation = (e) => (e.met ? '' : ', NOT MET')

// Of a long list the longest.
const shownAtMost = 12
const many = (list) => (list.length <= shownAtMost ? list
    : [...list].sort((a, b) => b.ms - a.ms).slice(0, shownAtMost))

function print(r) {
    const cell = (value, width) => String(value).padStart(width)
    const rows = kinds.filter((k) => r.kinds[k].sent > 0).map((k) => {
        const c = r.kinds[k]
        return `  ${k.padEnd(9)}${cell(c.sent, 8)}${cell(c.done, 8)}${cell(c.refused, 9)}` +
            `${cell(c.busy, 7)}${cell(c.failed, 8)}${cell(c.silent, 8)}` +
            `${cell(c.longest_outage_ms, 14)}${cell(c.longest_wait_ms, 13)}`
    })
    return [
        `${r.scenario} (seed ${r.seed}): ${r.holds ? 'HOLDS' : 'DOES NOT HOLD'}`, r.about, '',
        text('verdict.txt').trimEnd(), '',
        '  requests     sent    done  refused   busy  failed  silent  outage (ms)  waited (ms)',
        ...rows, '',
        ...many(r.by_fault).map((f) => `  ${f.what}: nobody could reserve for ${f.ms} ms`),
        ...many(r.takeovers).map((t) => `  another host decided ${t.ms} ms after: ${t.after}`),
        ...(r.by_fault.length > shownAtMost ? [`  ${r.by_fault.length} faults: nobody could ` +
            `reserve for ${quantile(r.by_fault.map((f) => f.ms), 0.5)} ms in half of them, ` +
            `${r.p99_outage_by_fault_ms} ms in 99 of 100, ` +
            `${Math.max(...r.by_fault.map((f) => f.ms))} ms at most`] : []),
        ...r.expected.map((e) => (e.limit_ms === undefined
            ? `  expected at least ${e.what}: ${e.seen}${expectation(e)}`
            : `  expected ${e.what} within ${e.limit_ms} ms: ${e.seen_ms} ms${expectation(e)}`)),
        ...(r.failed > 0 ? [`  ${r.failed} requests were answered 500 or 501: a fault is no ` +
            'excuse for a mistake of ours'] : []),
        ...r.missed.map((m) => `  MISSED, so that less was tried than is said above: ${m}`),
        `  the buyers' program was late by ${r.lag_max_ms} ms at most, ` +
            `${r.buyers_turned_away} of ${r.buyers} buyers found no place in it`, '',
    ].join('\n')
}

const { all, wallLessMono } = requests()
const [scenario, seed, event] = lines('run.tsv')[0].split('\t')
const faults = lines('faults.tsv').map((line) => {
    const [at, what] = line.split('\t')
    return { at: Number(at), what }
}).sort((a, b) => a.at - b.at)
// Evidence that the judge cannot read leaves no verdict in JSON.
const verdict = existsSync(join(evidence, 'verdict.json')) ? JSON.parse(text('verdict.json'))
    : { holds: false, breaches: null, missing: null, acknowledged: null, invariants: [] }
const judged = Number(text('judged.txt'))
const load = JSON.parse(text('journal.json'))
const report = {
    scenario, seed: Number(seed), about: text('about.txt').trim(), verdict,
    kinds: Object.fromEntries(kinds.map((k) => [k, kindReport(all, k)])),
    takeovers: takeovers(event, faults, wallLessMono),
    by_fault: byFault(all, faults),
    lag_max_ms: ms(load.lag_max_us), buyers: load.buyers,
    buyers_turned_away: load.buyers_turned_away, judged,
    missed: lines('missed.tsv').map((line) => line.split('\t')[1]),
    late: verdict.invariants[9]?.parts.find((p) => p.looked_at === 'payments after the deadline')
        ?.count ?? 0,
}
report.p99_outage_by_fault_ms = quantile(report.by_fault.map((f) => f.ms), 0.99)
report.expected = expectations(report)
report.failed = kinds.reduce((sum, kind) => sum + report.kinds[kind].failed, 0)
report.holds = judged === 0 && verdict.holds && report.missed.length === 0 &&
    report.failed === 0 && report.expected.every((e) => e.met)
writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 1)}\n`)
writeFileSync(join(folder, 'report.txt'), print(report))
const lanes = ['reserve', 'checkout', 'pay', 'read', 'tickets']
    .map((kind) => ({ kind, outages: outages(all.filter((r) => r.kind === kind)) }))
writeFileSync(join(folder, 'timeline.svg'), timeline(report, all, faults, lanes))
// The verdict was shown already.
process.stdout.write(print(report).split('\n').slice(text('verdict.txt').split('\n').length + 2)
    .join('\n'))
process.exitCode = report.holds ? 0 : 1
