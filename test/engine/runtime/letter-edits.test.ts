import { describe, expect, test } from '@jest/globals'
import { editedRecord } from '../../../engine/runtime/letter-edits.ts'
import { encodeEdit, type LetterEdit } from '../../../engine/runtime/letters.ts'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'

const topology = `
name: orders
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
  slow: { type: wait, from: unique }
sinks: { out: { type: effect, from: slow } }
errors: { attempts: 1, then: park, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

const bench = (): Bench => new Bench(1, topology, { partitions: 1 })
const bad: TestInput['fails'] = { slow: 1000 }
const k = (id: string, fails?: TestInput['fails']): TestInput => ({ id, key: 'k', ...(fails && { fails }) })

/** Puts another value in the place of a letter's. */
function edit(
  { cluster, parkedTopic }: Bench,
  letter: number,
  value: object | null,
  key: string | null = 'k',
): void {
  const what: LetterEdit = { letter, by: 'ada', at: cluster.clock.now(), reason: 'INC-42' }
  const bytes = value === null ? null : Buffer.from(JSON.stringify(value))
  const record = encodeEdit(what, key === null ? null : Buffer.from(key), bytes)
  cluster.topics.append([{ ...record, topic: parkedTopic, partition: 0 }])
}

/** What the sink got: id and original offset, in its order. */
const effects = ({ world }: Bench) => world.effects.map(({ id, offset }) => `${id}@${offset}`)

/** Letters that are open, by what is committed; and how far the parked partition is. */
const open = (one: Bench) => one.openLetters(0).map(({ entry }) => entry.info.offset)

describe('an edited letter', () => {
  test('is released as it was edited, in its place among its key, under its original position', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad), k('b'), k('c')])
      await one.toEnd()
      edit(one, 0, { id: 'a' })
      edit(one, 1, { id: 'b2' })
      await one.toEnd()
      expect([open(one), effects(one)]).toEqual([[0, 1, 2], []])
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect([open(one), effects(one)]).toEqual([[], ['a@0', 'b2@1', 'c@2']])
      // Letters, edits and command are through: nothing of them is read again.
      expect(one.cluster.commits.position('orders', { topic: one.parkedTopic, partition: 0 })?.offset).toBe(6)
    }))

  test('that fails again stays open as it was edited last, over lives', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      edit(one, 0, { id: 'a', fails: bad })
      one.command(0, 'k', 'release')
      expect(await one.toEnd()).toMatchObject({ failedAgain: 1 })
      expect([open(one), effects(one)]).toEqual([[0], []])
      edit(one, 0, { id: 'a', pad: 'last' })
      await one.toEnd()
      await one.toEnd()
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect([open(one), effects(one)]).toEqual([[], ['a@0']])
      expect(one.world.effects[0]!.value).toMatchObject({ pad: 'last' })
    }))

  test('may become a tombstone, which then is one', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      edit(one, 0, null)
      one.command(0, 'k', 'release')
      // It has no id: dedupe says so, and it stays where it is.
      expect(await one.toEnd()).toMatchObject({ failedAgain: 1 })
      expect(open(one)).toEqual([0])
    }))

  test('that is discarded frees its old id and its new one', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      edit(one, 0, { id: 'b', fails: bad })
      one.command(0, 'k', 'release')
      await one.toEnd()
      one.command(0, 'k', 'discard', [0])
      await one.toEnd()
      one.produce([k('a'), k('b'), k('a'), k('b')])
      expect(await one.toEnd()).toMatchObject({ duplicates: 2 })
      expect([open(one), effects(one)]).toEqual([[], ['a@1', 'b@2']])
    }))

  test('whose new id is known is a duplicate: it has no second effect, and is closed', () =>
    withBench(bench(), async (one) => {
      one.produce([{ id: 'b', key: 'k' }, k('a', bad)])
      await one.toEnd()
      edit(one, 0, { id: 'b' })
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect([open(one), effects(one)]).toEqual([[], ['b@0']])
    }))

  test('of a letter that is closed, or of none, is nothing', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      one.command(0, 'k', 'discard', [0])
      await one.toEnd()
      edit(one, 0, { id: 'a' })
      edit(one, 77, { id: 'a' })
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect([open(one), effects(one)]).toEqual([[], []])
      expect(one.cluster.commits.position('orders', { topic: one.parkedTopic, partition: 0 })?.offset).toBe(5)
    }))
})

test('an edited record says behind its own headers who edited it, when, why, and what it was', () => {
  const headers = [{ name: 'trace', value: Buffer.from('t-1') }]
  const record = { key: Buffer.from('k'), value: Buffer.from('old'), headers, timestamp: 5 }
  const what: LetterEdit = { letter: 3, by: 'ada', at: 0, reason: 'INC-42' }
  const edited = editedRecord(record, what, Buffer.from('new'), 'orders.in.parked/0@3')
  expect({ ...edited, headers: [] }).toEqual({ ...record, value: Buffer.from('new'), headers: [] })
  expect(edited.headers.map(({ name, value }) => [name, Buffer.from(value!).toString()])).toEqual([
    ['trace', 't-1'],
    ['millrace.edited.by', 'ada'],
    ['millrace.edited.at', '1970-01-01T00:00:00.000Z'],
    ['millrace.edited.from', 'orders.in.parked/0@3'],
    ['millrace.edited.reason', 'INC-42'],
  ])
})
