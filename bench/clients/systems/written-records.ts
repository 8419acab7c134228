import { writtenKey, writtenValue } from '../workload.ts'

/** A record in the form that most clients for Node take. */
export interface WrittenRecord {
  readonly key: Buffer
  readonly value: Buffer
}

/** Records made beforehand, to be written again and again: making them is the application's work, not the client's. */
export function writtenRecords(count: number): WrittenRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    key: Buffer.from(writtenKey(n)),
    value: Buffer.from(writtenValue(n)),
  }))
}
