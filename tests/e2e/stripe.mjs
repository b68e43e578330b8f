// Talks to cavea-provider and to the edge with the official Stripe client library, as somebody
// would who has it already. Ends with status 1 at the first thing that is not as at Stripe.
//   node stripe.mjs provider PROGRAM DIR   starts a provider of its own in DIR and walks through it
//   node stripe.mjs edge INTENT            pays INTENT at $PROVIDER_URL and tells $EDGE_URL of it
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import Stripe from 'stripe';

const DEADLINE_MS = 20000;

function clientOf(url, key) {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', telemetry: false,
    maxNetworkRetries: 0, timeout: DEADLINE_MS });
}

async function until(what, condition) {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await pause(20)) {
    const result = await condition();
    if (result) return result;
  }
  throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
}

// Keeps the raw bytes of each webhook and its signature.
async function listen() {
  const got = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    got.push({ raw: Buffer.concat(parts), signature: request.headers['stripe-signature'] });
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { got, server, url: `http://127.0.0.1:${server.address().port}/hook` };
}

async function startProvider(program, dir, key, secret, webhookUrl) {
  await writeFile(`${dir}/key`, key, { mode: 0o600 });
  await writeFile(`${dir}/secret`, secret, { mode: 0o600 });
  const child = spawn(program, ['--provider-key-file', `${dir}/key`, '--webhook-secret-file',
    `${dir}/secret`, '--webhook-url', webhookUrl, '--ready-file', `${dir}/ready`],
  { stdio: ['ignore', 'ignore', 'inherit'] });
  const ready = () => readFile(`${dir}/ready`, 'utf8').catch(() => '');
  const lines = await until('the provider is ready', async () => {
    assert.equal(child.exitCode, null, 'the provider ended');
    return /^port (\d+)$/m.exec(await ready());
  });
  return { child, url: `http://127.0.0.1:${lines[1]}` };
}

const terms = { amount: 4200, currency: 'eur', automatic_payment_methods: { enabled: true },
  metadata: { payment_id: '01890000-0000-7000-8000-000000000001', note: 'é & =[]' } };

async function paysOnce(stripe) {
  const options = { idempotencyKey: 'one' };
  const intent = await stripe.paymentIntents.create(terms, options);
  assert.equal(intent.status, 'requires_payment_method');
  assert.deepEqual(intent.metadata, terms.metadata);
  const again = await stripe.paymentIntents.create(terms, options);
  assert.equal(again.id, intent.id);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  await assert.rejects(stripe.paymentIntents.create({ ...terms, amount: 1 }, options),
    Stripe.errors.StripeIdempotencyError);
  const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.amount_received, 4200);
  return paid;
}

async function declines(stripe) {
  const { id } = await stripe.paymentIntents.create(terms);
  await assert.rejects(
    stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_chargeDeclined' }),
    (e) => e instanceof Stripe.errors.StripeCardError && e.code === 'card_declined' &&
      e.statusCode === 402 && e.payment_intent.id === id);
  const cancelled = await stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' });
  assert.equal(cancelled.status, 'canceled');
  return cancelled;
}

async function refunds(stripe, paid) {
  const part = await stripe.refunds.create({ payment_intent: paid.id, amount: 1000 },
    { idempotencyKey: 'refund:1' });
  assert.deepEqual([part.amount, part.status, part.payment_intent], [1000, 'succeeded', paid.id]);
  await assert.rejects(stripe.refunds.create({ payment_intent: paid.id, amount: 3201 }),
    Stripe.errors.StripeInvalidRequestError);
  const rest = await stripe.refunds.create({ payment_intent: paid.id });
  assert.equal(rest.amount, 3200);
  assert.equal((await stripe.refunds.retrieve(rest.id)).id, rest.id);
  const listed = await stripe.refunds.list({ payment_intent: paid.id });
  assert.deepEqual(listed.data.map((r) => r.id).sort(), [part.id, rest.id].sort());
}

