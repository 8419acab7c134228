import type { ValueCodec } from '../../engine/component/codec.ts'
import type { Lineage, Verdict } from '../../engine/component/lineage.ts'
import { packRecords, type PackedRecords } from '../../engine/component/packed-records.ts'
import { batchOf, type RecordBatch } from '../../engine/component/record-batch.ts'
import type { RunOwner } from '../../engine/runtime/ledger-run.ts'
import { codecOf } from '../../sources/codecs.ts'

/** A record of a test; `key` null = without key. */
export interface TestRecord {
  readonly offset: number
  readonly key: string | null
  readonly value?: unknown
}

const json: ValueCodec = codecOf('json')

/** Packs records of one partition; offsets ascend. Values are written as JSON. */
export function packed(records: readonly TestRecord[], topic = 'in', partition = 0): PackedRecords {
  const plain = records.map(({ key, value }) => ({
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(JSON.stringify(value ?? null)),
    headers: [],
    timestamp: 1_700_000_000_000,
  }))
  return packRecords(
    topic,
    partition,
    plain,
    0,
    records.map(({ offset }) => offset),
  )
}

/** A batch of all records of a run. */
export function batchFrom(records: PackedRecords, lineage: Lineage): RecordBatch {
  const eventTimes = records.timestamps.slice()
  return batchOf({ records, eventTimes, codec: json, lineage, lineageBase: 0 })
}

/** Keeps books of what a ledger tells. `soon` waits for `flush`. */
export class CountingOwner implements RunOwner {
  open = 0
  bytes = 0
  lowest = 0
  readonly verdicts: Verdict[] = []
  #later: (() => void)[] = []

  admitted(records: number): void {
    this.open += records
  }

  settled(verdict: Verdict): void {
    this.open--
    this.verdicts.push(verdict)
  }

  pinned(bytes: number): void {
    this.bytes += bytes
    this.lowest = Math.min(this.lowest, this.bytes)
  }

  soon(action: () => void): void {
    this.#later.push(action)
  }

  /** Runs what was to run soon. */
  flush(): void {
    for (let action = this.#later.shift(); action !== undefined; action = this.#later.shift()) action()
  }
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** From 0 up to 1, exclusive. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number from 0 up to `below`, exclusive. */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }
}
