// What a good web team would write first: fastify, a process for each core, prepared statements.
// PORT DATABASE_URL: pg decides, one conditional statement for each reservation. With REDIS_PORT:
// a script in Redis decides on the seats, pg only keeps what was sold.
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import fastify from 'fastify'
import Redis from 'ioredis'
import pg from 'pg'

const [port, url, redisPort] = process.argv.slice(2)
const decideAndWrite = `WITH r AS (SELECT nextval('peer_reservation_id_seq') AS id),
    s AS (UPDATE peer_seat SET reservation_id = r.id FROM r
        WHERE event = $1 AND seat IN ($2, $3) AND reservation_id IS NULL
        RETURNING r.id AS id, seat),
    w AS (INSERT INTO peer_reservation (id, event, buyer, seats) OVERRIDING SYSTEM VALUE
        SELECT id, $1, $4, ARRAY[$2, $3]::integer[] FROM s WHERE seat = $2),
    f AS (INSERT INTO peer_fact (event, payload)
        SELECT $1, decode(repeat('00', 137), 'hex') FROM s WHERE seat = $2)
SELECT id FROM s`
const write = `WITH w AS (INSERT INTO peer_reservation (event, buyer, seats)
        VALUES ($1, $4, ARRAY[$2, $3]::integer[]) RETURNING id),
    f AS (INSERT INTO peer_fact (event, payload) VALUES ($1, decode(repeat('00', 137), 'hex')))
SELECT id FROM w`
// Both seats or none, in one step; held for ten minutes.
const hold = `if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', 600)
redis.call('SET', KEYS[2], ARGV[1], 'EX', 600)
return 1`
const number = { type: 'string', pattern: '^[0-9]{1,9}$' }
const schema = {
    body: {
        type: 'object', required: ['event_id', 'seats'], additionalProperties: false,
        properties: {
            event_id: number,
            seats: { type: 'array', minItems: 2, maxItems: 2, items: number },
        },
    },
    response: { 201: { type: 'object', properties: { id: { type: 'string' },
        state: { type: 'string' } } } },
}

const pool = new pg.Pool({ connectionString: url, max: 16 })

async function reserveInPg(event, seats) {
    const { rows } = await pool.query({
        name: 'reserve', text: decideAndWrite, values: [event, seats[0], seats[1], 1],
    })
    return rows.length === 2 ? rows[0].id : undefined
}

// Holds of one turn of the event loop travel to Redis together.
function reserveInRedis() {
    const redis = new Redis(Number(redisPort), '127.0.0.1', { enableAutoPipelining: true })
    redis.defineCommand('hold', { numberOfKeys: 2, lua: hold })
    return async (event, seats) => {
        const keys = seats.map((seat) => `${event}:${seat}`)
        if (await redis.hold(...keys, '1') !== 1) return undefined
        try {
            const { rows } = await pool.query({
                name: 'write', text: write, values: [event, seats[0], seats[1], 1],
            })
            return rows[0].id
        } catch (problem) {
            await redis.del(...keys)
            throw problem
        }
    }
}

async function serve() {
    const app = fastify()
    const reserve = redisPort ? reserveInRedis() : reserveInPg
    app.post('/v1/reservations', { schema }, async (request, answer) => {
        const id = await reserve(request.body.event_id, request.body.seats)
        if (id === undefined) return answer.code(409).send({ title: 'Seats are gone' })
        return answer.code(201).send({ id, state: 'held' })
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
