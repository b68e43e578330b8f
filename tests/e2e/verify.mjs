// Verifies tickets with a JOSE library that is not ours. Usage: node verify.mjs JWKS_URL <lines of
// JWS. Prints one payload a line; ends with status 1 at the first ticket that does not verify.
import { compactVerify, createLocalJWKSet, decodeProtectedHeader } from 'jose';
import { createInterface } from 'node:readline';

const answer = await fetch(process.argv[2]);
if (!answer.ok) throw new Error(`${process.argv[2]} answered ${answer.status}`);
const keys = createLocalJWKSet(await answer.json());

for await (const jws of createInterface({ input: process.stdin })) {
  const { alg, kid } = decodeProtectedHeader(jws);
  if (alg !== 'EdDSA' || !kid) throw new Error(`a header with alg ${alg} and kid ${kid}`);
  const { payload } = await compactVerify(jws, keys, { algorithms: ['EdDSA'] });
  console.log(JSON.stringify(JSON.parse(new TextDecoder().decode(payload))));
  await mustRefuse(jws);
}

// The same ticket with one changed byte of payload is none.
async function mustRefuse(jws) {
  const [header, payload, signature] = jws.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  const forged = `${header}.${bytes.toString('base64url')}.${signature}`;
  const taken = await compactVerify(forged, keys).then(() => true, () => false);
  if (taken) throw new Error('a forged ticket was taken');
}
