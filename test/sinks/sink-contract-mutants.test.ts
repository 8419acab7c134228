// The sink contract is a checker, and checkers are proved by mutants: a sink in memory keeps every promise, and each of
// its broken copies breaks at least one that is tested.
import { describe, expect, test } from '@jest/globals'
import type { RowOutcome, SinkWriter } from '../../engine/component/contracts/sink.ts'
import type { RecordBatch } from '../../engine/component/record-batch.ts'
import type { WriteBatch } from '../../engine/component/write-batch.ts'
import { downstreamError, permanentError } from '../../engine/errors.ts'
import { type SinkHarness, type Stored, type Value } from '../support/contracts/sink-bench.ts'
import { sinkCases } from '../support/contracts/sink-contract.ts'

const flaws = [
  'acknowledges before it stores',
  'forgets the last record of a large batch',
  'stores a batch in reverse',
  'fails the batch with the record',
  'goes on behind a refused record of the key',
  'stops at the first refused record',
  'takes all records without key for one key',
  'stores what it answers as untried',
  'drops what it should refuse',
  'answers for the refused records only',
  'refuses without a sentence',
  'reads what came in instead of what a node made',
  'writes a tombstone as a value',
  'takes the whole run instead of the picked records',
  'reads the bytes when it is too late',
  'writes into the bytes',
  'takes the time of the topic for the event time',
  'loses headers',
  'rounds numbers',
  'mixes up writes that overlap',
  'says that it is idempotent',
  'has no limit',
  'writes batches in order, two at once',
  'can be closed once only',
  'acknowledges after the store was closed',
  'fails with a stack after the store was closed',
] as const
type Flaw = (typeof flaws)[number] | undefined

interface Row {
  readonly batch: RecordBatch
  readonly i: number
}

class MemorySink implements SinkWriter {
  readonly order: SinkWriter['order']
  readonly concurrency: number
  readonly maxBatch: number
  readonly #flaw: Flaw
  #stored: (() => Stored)[] = []
  #scratch: Row[] = []
  #closed = false
  #shut = false

  constructor(flaw: Flaw, order: SinkWriter['order'] = 'batch') {
    this.#flaw = flaw
    this.order = order
    this.concurrency = order === 'record' || flaw === 'writes batches in order, two at once' ? 2 : 1
    this.maxBatch = flaw === 'has no limit' ? Number.POSITIVE_INFINITY : 500
  }

