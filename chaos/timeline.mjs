// Answers a second over the time of a run as SVG text, stacked by what they meant, with the faults
// marked on it and below it the times in which nobody got an answer.
const width = 960, left = 64, right = 88, plotTop = 96, plotHeight = 230, laneHeight = 20
const binUs = 250000
const layers = [
    ['done', '#2a9d8f', 'done'], ['refused', '#8ab6d6', 'refused (seat taken)'],
    ['busy', '#f4a261', 'come back later'], ['failed', '#9b2226', 'failed'],
    ['silent', '#d62828', 'no answer'],
]
const shortestShownUs = 250000

const entities = { '<': '&lt;', '&': '&amp;', '"': '&quot;' }
const escape = (text) => text.replace(/[<&"]/g, (letter) => entities[letter])
const label = (x, y, text, more = '') => `<text x="${x.toFixed(1)}" y="${y}" ${more}>` +
    `${escape(text)}</text>`

// A round step so that about five of them fit.
function stepOf(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1) / 4))
    return [1, 2, 5, 10].map((n) => n * power).find((n) => most / n <= 6)
}

function binsOf(all, start, count) {
    const empty = layers.map(([name]) => [name, 0])
    const bins = Array.from({ length: count }, () => Object.fromEntries(empty))
    for (const r of all) {
        const at = Math.floor((Math.min(r.answered, Number.MAX_SAFE_INTEGER) - start) / binUs)
        if (at >= 0 && at < count) bins[at][r.outcome] += 1e6 / binUs
    }
    return bins
}

function areas(bins, x, y) {
    let base = bins.map(() => 0)
    return layers.map(([name, color]) => {
        const top = base.map((value, at) => value + bins[at][name])
        if (top.every((value, at) => value === base[at])) return ''
        const up = top.flatMap((value, at) => [`${x(at * binUs).toFixed(1)} ${y(value).toFixed(1)}`,
            `${x((at + 1) * binUs).toFixed(1)} ${y(value).toFixed(1)}`])
        const down = base.flatMap((value, at) => [
            `${x(at * binUs).toFixed(1)} ${y(value).toFixed(1)}`,
            `${x((at + 1) * binUs).toFixed(1)} ${y(value).toFixed(1)}`]).reverse()
        base = top
        return `<path d="M${up.join('L')}L${down.join('L')}Z" fill="${color}"/>`
    })
}

function axes(most, span, x, y, bottom) {
    const drawn = []
    for (let value = 0, by = stepOf(most); value <= most; value += by)
        drawn.push(`<line x1="${left}" y1="${y(value).toFixed(1)}" x2="${width - right}" ` +
            `y2="${y(value).toFixed(1)}" stroke="#e4e4e4"/>`,
        label(left - 8, y(value) + 4, String(value), 'text-anchor="end" fill="#555"'))
    for (let s = 0, by = stepOf(span / 1e6 * 0.6); s * 1e6 <= span; s += by)
        drawn.push(`<line x1="${x(s * 1e6).toFixed(1)}" y1="${plotTop + plotHeight}" ` +
            `x2="${x(s * 1e6).toFixed(1)}" y2="${bottom}" stroke="#eee"/>`,
        label(x(s * 1e6), bottom + 16, `${s} s`, 'text-anchor="middle" fill="#555"'))
    return drawn
}

// Marks that are no faults: something is over, or was made ready for one.
export const isEnd = (what) =>
    /^(resume|start|heal|nats-server is back|the last)|room again|is given to| 0 ms longer$/
        .test(what)
const labelsMost = 24 // more could not be read

