// Aggregates come to what Kafka Streams itself makes of the same records (its TopologyTestDriver).
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  startStreamsWitness,
  type StreamsWitness,
  type WitnessAnswer,
  type WitnessRecord,
  type WitnessSent,
  type WitnessWindow,
} from '../support/servers/streams-java.ts'
import { planOf, runBatches, windowSetting, type ReadRecord } from '../support/streams-runs.ts'

let streams: StreamsWitness
beforeAll(async () => {
  streams = await startStreamsWitness()
})
afterAll(() => streams.close())

const epoch = Date.parse('2026-01-01T00:00:00Z')
// Small, so that records often lie where a window begins or ends.
const length = fc.integer({ min: 1, max: 8 })
const grace = fc.integer({ min: 0, max: 5 })
const windows: Readonly<Record<WitnessWindow['kind'], fc.Arbitrary<WitnessWindow>>> = {
  none: fc.constant({ kind: 'none' }),
  hopping: fc.record({ one: length, other: length, grace }).map(({ one, other, grace: late }) => ({
    kind: 'hopping',
    size: Math.max(one, other),
    every: Math.min(one, other),
    grace: late,
  })),
  sliding: fc.record({ kind: fc.constant('sliding' as const), size: length, grace }),
  session: fc.record({ kind: fc.constant('session' as const), gap: length, grace }),
}

/** Records in batches: each batch is committed before the next one comes. */
interface Story {
  readonly records: readonly WitnessRecord[]
  /** Indexes of the records that end a batch. */
  readonly ends: readonly number[]
}

const stories = fc
  .array(
    fc.record({
      key: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom('a', 'b') },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      step: fc.integer({ min: -10, max: 8 }),
      amount: fc.option(fc.integer({ min: -1000, max: 1000 }), { freq: 10 }),
      last: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps): Story => {
    let time = epoch
    const records = steps.map(({ key, step, amount }, id) => {
      time = Math.max(epoch, time + step)
      return { key, time, value: { id, amount } }
    })
    const ends = steps.flatMap(({ last }, n) => (last || n === steps.length - 1 ? [n] : []))
    return { records, ends }
  })

/** Without the records for which we differ on purpose (docs/guide/kafka-streams.md): they lose their key. */
function comparable(window: WitnessWindow, story: Story): Story {
  if (window.kind === 'session') return withoutReopening(window, story)
  return window.kind === 'sliding' ? withoutHalfLate(window, story) : story
}

/** Without records that would touch a closed session. */
function withoutReopening({ gap, grace: late }: WitnessWindow & { kind: 'session' }, story: Story): Story {
  const sessions: { key: string; from: number; to: number }[] = []
  let now = 0
  const kept = story.records.map((record) => {
    const { key, time } = record
    if (key === null) return record
    now = Math.max(now, time)
    const near = sessions.filter((one) => one.key === key && one.from - gap <= time && time <= one.to + gap)
    if (near.some(({ to }) => to + gap + late < now)) return { ...record, key: null }
    if (near.length === 0 && time + gap + late < now) return record
    for (const one of near) sessions.splice(sessions.indexOf(one), 1)
    const times = [time, ...near.flatMap(({ from, to }) => [from, to])]
    sessions.push({ key, from: Math.min(...times), to: Math.max(...times) })
    return record
  })
  return { ...story, records: kept }
}

/** Without records that come when the window which they end is closed, and others that may hold them are not. */
function withoutHalfLate(window: WitnessWindow & { kind: 'sliding' }, story: Story): Story {
  let now = 0
  const kept = story.records.map((record) => {
    const { key, time } = record
    if (key === null) return record
    now = Math.max(now, time)
    const closed = (end: number): boolean => end + window.grace < now
    return closed(time) && !closed(time + window.size) ? { ...record, key: null } : record
  })
  return { ...story, records: kept }
}

const plans = new Map<string, ReturnType<typeof planOf>>()
function planFor(window: WitnessWindow, emit: 'update' | 'close'): ReturnType<typeof planOf> {
  const text = `name: compared
sources: { in: { type: topic, topic: in, format: json } }
processors:
  sums:
    type: aggregate
    from: in
    ${windowSetting(window).replace(/,$/, '')}
    emit: ${emit}
    fields: { n: count, amounts: { count: amount }, sum: { sum: amount }, min: { min: amount }, max: { max: amount },
      avg: { avg: amount }, list: { collect: amount }, set: { distinct: amount } }
sinks:
  out: { type: topic, from: sums, topic: out }
  ${window.kind === 'none' ? '' : 'late: { type: topic, from: sums.late, topic: late }'}
`
  const known = plans.get(text) ?? planOf(text)
  plans.set(text, known)
  return known
}

interface Result {
  readonly key: string
  readonly from?: number
  readonly to?: number
  readonly time: number
  readonly [field: string]: unknown
}

/** What we sent, as Kafka Streams would say it; how often a window was changed is how many records it has. */
function ownResult({ key, time, value }: ReadRecord): Result {
  const { key: name, from, to, version, ...fields } = value as Record<string, number> & { key: string }
  expect(name).toBe(key)
  expect(version).toBe(fields['n'])
  return { key: name, ...(from !== undefined && { from, to: to! }), time, ...fields }
}

