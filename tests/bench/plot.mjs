// A chart of horizontal bars, stacked where a row has several parts, as SVG text.
const colors = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#999999']

const entities = { '<': '&lt;', '&': '&amp;', '"': '&quot;' }
const escape = (text) => text.replace(/[<&"]/g, (letter) => entities[letter])

function legend(names, y) {
    return names.map((name, at) => `<rect x="${200 + at * 110}" y="${y}" width="12" height="12" ` +
        `fill="${colors[at]}"/><text x="${216 + at * 110}" y="${y + 11}">${escape(name)}</text>`)
}

// bars(title, [{name, parts: [number]}], names of the parts)
export function bars(title, rows, names) {
    const known = rows.map((row) => ({
        ...row, parts: row.parts.map((part) => (Number.isFinite(part) ? part : 0)),
    }))
    const totals = known.map((row) => row.parts.reduce((sum, part) => sum + part, 0))
    const scale = 440 / Math.max(1, ...totals)
    const height = 70 + rows.length * 26
    const body = known.flatMap((row, at) => {
        const y = 56 + at * 26
        let x = 200
        const drawn = row.parts.map((part, index) => {
            const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${(part * scale).toFixed(1)}" ` +
                `height="18" fill="${colors[index]}"/>`
            x += part * scale
            return box
        })
        return [`<text x="192" y="${y + 13}" text-anchor="end">${escape(row.name)}</text>`,
            ...drawn,
            `<text x="${(x + 6).toFixed(1)}" y="${y + 13}">${Math.round(totals[at])}</text>`]
    })
    return [`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${height}" ` +
        'font-family="sans-serif" font-size="12">',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="16" y="22" font-size="15">${escape(title)}</text>`,
    ...(names.length > 1 ? legend(names, 32) : []), ...body, '</svg>', ''].join('\n')
}
