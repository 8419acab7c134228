import { describe, expect, test } from '@jest/globals'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import type { SourceEvent, SourceReader } from '../../../engine/component/contracts/reader.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { BoundedReader } from '../../../engine/runtime/bounded-reader.ts'
import { Pace, PacedReader } from '../../../engine/runtime/paced-reader.ts'
import type { ReadBound } from '../../../engine/runtime/read-bounds.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const place: TopicPartition = { topic: 'orders', partition: 0 }

interface Stored {
  readonly offset: number
  readonly timestamp: number
}

function recordsOf(stored: readonly Stored[]) {
  const records = stored.map(({ offset, timestamp }) => {
    return { key: null, value: Buffer.from(`v${offset}`), headers: [], timestamp }
  })
  return packRecords(
    'orders',
    0,
    records,
    0,
    stored.map(({ offset }) => offset),
  )
}

/** Delivers what it is told to, and notes what it is asked. */
class ToldReader implements SourceReader {
  next: SourceEvent[] = []
  readonly asked: string[] = []
  readonly polls: number[] = []
  spentRecords = 0

  poll({ maxBytes }: { readonly maxBytes: number }): Promise<SourceEvent[]> {
    this.polls.push(maxBytes)
    return Promise.resolve(this.next.splice(0))
  }

  start(_partition: TopicPartition, position: { readonly offset: number } | undefined): Promise<void> {
    this.asked.push(`start ${position?.offset}`)
    return Promise.resolve()
  }

  release(): Promise<void> {
    this.asked.push('release')
    return Promise.resolve()
  }

  pause(): void {
    this.asked.push('pause')
  }

  resume(): void {
    this.asked.push('resume')
  }

  bounds(): Promise<{ first: number; end: number }> {
    return Promise.resolve({ first: 0, end: 1000 })
  }

  spent(_buffer: ArrayBuffer, records: number): void {
    this.spentRecords += records
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function bounded(bound: ReadBound | undefined) {
  const inner = new ToldReader()
  const counts = { taken: 0, outside: 0 }
  return { inner, counts, reader: new BoundedReader(inner, () => bound, counts) }
}

const all = { maxBytes: 1e6, waitMs: 0 }
const open = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }

/** What was told, shortly. */
function shown(events: readonly SourceEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'records') return `records ${[...event.records.offsets].join(' ')}`
    if (event.type === 'passed' || event.type === 'end') return `${event.type} ${event.offset}`
    return event.type
  })
}

describe('a reader within bounds', () => {
  test('begins at its start, or where was committed; behind its end it asks for nothing', async () => {
    const { inner, reader } = bounded({ start: 5, end: 20, ...open })
    await reader.start(place, undefined)
    await reader.start(place, { offset: 12, metadata: 'm' })
    expect(inner.asked).toEqual(['start 5', 'start 12'])
    await reader.start(place, { offset: 20, metadata: '' })
    expect(inner.asked).toEqual(['start 5', 'start 12', 'pause'])
    expect(shown(await reader.poll(all))).toEqual(['passed 20', 'end 20'])
    expect(await reader.bounds(place)).toEqual({ first: 5, end: 20 })
  })

  test('any log, any bounds, any runs: it tells what a filter finds, progress up to its end, and its end once', async () => {
    const seed = Date.now() % 1_000_000
    let state = seed
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 300; round++) {
      const log: Stored[] = []
      for (
        let offset = random(5), n = random(40);
        n > 0;
        n--, offset += 1 + (random(4) === 0 ? random(5) : 0)
      )
        log.push({ offset, timestamp: random(50) })
      const logEnd = (log.at(-1)?.offset ?? 0) + 1 + random(3)
      const start = random(logEnd + 1)
      const end = start + random(logEnd - start + 1)
      const since = random(2) === 0 ? open.since : random(50)
      const until = random(2) === 0 ? open.until : random(60)
      const bound = { start, end, since, until }
      const { inner, counts, reader } = bounded(bound)

      await reader.start(place, undefined)
      const told: SourceEvent[] = []
      const rest = log.filter(({ offset }) => offset >= start)
      for (let more = inner.asked.includes('pause') ? [] : rest; more.length > 0;) {
        const run = more.slice(0, 1 + random(7))
        more = more.slice(run.length)
        inner.next.push({ type: 'records', records: recordsOf(run) })
        if (random(2) === 0) told.push(...(await reader.poll(all)))
      }
      inner.next.push({ type: 'end', partition: place, offset: logEnd })
      told.push(...(await reader.poll(all)))

      const found = told.flatMap((event) => (event.type === 'records' ? [...event.records.offsets] : []))
      const wanted = log.filter(
        ({ offset, timestamp }) => offset >= start && offset < end && timestamp >= since && timestamp < until,
      )
      const context = { seed, round, bound }
      expect({ ...context, found }).toEqual({ ...context, found: wanted.map(({ offset }) => offset) })
      expect(counts.taken).toBe(wanted.length)
      const ends = told.filter(({ type }) => type === 'end')
      expect({ ...context, ends: shown(ends) }).toEqual({ ...context, ends: [`end ${end}`] })
      // What is told ascends, and goes up to the end: progress is over everything.
      const upTo = told.flatMap((event) => {
        if (event.type === 'records') return [event.records.offsets.at(-1)! + 1]
        return event.type === 'passed' || event.type === 'end' ? [event.offset] : []
      })
      expect({ ...context, upTo }).toEqual({ ...context, upTo: upTo.toSorted((a, b) => a - b) })
      expect(upTo.at(-1)).toBe(end)
    }
  })

  test('at its end it stays paused, whatever it is asked; assigned anew, it begins anew', async () => {
    const { inner, reader } = bounded({ start: 0, end: 2, ...open })
    await reader.start(place, undefined)
    inner.next.push({
      type: 'records',
      records: recordsOf([0, 1, 2].map((offset) => ({ offset, timestamp: 1 }))),
    })
    expect(shown(await reader.poll(all))).toEqual(['records 0 1', 'passed 2', 'end 2'])
    expect(inner.spentRecords).toBe(1)
    reader.resume(place)
    expect(inner.asked).toEqual(['start 0', 'pause'])
    inner.next.push({ type: 'records', records: recordsOf([{ offset: 3, timestamp: 1 }]) })
    expect(await reader.poll(all)).toEqual([])

    inner.next.push({ type: 'lost', partitions: [place] })
    inner.next.push({ type: 'assigned', partitions: [place], epoch: 2 })
    expect(shown(await reader.poll(all))).toEqual(['lost', 'assigned'])
    await reader.start(place, { offset: 1, metadata: '' })
    inner.next.push({ type: 'records', records: recordsOf([{ offset: 1, timestamp: 1 }]) })
    expect(shown(await reader.poll(all))).toEqual(['records 1', 'passed 2', 'end 2'])
  })

  test('a partition without bounds is read as it is', async () => {
    const { inner, reader } = bounded(undefined)
    await reader.start(place, undefined)
    inner.next.push({ type: 'records', records: recordsOf([{ offset: 7, timestamp: 1 }]) })
    inner.next.push({ type: 'end', partition: place, offset: 8 })
    expect(shown(await reader.poll(all))).toEqual(['records 7', 'end 8'])
    expect(inner.asked).toEqual(['start undefined'])
    expect(await reader.bounds(place)).toEqual({ first: 0, end: 1000 })
  })
})