// Marks that stand close together share the rows above the plot.
function marks(faults, start, x, bottom) {
    const ends = [0, 0, 0]
    return faults.flatMap((fault) => {
        const at = x(fault.at - start), room = fault.what.length * 5.6 + 10
        const back = at + room > width - 4
        const from = back ? at - room : at
        let row = ends.findIndex((end) => end <= from)
        if (row < 0) row = ends.indexOf(Math.min(...ends))
        ends[row] = Math.max(ends[row], from + room)
        const ends_it = isEnd(fault.what)
        const color = ends_it ? '#5f6b6d' : '#b00020', y = 56 + row * 14
        return [`<line x1="${at.toFixed(1)}" y1="${y + 4}" x2="${at.toFixed(1)}" y2="${bottom}" ` +
            `stroke="${color}" stroke-width="1.2" stroke-dasharray="${ends_it ? '2 3' : 'none'}"/>`,
        faults.length > labelsMost ? '' : label(back ? at - 4 : at + 4, y, fault.what,
            `font-size="10.5" fill="${color}"${back ? ' text-anchor="end"' : ''}`)]
    })
}

function laneRows(lanes, start, x) {
    return lanes.flatMap(({ kind, outages }, at) => {
        const y = plotTop + plotHeight + 14 + at * laneHeight
        const most = Math.max(0, ...outages.map((o) => o.to - o.from))
        return [label(left - 8, y + 11, kind, 'text-anchor="end"'),
            `<rect x="${left}" y="${y}" width="${width - left - right}" height="14" ` +
                'fill="#eef5f3"/>',
            ...outages.filter((o) => o.to - o.from >= shortestShownUs).map((o) =>
                `<rect x="${x(o.from - start).toFixed(1)}" y="${y}" height="14" fill="#b00020" ` +
                `width="${Math.max(1.5, x(o.to) - x(o.from)).toFixed(1)}"/>`),
            label(width - right + 6, y + 11, `at most ${(most / 1e6).toFixed(2)} s`,
                'font-size="10.5" fill="#444"')]
    })
}

export function timeline(report, all, faults, lanes) {
    const ended = all.map((r) => r.answered).filter(Number.isFinite)
    const start = all.reduce((least, r) => Math.min(least, r.sent), Infinity)
    const end = ended.reduce((most, at) => Math.max(most, at), start + 1e6)
    const span = Math.max(end, ...faults.map((f) => f.at)) - start
    const bins = binsOf(all, start, Math.ceil(span / binUs))
    const sums = bins.map((bin) => layers.reduce((sum, [name]) => sum + bin[name], 0))
    const most = Math.max(1, ...sums) * 1.05
    const x = (us) => left + us / span * (width - left - right)
    const y = (value) => plotTop + plotHeight - value / most * plotHeight
    const bottom = plotTop + plotHeight + 14 + lanes.length * laneHeight
    const used = layers.filter(([name]) => bins.some((bin) => bin[name] > 0))
    return [`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + 56}" ` +
        'font-family="sans-serif" font-size="12">',
    '<rect width="100%" height="100%" fill="#fff"/>',
    label(16, 24, `${report.scenario}: ${report.holds ? 'every invariant holds' : 'DOES NOT HOLD'}`,
        `font-size="16" font-weight="bold" fill="${report.holds ? '#222' : '#b00020'}"`),
    label(16, 40, report.about.slice(0, 150), 'fill="#555" font-size="11.5"'),
    ...axes(most, span, x, y, bottom), ...areas(bins, x, y),
    label(16, plotTop - 10, 'answers/s', 'fill="#555" font-size="10.5"'),
    ...laneRows(lanes, start, x), ...marks(faults, start, x, bottom),
    ...used.flatMap(([, color, name], at) => [`<rect x="${left + at * 150}" y="${bottom + 30}" ` +
        `width="12" height="12" fill="${color}"/>`,
    label(left + 18 + at * 150, bottom + 40, name)]),
    `<rect x="${left + used.length * 150}" y="${bottom + 30}" width="12" height="12" ` +
        'fill="#b00020"/>',
    label(left + 18 + used.length * 150, bottom + 40, 'nobody of them got an answer (from 0.25 s)'),
    '</svg>', ''].join('\n')
}
