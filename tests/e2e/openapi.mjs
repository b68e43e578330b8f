// Holds the running edge against its own description: every path and method of /v1/openapi.json is
// called, rightly and wrongly, and each answer must have a documented status, media type and shape.
// A route without a row here fails, and so does a row without a route. What is a buyer's is asked
// for by others, too, who are known and own nothing of it. Reads one JSON object from standard
// input: edge, live, token, event, section, plan, seats (six free ones), paid, ticket, webhook, and
// of two more buyers a token and a cookie, other_token and other_cookie.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const given = JSON.parse(await text(process.stdin));
const key = () => ({ 'Idempotency-Key': randomUUID() });
const as = { Authorization: `Bearer ${given.token}` };
const nonsense = { Authorization: 'Bearer bm9uc2Vuc2U' };
const nothing = '01900000-0000-7000-8000-000000000000';
const reserve = (seats) => ({ event_id: given.event, seats });
const [a, b, c, d, e] = given.seats;
let held;
const asked = () => `with=${held}`;

// Whoever else is signed in, by token or in a browser, is told that there is no such thing.
const who = [
  { Authorization: `Bearer ${given.other_token}` },
  { Cookie: given.other_cookie, Origin: given.edge },
];
const others = (path, more = {}) =>
  who.map((one) => [404, { ...more, path, headers: { ...one, ...more.headers } }]);

// A page of reservations has these and no others.
function owned(page, ids) {
  const has = page.reservations.map((r) => r.id);
  if (has.join() !== ids.join()) complain('GET /v1/reservations', `${ids}, and not ${has}`);
}

function currencies({ currencies: [first] }) {
  if (first?.code !== 'EUR' || first.exponent !== 2)
    complain('GET /v1/currencies', `the demo is sold in euros, not in ${JSON.stringify(first)}`);
}