  async write(writes: WriteBatch): Promise<readonly RowOutcome[] | undefined> {
    const rows = Array.from({ length: writes.length }, (_, n) => ({
      batch: writes.batchOf(n),
      i: writes.indexOf(n),
    }))
    if (this.#flaw === 'takes the whole run instead of the picked records' && rows.length > 0) {
      const { batch } = rows[0]!
      rows.forEach((_, n) => (rows[n] = { batch, i: Math.min(n, batch.length - 1) }))
    }
    const { outcomes, good } = this.#judge(rows)
    const kept = good.map((row) => this.#keep(row))
    if (this.#flaw === 'mixes up writes that overlap') this.#scratch = good
    if (this.#flaw === 'acknowledges before it stores') {
      setTimeout(() => this.#stored.push(...kept))
      return outcomes
    }
    await Promise.resolve()
    if (this.#shut) {
      if (this.#flaw === 'acknowledges after the store was closed') return outcomes
      if (this.#flaw === 'fails with a stack after the store was closed') throw new Error('gone\n  at store')
      throw downstreamError('STORE_FAILED', 'The memory is gone.')
    }
    if (this.#flaw === 'mixes up writes that overlap')
      this.#stored.push(...this.#scratch.map((row) => this.#keep(row)))
    else this.#stored.push(...this.#order(kept))
    return outcomes
  }

  #order(kept: (() => Stored)[]): (() => Stored)[] {
    if (this.#flaw === 'stores a batch in reverse') return kept.reverse()
    return this.#flaw === 'forgets the last record of a large batch' && kept.length > 100
      ? kept.slice(0, -1)
      : kept
  }

  #judge(rows: readonly Row[]): { outcomes: RowOutcome[]; good: Row[] } {
    const flaw = this.#flaw
    const refused = new Set<string>()
    const good: Row[] = []
    const outcomes = rows.map((row): RowOutcome => {
      const key =
        row.batch.keyText(row.i) ?? (flaw === 'takes all records without key for one key' ? '' : undefined)
      const stopped = flaw === 'stops at the first refused record' && refused.size > 0
      if (
        stopped ||
        (key !== undefined && refused.has(key) && flaw !== 'goes on behind a refused record of the key')
      ) {
        if (flaw === 'stores what it answers as untried') good.push(row)
        return { outcome: 'untried' }
      }
      const error = this.#refusal(row)
      if (error === undefined) {
        good.push(row)
        return { outcome: 'stored' }
      }
      if (flaw === 'fails the batch with the record') throw error
      if (flaw === 'drops what it should refuse') return { outcome: 'dropped', reason: 'bad' }
      refused.add(key ?? `${row.i} without key`)
      return { outcome: 'refused', error: flaw === 'refuses without a sentence' ? new Error('bad') : error }
    })
    return {
      outcomes: flaw === 'answers for the refused records only' ? outcomes.filter(isRefused) : outcomes,
      good,
    }
  }

  #refusal({ batch, i }: Row): Error | undefined {
    try {
      if (typeof (batch.value(i) as Value | null)?.body === 'number')
        throw permanentError('ROW_REFUSED', 'A number.')
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  #keep({ batch, i }: Row): () => Stored {
    const { records, eventTimes } = batch.origin
    const flaw = this.#flaw
    const lazy = (): Stored => {
      const raw = flaw === 'reads what came in instead of what a node made' && batch.values !== undefined
      const found = raw ? batch.origin.codec.decode(records.bytes, records.valueStarts[batch.rows[i]!]!, records.valueEnds[batch.rows[i]!]!) : batch.value(i) // prettier-ignore
      const value = found as Value | null
      const headers = batch
        .headers(i)
        .filter(({ name }) => flaw !== 'loses headers' || name !== 'constructor')
      return {
        id: value?.id ?? null,
        value: value === null && flaw === 'writes a tombstone as a value' ? {} : this.#rounded(value),
        key: batch.key(i)?.toString() ?? null,
        position: `${batch.topic}/${batch.partition}@${batch.offset(i)}`,
        time: flaw === 'takes the time of the topic for the event time' ? records.timestamps[0]! : eventTimes[batch.rows[i]!]!, // prettier-ignore
        headers: headers.map(
          (each) => [each.name, each.value && Buffer.from(each.value).toString('latin1')] as const,
        ),
      }
    }
    if (flaw === 'reads the bytes when it is too late') return lazy
    const now = lazy()
    if (flaw === 'writes into the bytes') records.bytes.fill(1)
    return () => now
  }

  #rounded(value: Value | null): unknown {
    return value !== null && this.#flaw === 'rounds numbers' ? { ...value, n: Number(value.n) } : value
  }

  async close(): Promise<void> {
    if (this.#closed && this.#flaw === 'can be closed once only') throw new Error('It is closed.')
    this.#closed = true
  }

  harness(): SinkHarness {
    return {
      definition: { idempotent: this.#flaw === 'says that it is idempotent' },
      writer: this,
      spoil: [(value) => ({ ...value, body: 5 })],
      tombstones: 'stored',
      stored: async () => this.#stored.map((read) => read()),
      shut: async () => {
        this.#shut = true
      },
      close: () => Promise.resolve(),
    }
  }
}

function isRefused({ outcome }: RowOutcome): boolean {
  return outcome === 'refused'
}

/** The promises that the sink breaks. */
async function broken(flaw: Flaw, order: SinkWriter['order'] = 'batch'): Promise<string[]> {
  const titles: string[] = []
  for (const [title, run] of sinkCases) {
    await run(new MemorySink(flaw, order).harness()).catch(() => titles.push(title))
  }
  return titles
}

describe('the sink contract', () => {
  test.each(['batch', 'record'] as const)('is kept by a sink in memory with order %s', async (order) => {
    expect(await broken(undefined, order)).toEqual([])
  })

  test.each(flaws)('catches a sink that %s', async (flaw) => {
    expect(await broken(flaw)).not.toEqual([])
  })
})