async function reads(stripe, url, ids) {
  const seen = [];
  for await (const intent of stripe.paymentIntents.list({ limit: 1 })) seen.push(intent.id);
  assert.deepEqual(seen.sort(), ids.sort());
  assert.equal((await stripe.paymentIntents.retrieve(ids[0])).id, ids[0]);
  await assert.rejects(stripe.paymentIntents.retrieve('pi_none'),
    (e) => e instanceof Stripe.errors.StripeInvalidRequestError && e.code === 'resource_missing');
  await assert.rejects(clientOf(url, 'sk_test_wrong').paymentIntents.retrieve(ids[0]),
    Stripe.errors.StripeAuthenticationError);
}

// What the provider sent is genuine to the library, and nothing else is.
function verifies(secret, sent) {
  const { webhooks } = Stripe;
  const event = webhooks.constructEvent(sent.raw, sent.signature, secret);
  assert.equal(event.object, 'event');
  const changed = Buffer.from(sent.raw);
  changed[changed.length >> 1] ^= 1;
  const forged = Stripe.errors.StripeSignatureVerificationError;
  assert.throws(() => webhooks.constructEvent(changed, sent.signature, secret), forged);
  assert.throws(() => webhooks.constructEvent(sent.raw, sent.signature, 'whsec_other'), forged);
  assert.throws(() => webhooks.constructEvent(sent.raw, sent.signature, secret, 300, undefined,
    Date.now() + 400000), forged);
  return event.type;
}

const told = ['payment_intent.succeeded', 'payment_intent.payment_failed',
  'payment_intent.canceled', 'charge.refunded', 'refund.updated'];

async function walkProvider(program, dir) {
  const key = 'sk_test_interop', secret = 'whsec_interop';
  const { got, server, url: hook } = await listen();
  const { child, url } = await startProvider(program, dir, key, secret, hook);
  try {
    const stripe = clientOf(url, key);
    const paid = await paysOnce(stripe), cancelled = await declines(stripe);
    await refunds(stripe, paid);
    await reads(stripe, url, [paid.id, cancelled.id]);
    const types = () => got.map((sent) => verifies(secret, sent));
    await until(`webhooks of ${told}`, () => told.every((type) => types().includes(type)));
    console.log(`figure: ${types().length} webhooks verified by the Stripe library ` +
      Stripe.PACKAGE_VERSION);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    server.close();
  }
}

async function post(payload, header) {
  const answer = await fetch(`${process.env.EDGE_URL}/v1/webhooks/payments`, { method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(header && { 'Stripe-Signature': header }) },
    body: payload });
  return { status: answer.status, text: await answer.text() };
}

async function tellEdge(id) {
  const { PROVIDER_URL, PROVIDER_KEY, WEBHOOK_SECRET: secret } = process.env;
  const stripe = clientOf(PROVIDER_URL, PROVIDER_KEY);
  const intent = await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
  assert.equal(intent.status, 'succeeded');
  const payload = JSON.stringify({ id: 'evt_interop', object: 'event', livemode: false,
    created: Math.floor(Date.now() / 1000), type: 'payment_intent.succeeded',
    data: { object: intent } });
  const signed = (more) => Stripe.webhooks.generateTestHeaderString({ payload, secret, ...more });
  const now = Math.floor(Date.now() / 1000);
  for (const [what, body, header] of [
    ['a changed byte', payload.replace('succeeded', 'succeedee'), signed()],
    ['another secret', payload, signed({ secret: 'whsec_other' })],
    ['a stale time', payload, signed({ timestamp: now - 302 })],
    ['no signature', payload, undefined]])
    assert.equal((await post(body, header)).status, 400, what);
  const taken = await post(payload, signed());
  assert.equal(taken.status, 200, taken.text);
  assert.equal(JSON.parse(taken.text).outcome, 'accepted');
}

const [what, ...rest] = process.argv.slice(2);
await { provider: walkProvider, edge: tellEdge }[what](...rest);