// Rows: [status, what to send]. `path` fills the braces of the route.
const table = {
  'POST /v1/sessions': [
    [201, { body: {} }],
    [201, { body: { email: 'reader@example.org' } }],
    [400, { raw: '{"email":' }],
    [413, { raw: `{"email":"${'x'.repeat(70000)}"}` }],
  ],
  'PUT /v1/session': [
    [200, { headers: { Origin: given.edge }, body: { email: 'reader@example.org' } }],
    [400, { headers: { Origin: given.edge }, raw: '{' }],
    [401, { headers: { Origin: given.edge, Cookie: `${given.other_cookie}x` }, body: {} }],
    [403, { headers: { Origin: 'https://elsewhere.example' }, body: {} }],
    [403, { body: {} }],
  ],
  'DELETE /v1/session': [
    [204, { headers: { Origin: given.edge } }],
    [403, {}],
  ],
  'GET /v1/events': [
    [200, {}],
    [200, { query: 'city=Utrecht&category=concert&from=2020-01-01T00:00:00Z&price_max=1000000' }],
    [200, { query: 'limit=1' }],
    [200, { query: 'q=arena' }],
    [200, { query: 'currency=eur&price_max=0' }],
    [400, { query: 'currency=euro' }],
    [400, { query: 'currency=e' }],
    [400, { query: 'limit=many' }],
    [400, { query: 'cursor=%00' }],
  ],
  'GET /v1/currencies': [[200, { keep: (list) => currencies(list) }]],
  'GET /v1/events/{id}': [
    [200, { path: [given.event] }],
    [404, { path: [nothing] }],
  ],
  'GET /v1/plans/{hash}': [
    [200, { path: [given.plan] }],
    [404, { path: ['0'.repeat(64)] }],
  ],
  'GET /v1/plans/{hash}/map.bin': [
    [200, { path: [given.plan] }],
    [404, { path: ['0'.repeat(64)] }],
  ],
  'GET /v1/events/{id}/availability': [
    [200, { path: [given.event] }],
    [404, { path: [nothing] }],
  ],
  'GET /v1/events/{id}/seats': [
    [200, { path: [given.event], query: `section=${encodeURIComponent(given.section)}` }],
    [404, { path: [nothing], query: 'section=x' }],
  ],
  'GET /v1/events/{id}/seats.bin': [
    [200, { path: [given.event] }],
    [404, { path: [nothing] }],
  ],
  'GET /v1/events/{id}/live': [
    [200, { path: [given.event], base: given.live, stream: true }],
    [200, { path: [given.event], base: given.live, stream: true, query: 'since=0' }],
    [400, { path: [given.event], base: given.live, query: 'since=now' }],
    [403, { path: [given.event], base: given.live, headers: { Origin: 'https://evil.example' } }],
    [404, { path: ['nothing'], base: given.live }],
  ],
  'POST /v1/reservations': [
    [201, { headers: { ...as, ...key() }, body: reserve([a, b]), keep: (r) => (held = r.id) }],
    [409, { headers: { ...as, ...key() }, body: reserve([a]) }],
    [201, { headers: { ...as, 'Idempotency-Key': 'twice' }, body: reserve([c]) }],
    [422, { headers: { ...as, 'Idempotency-Key': 'twice' }, body: reserve([d]) }],
    [400, { headers: as, body: reserve([d]) }],
    [400, { headers: { ...as, ...key() }, raw: '[]' }],
    [401, { headers: key(), body: reserve([d]) }],
    [401, { headers: { ...nonsense, ...key() }, body: reserve([d]) }],
    [404, { headers: { ...as, ...key() }, body: { event_id: nothing, seats: [d] } }],
    [422, { headers: { ...as, ...key() }, body: reserve(['no-such-seat']) }],
    [422, { headers: { ...as, ...key() }, body: reserve([d, d]) }],
    [422, { headers: { ...as, ...key() }, body: reserve(Array(11).fill(e)) }],
  ],
  'GET /v1/reservations': [
    [200, { headers: as, keep: (page) => owned(page, [given.paid]) }],
    [200, { headers: as, query: asked, keep: (page) => owned(page, [held, given.paid]) }],
    [200, { headers: as, query: `limit=1&cursor=${nothing}`, keep: (page) => owned(page, []) }],
    [200, { headers: who[0], keep: (page) => owned(page, []) }],
    [200, { headers: who[1], query: asked, keep: (page) => owned(page, []) }],
    [400, { headers: as, query: 'limit=0' }],
    [400, { headers: as, query: 'limit=51' }],
    [400, { headers: as, query: 'cursor=there' }],
    [400, { headers: as, query: 'with=there' }],
    [400, { headers: as, query: `with=${nothing},` }],
    [400, { headers: as, query: `with=${Array(21).fill(nothing)}` }],
    [401, {}],
    [401, { headers: nonsense }],
  ],
  'GET /v1/reservations/{id}': [
    [200, { path: () => [held], headers: as }],
    [401, { path: () => [held] }],
    [404, { path: [nothing], headers: as }],
    ...others(() => [held]),
    ...others([given.paid]),
  ],
  'POST /v1/reservations/{id}/checkout': [
    ...others(() => [held], { headers: key(), body: {} }),
    ...others([given.paid], { headers: key(), body: {} }),
    [201, { path: () => [held], headers: { ...as, ...key() }, body: {}, again: 202 }],
    [400, { path: () => [held], headers: as, body: {} }],
    [401, { path: () => [held], headers: key(), body: {} }],
    [404, { path: [nothing], headers: { ...as, ...key() }, body: {} }],
  ],
  'GET /v1/reservations/{id}/tickets': [
    [200, { path: [given.paid], headers: as }],
    [401, { path: [given.paid] }],
    [404, { path: [nothing], headers: as }],
    ...others([given.paid]),
  ],
  'DELETE /v1/reservations/{id}': [
    ...others(() => [held]),
    ...others([given.paid]),
    [200, { path: () => [held], headers: as }],
    [200, { path: () => [held], headers: as }],
    [409, { path: [given.paid], headers: as }],
    [401, { path: () => [held] }],
    [404, { path: [nothing], headers: as }],
  ],
  'POST /v1/reservations/{id}/cancellation': [
    [200, { path: () => [held], headers: as, body: { refund_minor: 0 } }],
    [409, { path: [given.paid], headers: as, body: { refund_minor: 1 } }],
    [400, { path: [given.paid], headers: as, body: { refund_minor: 'all' } }],
    [400, { path: [given.paid], headers: as, body: {} }],
    [401, { path: [given.paid], body: { refund_minor: 0 } }],
    [404, { path: [nothing], headers: as, body: { refund_minor: 0 } }],
    ...others([given.paid], { body: { refund_minor: 0 } }),
    ...others(() => [held], { body: { refund_minor: 0 } }),
  ],
  'GET /v1/tickets/{id}': [
    [200, { path: [given.ticket], headers: as }],
    [401, { path: [given.ticket] }],
    [404, { path: [nothing], headers: as }],
    ...others([given.ticket]),
  ],
  'GET /v1/tickets/{id}/qr.svg': [
    [200, { path: [given.ticket], headers: as }],
    [401, { path: [given.ticket] }],
    [401, { path: [given.ticket], headers: nonsense }],
    [404, { path: [nothing], headers: as }],
    ...others([given.ticket]),
  ],
  'GET /v1/tickets/{id}/qr.png': [
    [200, { path: [given.ticket], headers: as }],
    [401, { path: [given.ticket] }],
    [401, { path: [given.ticket], headers: nonsense }],
    [404, { path: [nothing], headers: as }],
    ...others([given.ticket]),
  ],
  'POST /v1/webhooks/payments': [
    [400, { raw: '{}' }],
    [400, { raw: '{}', headers: { 'Stripe-Signature': 't=1,v1=00' } }],
    [200, signed({ id: 'evt_1', object: 'event', type: 'customer.created', data: { object: {} } })],
  ],
  'GET /.well-known/jwks.json': [[200, {}]],
  'GET /v1/openapi.json': [[200, {}]],
  'GET /v1/time': [[200, {}]],
};

