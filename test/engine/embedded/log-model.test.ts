import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { OutgoingRecord } from '../../../engine/component/contracts/log.ts'
import type { SourceReader } from '../../../engine/component/contracts/reader.ts'
import {
  plainRecord,
  type PackedRecords,
  type PlainRecord,
} from '../../../engine/component/packed-records.ts'
import { type Embedded, openEmbedded } from '../../../engine/embedded/embedded.ts'
import { Scratch, StillClock } from './scratch.ts'

const partitions = 3
const retentionMs = 10_000

/** What one append put into one partition: it becomes one block, and goes as one. */
interface Run {
  readonly first: number
  readonly records: PlainRecord[]
}

type Step =
  | { readonly type: 'append'; readonly records: readonly (PlainRecord & { readonly partition: number })[] }
  | { readonly type: 'fetch'; readonly partition: number; readonly at: number; readonly limit: number }
  | { readonly type: 'poll'; readonly maxBytes: number }
  | { readonly type: 'later'; readonly ms: number }
  | { readonly type: 'tidy' | 'reopen' }

const bytes = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('append' as const),
        records: fc.array(
          fc.record({
            partition: fc.nat({ max: partitions - 1 }),
            key: bytes,
            value: bytes,
            headers: fc.array(
              fc.record({ name: fc.string({ unit: 'binary', maxLength: 5 }), value: bytes }),
              { maxLength: 2 },
            ),
            timestamp: fc.nat({ max: 5000 }),
          }),
          { maxLength: 12 },
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('fetch' as const),
        partition: fc.nat({ max: partitions - 1 }),
        at: fc.nat({ max: 60 }),
        limit: fc.nat({ max: 30 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('poll' as const), maxBytes: fc.nat({ max: 3000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('later' as const), ms: fc.nat({ max: 6000 }) }) },
    { weight: 2, arbitrary: fc.constant({ type: 'tidy' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'reopen' as const }) },
  ),
  { maxLength: 40, size: 'max' },
)

/** The store beside its model: for each partition the runs that are left, and where its reader stands. */
class Comparison {
  readonly #scratch = new Scratch()
  readonly #dir = this.#scratch.dir()
  readonly #clock = new StillClock()
  readonly #runs: Run[][] = Array.from({ length: partitions }, () => [])
  readonly #ends = new Array<number>(partitions).fill(0)
  readonly #read = new Array<number>(partitions).fill(0)
  #embedded!: Embedded
  #reader!: SourceReader

  async open(): Promise<void> {
    this.#embedded = openEmbedded(this.#dir, { clock: this.#clock })
    await this.#embedded.log.ensureTopic('t', { partitions, retentionMs })
    this.#reader = await this.#embedded.log.read('g', ['t'], { outOfRange: 'earliest' })
    await this.#reader.poll({ maxBytes: 0, waitMs: 0 })
    for (const [partition, offset] of this.#read.entries()) {
      await this.#reader.start({ topic: 't', partition }, { offset, metadata: '' })
    }
  }

  async close(): Promise<void> {
    await this.#embedded.close()
    await this.#scratch.clean()
  }

  async take(step: Step): Promise<void> {
    switch (step.type) {
      case 'append':
        return this.#append(step.records)
      case 'fetch': {
        const { records: found } = await this.#embedded.log.fetch(
          { topic: 't', partition: step.partition },
          step.at,
          step.limit,
        )
        return this.#compare(found, this.#from(step.partition, step.at).slice(0, step.limit))
      }
      case 'poll':
        await this.#poll(step.maxBytes)
        return
      case 'later':
        this.#clock.time += step.ms
        return
      case 'tidy':
        while (this.#embedded.tidy());
        return this.#retain()
      case 'reopen':
        await this.#embedded.close()
        return this.open()
    }
  }

  async finish(): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      const bounds = await this.#embedded.log.bounds({ topic: 't', partition })
      expect(bounds).toEqual({ first: this.#first(partition), end: this.#ends[partition] })
    }
    while ((await this.#poll(1 << 20)) > 0);
    expect(this.#read).toEqual(this.#ends)
  }

  async #append(given: readonly (PlainRecord & { readonly partition: number })[]): Promise<void> {
    const records: OutgoingRecord[] = given.map((each) => {
      return { ...each, topic: 't', timestamp: this.#clock.time - each.timestamp }
    })
    const positions = await this.#embedded.log.append(records)
    expect(positions).toHaveLength(records.length)
    for (let partition = 0; partition < partitions; partition++) {
      const own = records.filter((each) => each.partition === partition)
      const first = this.#ends[partition]!
      const offsets = positions.filter((each) => each.partition === partition).map(({ offset }) => offset)
      expect(offsets).toEqual(own.map((_, index) => first + index))
      if (own.length > 0) this.#runs[partition]!.push({ first, records: own })
      this.#ends[partition]! += own.length
    }
  }

  async #poll(maxBytes: number): Promise<number> {
    let count = 0
    for (const event of await this.#reader.poll({ maxBytes, waitMs: 0 })) {
      if (event.type === 'failed') throw event.error
      if (event.type === 'records') {
        const { partition } = event.records
        const expected = this.#from(partition, this.#read[partition]!).slice(0, event.records.count)
        this.#compare(event.records, expected)
        this.#read[partition] = event.records.offsets.at(-1)! + 1
        count += event.records.count
      }
      if (event.type === 'end') {
        const { partition } = event.partition
        expect(event.offset).toBe(this.#ends[partition])
        expect(this.#from(partition, this.#read[partition]!)).toEqual([])
        this.#read[partition] = event.offset
      }
    }
    return count
  }

  #retain(): void {
    const before = this.#clock.time - retentionMs
    for (const runs of this.#runs) {
      while (runs.length > 0 && runs[0]!.records.every(({ timestamp }) => timestamp < before)) runs.shift()
    }
  }

  #first(partition: number): number {
    return this.#runs[partition]![0]?.first ?? this.#ends[partition]!
  }

  #from(partition: number, offset: number): { offset: number; record: PlainRecord }[] {
    const all = this.#runs[partition]!.flatMap(({ first, records }) => {
      return records.map((record, index) => ({ offset: first + index, record }))
    })
    return all.filter((each) => each.offset >= offset)
  }

  #compare(found: PackedRecords, expected: { offset: number; record: PlainRecord }[]): void {
    expect([...found.offsets]).toEqual(expected.map(({ offset }) => offset))
    const rows = Array.from({ length: found.count }, (_, row) => readable(plainRecord(found, row)))
    expect(rows).toEqual(expected.map(({ record }) => readable(record)))
  }
}

function readable({ key, value, headers, timestamp }: PlainRecord): unknown {
  const hex = (part: Uint8Array | null): string | null => part && Buffer.from(part).toString('hex')
  return {
    key: hex(key),
    value: hex(value),
    headers: headers.map((each) => [each.name, hex(each.value)]),
    timestamp,
  }
}

test('the log does what a simple model of it does', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const comparison = new Comparison()
      try {
        await comparison.open()
        for (const step of taken) await comparison.take(step)
        await comparison.finish()
      } finally {
        await comparison.close()
      }
    }),
    { numRuns: 60 },
  )
}, 120_000)
