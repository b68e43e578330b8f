// A chart of horizontal bars, stacked where a row has several parts, as SVG text.
const colors = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#999999']
const left = 190, width = 440, step = 26

const entities = { '<': '&lt;', '&': '&amp;', '"': '&quot;' }
const escape = (text) => text.replace(/[<&"]/g, (letter) => entities[letter])

function legend(names) {
    return names.map((name, at) => `<rect x="${left + at * 110}" y="34" width="12" height="12" ` +
        `fill="${colors[at]}"/><text x="${left + 17 + at * 110}" y="44">${escape(name)}</text>`)
}

// A round scale: four or so lines at 1, 2 or 5 times a power of ten.
function grid(most, scale, height) {
    const power = 10 ** Math.floor(Math.log10(most / 4))
    const by = [1, 2, 5, 10].map((n) => n * power).find((n) => most / n <= 5)
    const marks = []
    for (let value = 0; value <= most; value += by) {
        const x = (left + value * scale).toFixed(1)
        marks.push(`<line x1="${x}" y1="54" x2="${x}" y2="${height - 24}" stroke="#ddd"/>`,
            `<text x="${x}" y="${height - 10}" text-anchor="middle" fill="#666">` +
            `${value.toLocaleString('en')}</text>`)
    }
    return marks
}

function bar(row, y, scale) {
    const total = row.parts.reduce((sum, part) => sum + part, 0)
    const drawn = [`<text x="${left - 8}" y="${y + 13}" text-anchor="end">` +
        `${escape(row.name)}</text>`]
    let x = left
    row.parts.forEach((part, index) => {
        if (part > 0) drawn.push(`<rect x="${x.toFixed(1)}" y="${y}" ` +
            `width="${(part * scale).toFixed(1)}" height="18" fill="${colors[index]}"/>`)
        x += part * scale
    })
    let end = x
    if (row.range && row.range[0] < row.range[1]) {
        const [a, b] = row.range.map((value) => left + value * scale)
        drawn.push(`<path d="M${a.toFixed(1)} ${y + 9}H${b.toFixed(1)}M${a.toFixed(1)} ${y + 5}v8` +
            `M${b.toFixed(1)} ${y + 5}v8" stroke="#333" fill="none"/>`)
        end = Math.max(end, b)
    }
    drawn.push(`<text x="${(end + 6).toFixed(1)}" y="${y + 13}">` +
        `${Math.round(total).toLocaleString('en')}</text>`)
    return drawn
}

// bars(title, [{name, parts: [number], range: [lowest, highest]}], names of the parts)
export function bars(title, rows, names) {
    const known = rows.map((row) => ({
        ...row, parts: row.parts.map((part) => (Number.isFinite(part) ? part : 0)),
    }))
    const most = Math.max(1, ...known.map((row) => Math.max(row.range?.[1] ?? 0,
        row.parts.reduce((sum, part) => sum + part, 0))))
    const scale = width / most
    const height = 90 + rows.length * step
    return [`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${height}" ` +
        'font-family="sans-serif" font-size="12">',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="16" y="22" font-size="15" font-weight="bold">${escape(title)}</text>`,
    ...legend(names), ...grid(most, scale, height),
    ...known.flatMap((row, at) => bar(row, 60 + at * step, scale)), '</svg>', ''].join('\n')
}
