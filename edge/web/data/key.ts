// An Idempotency-Key: 128 random bits. (crypto.randomUUID exists in secure contexts only.)
export function random_key(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