function signed(event) {
  const raw = JSON.stringify(event);
  const time = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', given.webhook).update(`${time}.${raw}`).digest('hex');
  return { raw, headers: { 'Stripe-Signature': `t=${time},v1=${mac}` } };
}

const answer = await fetch(`${given.edge}/v1/openapi.json`);
const description = await answer.json();
const file = JSON.parse(readFileSync(new URL('../../edge/openapi.json', import.meta.url)));
const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(description, 'api');
const complaints = [];
let calls = 0;

function complain(where, what) {
  complaints.push(`${where}: ${what}`);
}

// JSON pointer into the description, as a $ref.
const escaped = (name) => encodeURIComponent(name.replace(/~/g, '~0').replace(/\//g, '~1'));
const pointer = (...names) => `api#/${names.map(escaped).join('/')}`;

function resolve(part) {
  if (!part?.$ref) return part;
  return part.$ref.slice(2).split('/').reduce((at, name) => at[name], description);
}

async function send(method, route, row) {
  let path = route;
  const values = typeof row.path === 'function' ? row.path() : (row.path ?? []);
  for (const value of values) path = path.replace(/\{[^}]*\}/, encodeURIComponent(value));
  const body = row.raw ?? (row.body && JSON.stringify(row.body));
  const headers = { ...row.headers };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const query = typeof row.query === 'function' ? row.query() : row.query;
  const url = (row.base ?? given.edge) + path + (query ? `?${query}` : '');
  return fetch(url, { method, headers, body });
}

async function checkBody(where, route, method, got) {
  const documented = resolve(description.paths[route][method].responses[got.status]);
  if (!documented) return complain(where, `status ${got.status} is not documented`);
  const type = (got.headers.get('content-type') ?? '').split(';')[0];
  const bytes = Buffer.from(await got.arrayBuffer());
  if (!documented.content) {
    if (bytes.length) complain(where, 'a body that is not documented');
    return undefined;
  }
  const media = documented.content[type];
  if (!media) return complain(where, `media type "${type}" is not documented`);
  if (!type.endsWith('json')) return undefined;
  const value = JSON.parse(bytes);
  if (media.schema) {
    const at = description.paths[route][method].responses[got.status].$ref;
    const schema = at
      ? `api${at}/content/${escaped(type)}/schema`
      : pointer('paths', route, method, 'responses', String(got.status), 'content', type, 'schema');
    const valid = ajv.compile({ $ref: schema });
    if (!valid(value)) complain(where, `the shape: ${ajv.errorsText(valid.errors)}`);
  }
  return value;
}

// A stream has no end; it begins at once.
async function checkStream(where, got) {
  const type = got.headers.get('content-type');
  if (type !== 'text/event-stream') complain(where, `media type "${type}" of a stream`);
  const reader = got.body.getReader();
  const { value } = await reader.read();
  if (!Buffer.from(value).toString().startsWith('retry: ')) complain(where, 'no stream');
  await reader.cancel();
}

async function checkRow(name, [status, row]) {
  const [method, route] = name.split(' ');
  let got = await send(method, route, row);
  for (let tries = 0; got.status === row.again && tries < 100; tries++) {
    await got.arrayBuffer();
    got = await send(method, route, row);
  }
  calls++;
  const where = `${name} ${row.query ?? ''} -> ${got.status}`;
  if (got.status !== status) complain(where, `${status} was expected`);
  if (row.stream) return checkStream(where, got);
  const value = await checkBody(where, route, method.toLowerCase(), got);
  if (got.status === status && row.keep) row.keep(value);
}

if (!description.openapi?.startsWith('3.1.')) complain('openapi.json', 'is not OpenAPI 3.1');
if (JSON.stringify(description) !== JSON.stringify(file)) {
  complain('openapi.json', 'is not the file in the repository');
}
const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];
for (const [route, item] of Object.entries(description.paths)) {
  for (const method of methods.filter((m) => item[m])) {
    const name = `${method.toUpperCase()} ${route}`;
    if (!table[name]) complain(name, 'is described, but not tried here');
  }
}
for (const [name, rows] of Object.entries(table)) {
  const [method, route] = name.split(' ');
  if (!description.paths[route]?.[method.toLowerCase()]) {
    complain(name, 'is not described');
    continue;
  }
  for (const row of rows) await checkRow(name, row);
}
for (const complaint of complaints) console.log(complaint);
console.log(`figure: ${calls} calls of ${Object.keys(table).length} routes, ` +
  `${complaints.length} complaints`);
process.exitCode = complaints.length ? 1 : 0;
