import type { IdProbe } from './contracts/state.ts'

/** How ids and bodies are hashed: engine/state implements it. */
export interface Fingerprint {
  /** Writes the 128-bit fingerprint of bytes[start, end) into the probe. */
  id(bytes: Buffer, start: number, end: number, probe: IdProbe): void
  /** A 32-bit hash of bytes[start, end). */
  body(bytes: Buffer, start: number, end: number): number
}