describe('a reader at a pace', () => {
  function paced(perSecond: number) {
    const clock = new FakeClock()
    const inner = new ToldReader()
    return { clock, inner, reader: new PacedReader(inner, new Pace(perSecond, clock)) }
  }
  const run = (from: number, to: number): SourceEvent => {
    const stored = Array.from({ length: to - from }, (_, n) => ({ offset: from + n, timestamp: 1 }))
    return { type: 'records', records: recordsOf(stored) }
  }
  const end: SourceEvent = { type: 'end', partition: place, offset: 30 }

  test('gives so many a second, in order, and asks for no more meanwhile', async () => {
    const { clock, inner, reader } = paced(10)
    inner.next.push(run(0, 30), end)
    const perSecond: number[] = []
    const seen: number[] = []
    let ends = 0
    for (let second = 0; second < 4; second++) {
      let count = 0
      for (let step = 0; step < 10; step++) {
        for (const event of await reader.poll(all)) {
          if (event.type === 'end') ends = seen.length
          if (event.type !== 'records') continue
          count += event.records.count
          seen.push(...event.records.offsets)
          expect(event.records.bytes.toString()).toContain(`v${event.records.offsets[0]!}`)
        }
        clock.advance(100)
      }
      perSecond.push(count)
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => n))
    expect(perSecond).toEqual([10, 10, 10, 0])
    expect(ends).toBe(30)
    expect(inner.polls.slice(1, 25).every((bytes) => bytes === 0)).toBe(true)
  })

  test('what waits of a partition that is lost is never told; rebalances and problems do not wait', async () => {
    const { clock, inner, reader } = paced(1)
    inner.next.push(run(0, 30), end)
    expect(shown(await reader.poll(all))).toEqual(['records 0'])
    inner.next.push({ type: 'failed', error: new Error('x') }, { type: 'revoked', partitions: [place] })
    expect(shown(await reader.poll({ maxBytes: 0, waitMs: 0 }))).toEqual(['failed', 'revoked'])
    clock.advance(5000)
    expect(await reader.poll(all)).toEqual([])
  })

  test('a partition that is paused waits with what is there of it; others go on', async () => {
    const { clock, inner, reader } = paced(4)
    const other = { topic: 'orders', partition: 1 }
    inner.next.push(run(0, 4), { type: 'end', partition: other, offset: 9 })
    reader.pause(place)
    expect(shown(await reader.poll(all))).toEqual(['end 9'])
    reader.resume(place)
    clock.advance(1000)
    expect(shown(await reader.poll(all))).toEqual(['records 0'])
    expect(inner.asked).toEqual(['pause', 'resume'])
  })
})
