import { createHmac } from 'node:crypto'
import type { Secret } from './contracts/secret.ts'

/**
 * Pseudonyms of texts and bytes: HMAC-SHA-256 (RFC 2104) under a secret key. The same input gives the same 32 bytes for
 * as long as the key stays; without the key nobody can try inputs out.
 */
export function keyedHash(key: Secret): (input: string | Uint8Array) => Buffer {
  return (input) => createHmac('sha256', key.reveal()).update(input).digest()
}
