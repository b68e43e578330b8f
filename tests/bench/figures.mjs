// From the lines that ops/bench recorded to figures: medians over rounds, microseconds of CPU and
// bytes of write-ahead log for each answered request. Run by itself it prints them as one document.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

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
    return { median: median(known), min: Math.min(...known), max: Math.max(...known) }
}

export const processes = ['edge', 'actors', 'nats', 'postgres', 'generator']

function cpuOf(run) {
    const cpu = {}
    for (const name of processes)
        if (run.cpu?.[name] !== undefined) cpu[name] = run.cpu[name] / run.load.answered
    cpu.all = processes.filter((name) => name !== 'generator')
        .reduce((sum, name) => sum + (cpu[name] ?? 0), 0)
    return cpu
}

// Runs with the same part, system and label are rounds of one row.
export function rows(recorded, part) {
    const groups = new Map()
    for (const run of recorded.filter((r) => r.part === part && r.load)) {
        const name = `${run.system}|${run.label}`
        groups.set(name, [...(groups.get(name) ?? []), run])
    }
    return [...groups.values()].map((runs) => {
        const of = (field) => spread(runs.map((run) => run.load[field]))
        const cpus = runs.filter((run) => run.cpu && run.load.answered).map(cpuOf)
        const cpu = {}
        for (const name of [...processes, 'all'])
            cpu[name] = median(cpus.map((each) => each[name]))
        return {
            system: runs[0].system, label: runs[0].label, rounds: runs.length,
            answered: of('per_second'), ok: of('ok_per_second'),
            refused: runs.reduce((sum, run) => sum + (run.load['409'] ?? 0), 0),
            errors: runs.reduce((sum, run) => sum + (run.load['5xx'] ?? 0) +
                (run.load.broken ?? 0), 0),
            p50: of('p50_us'), p99: of('p99_us'), p999: of('p999_us'), lag: of('lag_max_us'), cpu,
            wal: median(runs.map((run) => run.wal / run.load['2xx'])),
        }
    })
}

// The share of the bare pipeline's figure that the product keeps, round by round.
export function share(recorded, label, of) {
    const side = (system) => recorded.filter((r) =>
        r.part === 'throughput' && r.system === system && r.label === label)
    const bare = side('bare')
    return spread(side('product').map((run, at) => bare[at] && of(run) / of(bare[at])))
}

export const perSecond = (run) => run.load.ok_per_second
export const cpuEach = (run) => cpuOf(run).all

function document(recorded) {
    const find = (part, system, label) =>
        rows(recorded, part).find((row) => row.system === system && row.label === label)
    const busiest = rows(recorded, 'throughput').at(-1)?.label
    const throughput = find('throughput', 'product', busiest)
    const open = find('latency', 'product', 'open loop, half the capacity')
    const best = (name) => Math.max(0, ...rows(recorded, 'peers')
        .filter((row) => row.system.startsWith(name)).map((row) => row.ok.median)) || undefined
    const measured = recorded.filter((line) => line.load?.constructor === Object)
    const parts = [...new Set(measured.map((line) => line.part))]
    return {
        reservations_per_s: throughput?.ok.median, bare_share: share(recorded, busiest, perSecond),
        bare_per_s: find('throughput', 'bare', busiest)?.ok.median,
        pgbench_best_per_s: best('pgbench'), fastify_pg_per_s: best('fastify + pg'),
        hot_per_s: find('hot', 'product', 'most refused')?.answered.median,
        p99_ms_open_loop: open && open.p99.median / 1000, errors_open_loop: open?.errors,
        polls_304_per_s: find('reads', 'product', 'seats.bin, If-None-Match')?.answered.median,
        polls_body_per_s: find('reads', 'product', 'seats.bin')?.answered.median,
        cpu_us_per_reservation: throughput?.cpu.all, cpu_ratio: share(recorded, busiest, cpuEach),
        parts: Object.fromEntries(parts.map((part) => [part, rows(recorded, part)])),
    }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
    console.log(JSON.stringify(document(lines(process.argv[2])), null, 2))