/** What we sent of a session: its window is in the key. */
function ownSession({ key, time, value }: ReadRecord): Result {
  const {
    key: name,
    from,
    to,
  } = value as { readonly key: string; readonly from: number; readonly to: number }
  expect(key).toBe(`${name}/${from}/${to}`)
  return ownResult({ key: name, time, value })
}

function theirResult({ key, from, to, time, value }: WitnessSent): Result {
  return { key: key!, ...(from !== undefined && { from, to: to! }), time, ...value }
}

/** What Kafka Streams sent for each batch; of several changes of a key and window the last one, where we send updates. */
function theirBatches({ sent }: WitnessAnswer, ends: readonly number[], lastOnly: boolean): Result[][] {
  return ends.map((end, n) => {
    const begin = (ends[n - 1] ?? -1) + 1
    const results = sent.filter(({ at }) => at >= begin && at <= end).map(theirResult)
    if (!lastOnly) return sorted(results)
    return sorted([...new Map(results.map((result) => [nameOf(result), result])).values()])
  })
}

const nameOf = ({ key, from }: Result): string => `${key} ${String(from ?? 0).padStart(16)}`
const sorted = (results: readonly Result[]): Result[] =>
  results.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))

/** Records that count in no window: something of them was dropped, and no window has changed. */
function theirLate({ sent, dropped }: WitnessAnswer, { records }: Story): number[] {
  const changed = new Set(sent.map(({ at }) => at))
  return records.flatMap(({ key }, id) => (key !== null && dropped[id]! > 0 && !changed.has(id) ? [id] : []))
}

async function compare(
  window: WitnessWindow,
  emit: 'update' | 'suppress' | 'close',
  story: Story,
): Promise<void> {
  const { records, ends } = story
  const theirs = await streams.answer({ window, emit }, records)
  const batches = ends.map((end, n) => records.slice((ends[n - 1] ?? -1) + 1, end + 1))
  const plan = await planFor(window, emit === 'update' ? 'update' : 'close')
  const [out, late] = await runBatches(plan, batches, window.kind === 'none' ? ['out'] : ['out', 'late'])
  const expected = theirBatches(theirs, ends, emit === 'update')
  const own = out!.map(ownResult)
  let begin = 0
  const ours = expected.map(({ length: count }) => sorted(own.slice(begin, (begin += count))))
  expect([...ours, own.slice(begin)]).toEqual([...expected, []])
  const updates = emit === 'update' ? theirs : await streams.answer({ window, emit: 'update' }, records)
  const ownLate = (late ?? []).map(({ value }) => value!['id'])
  expect(ownLate).toEqual(theirLate(updates, story))
}

/** What readers have who keep the newest value of each window, and forget those with a tombstone. */
function tableOf(results: readonly (readonly [window: string, value: unknown])[]): Map<string, unknown> {
  const table = new Map<string, unknown>()
  for (const [window, value] of results) {
    if (value === null) table.delete(window)
    else table.set(window, value)
  }
  return new Map([...table].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

test('session windows, update: readers have the same sessions after each batch, with the same results', async () => {
  await fc.assert(
    fc.asyncProperty(windows.session, stories, async (window, random) => {
      const { records, ends } = comparable(window, random)
      const story = { records, ends }
      const theirs = await streams.answer({ window, emit: 'update' }, records)
      const batches = ends.map((end, n) => records.slice((ends[n - 1] ?? -1) + 1, end + 1))
      const plan = await planFor(window, 'update')
      for (const upTo of new Set([1, Math.ceil(batches.length / 2), batches.length])) {
        const [out, late] = await runBatches(plan, batches.slice(0, upTo), ['out', 'late'])
        const ours = out!.map((one) => [one.key!, one.value === null ? null : ownSession(one)] as const)
        const sent = theirs.sent.filter(({ at }) => at <= ends[upTo - 1]!)
        const wanted = sent.map((one) => [`${one.key}/${one.from}/${one.to}`, one.value && theirResult(one)])
        expect(tableOf(ours)).toEqual(tableOf(wanted as [string, unknown][]))
        // Nothing is taken back that was not sent, or twice.
        const open = new Set<string>()
        for (const [name, value] of ours) {
          if (value === null) expect(open.delete(name)).toBe(true)
          else open.add(name)
        }
        if (upTo < batches.length) continue
        expect((late ?? []).map(({ value }) => value!['id'])).toEqual(theirLate(theirs, story))
      }
    }),
    { numRuns: 40 },
  )
})

const modes = [
  ['none', 'update'],
  ['hopping', 'update'],
  ['hopping', 'suppress'],
  ['hopping', 'close'],
  ['sliding', 'update'],
  ['sliding', 'close'],
  ['session', 'close'],
] as const

test.each(modes)(
  '%s windows, %s: the same results at the same time, and the same records are late',
  async (kind, emit) => {
    await fc.assert(
      fc.asyncProperty(windows[kind], stories, async (window, story) => {
        await compare(window, emit, comparable(window, story))
      }),
      { numRuns: kind === 'session' ? 100 : 30 },
    )
  },
)
