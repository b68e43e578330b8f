// From the lines that ops/bench recorded to figures: medians over rounds, microseconds of CPU and
// bytes of write-ahead log for each request, ratios of runs that were taken in turns.
import { readFileSync } from 'node:fs'

export function lines(file) {
    return readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
}

export function median(values) {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
    if (sorted.length === 0) return NaN
    const middle = sorted.length >> 1
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

// One figure: what it is in the middle, and the lowest and highest of all rounds.
export function spread(values) {
    const known = values.filter(Number.isFinite)
    return { median: median(known), min: Math.min(...known), max: Math.max(...known),
        rounds: known.length }
}

// Where refusals are what is measured, CPU is for each answer; where reservations are, for each one
// that was accepted.
const answering = ['reads', 'hot', 'overload']
const requestsOf = (run) => (answering.includes(run.part) ? run.load.answered : run.load['2xx'])

export const processes = ['edge', 'actors', 'nats', 'postgres', 'generator']

function cpuOf(run) {
    const cpu = {}
    for (const [name, us] of Object.entries(run.cpu)) cpu[name] = us / requestsOf(run)
    cpu.all = Object.entries(cpu).filter(([name]) => name !== 'generator')
        .reduce((sum, [, us]) => sum + us, 0)
    return cpu
}

export const perSecond = (run) => run.load.ok_per_second
export const cpuEach = (run) => (run.cpu && requestsOf(run) ? cpuOf(run).all : NaN)

export function runs(recorded, part, system, label) {
    return recorded.filter((run) => run.part === part && typeof run.load === 'object' &&
        (system === undefined || run.system === system) &&
        (label === undefined || run.label === label))
}

// Runs with the same part, system and label are rounds of one row.
export function rows(recorded, part) {
    const groups = new Map()
    for (const run of runs(recorded, part)) {
        const name = `${run.system}|${run.label}`
        groups.set(name, [...(groups.get(name) ?? []), run])
    }
    return [...groups.values()].map(rowOf)
}

// What no client should see, connections that were refused, and a run that nobody answered.
export function faults(run) {
    return (run.load.errors ?? 0) + (run.load.refused_connections ?? 0) +
        (run.load.answered > 0 ? 0 : 1)
}

function rowOf(rounds) {
    const of = (field) => spread(rounds.map((run) => run.load[field]))
    const sum = (field) => rounds.reduce((total, run) => total + (run.load[field] ?? 0), 0)
    const cpus = rounds.filter((run) => run.cpu && requestsOf(run)).map(cpuOf)
    const cpu = {}
    for (const name of [...processes, 'provider', 'all'])
        cpu[name] = median(cpus.map((each) => each[name]))
    return {
        system: rounds[0].system, label: rounds[0].label, rounds: rounds.length,
        answered: of('per_second'), ok: of('ok_per_second'), refused: sum('409'),
        retry_after: sum('retry_after'), seconds: of('seconds'),
        errors: rounds.some((run) => run.load.errors !== undefined)
            ? rounds.reduce((total, run) => total + faults(run), 0) : NaN, // others do not count
        broken: sum('5xx') - sum('retry_after') + sum('broken'), cut_off: sum('timeouts'),
        unsent: sum('unsent'), sent: sum('sent'),
        p50: of('p50_us'), p99: of('p99_us'), p999: of('p999_us'), lag: of('lag_max_us'), cpu,
        wal: median(rounds.map((run) => run.wal / run.load['2xx'])),
    }
}

// Each run of one side against the run of the other side beside it.
export function ratio(side, other, of) {
    return spread(side.map((run, at) => other[at] && of(run) / of(other[at])))
}

// Each value of the ratio of CPU, and the least share of answers that were acceptances.
export function peak(recorded, label) {
    const [side, other] = ['product', 'bare'].map((system) =>
        runs(recorded, 'throughput', system, label))
    return {
        cpu_ratios: side.map((run, at) => (other[at] ? cpuEach(run) / cpuEach(other[at]) : NaN))
            .filter(Number.isFinite),
        accepted_share: Math.min(...[...side, ...other].map((run) =>
            run.load['2xx'] / run.load.answered || 0)),
        errors: [...side, ...other].reduce((sum, run) => sum + faults(run), 0),
        cpu: median(side.map(cpuEach)),
    }
}

// The share of the bare pipeline's figure that the product keeps.
export function share(recorded, label, of) {
    return ratio(runs(recorded, 'throughput', 'product', label),
        runs(recorded, 'throughput', 'bare', label), of)
}

// CPU of a kind of house against another in the same rounds.
export function growth(recorded, label, base) {
    return ratio(runs(recorded, 'growth', 'product', label),
        runs(recorded, 'growth', 'product', base), cpuEach)
}

// CPU against the bare pipeline beside it under one condition, over the same under another.
export function growthBeside(recorded, part, label, base) {
    const beside = (name) => ratio(runs(recorded, part, 'product', name),
        runs(recorded, part, 'bare', name), cpuEach)
    const [now, before] = [beside(label), beside(base)]
    return { median: now.median / before.median, min: now.min / before.median,
        max: now.max / before.median }
}

export function line(recorded, part, label) {
    return recorded.find((each) => each.part === part && (label === undefined ||
        each.label === label))
}
