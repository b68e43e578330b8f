// What a good web team would write first: fastify and pg, a process for each core, one prepared
// statement for each reservation. PORT DATABASE_URL
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import fastify from 'fastify'
import pg from 'pg'

const [port, url] = process.argv.slice(2)
const reserve = `WITH r AS (SELECT nextval('peer_reservation_id_seq') AS id),
    s AS (UPDATE peer_seat SET reservation_id = r.id FROM r
        WHERE event = $1 AND seat IN ($2, $3) AND reservation_id IS NULL
        RETURNING r.id AS id, seat),
    w AS (INSERT INTO peer_reservation (id, event, buyer, seats) OVERRIDING SYSTEM VALUE
        SELECT id, $1, $4, ARRAY[$2, $3]::integer[] FROM s WHERE seat = $2),
    f AS (INSERT INTO peer_fact (event, payload)
        SELECT $1, decode(repeat('00', 100), 'hex') FROM s WHERE seat = $2)
SELECT id FROM s`
const schema = {
    body: {
        type: 'object', required: ['event_id', 'seats'], additionalProperties: false,
        properties: {
            event_id: { type: 'string', pattern: '^[0-9]{1,9}$' },
            seats: { type: 'array', minItems: 2, maxItems: 2,
                items: { type: 'string', pattern: '^[0-9]{1,9}$' } },
        },
    },
    response: { 201: { type: 'object', properties: { id: { type: 'string' },
        state: { type: 'string' } } } },
}

async function serve() {
    const pool = new pg.Pool({ connectionString: url, max: 16 })
    const app = fastify()
    app.post('/v1/reservations', { schema }, async (request, answer) => {
        const { event_id: event, seats } = request.body
        const { rows } = await pool.query({
            name: 'reserve', text: reserve, values: [event, seats[0], seats[1], 1],
        })
        if (rows.length < 2) return answer.code(409).send({ title: 'Seats are gone' })
        return answer.code(201).send({ id: rows[0].id, state: 'held' })
    })
    await app.listen({ port: Number(port), host: '127.0.0.1' })
}

if (cluster.isPrimary) {
    let ready = 0
    cluster.on('listening', () => {
        if (++ready === availableParallelism()) console.log('ready')
    })
    for (let n = 0; n < availableParallelism(); n++) cluster.fork()
} else {
    await serve()
}
