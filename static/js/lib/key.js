// @ts-check
/** A key for `Idempotency-Key`. Not crypto.randomUUID: a page over plain HTTP from another machine does not have it. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
