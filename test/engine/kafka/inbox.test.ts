import { beforeEach, describe, expect, test } from '@jest/globals'
import type { SourceEvent } from '../../../engine/component/contracts/reader.ts'
import { packRecords, plainRecord } from '../../../engine/component/packed-records.ts'
import { downstreamError } from '../../../engine/errors.ts'
import { Drives } from '../../../engine/kafka/drives.ts'
import { Holdings } from '../../../engine/kafka/holdings.ts'
import { Inbox, type Rebalance } from '../../../engine/kafka/inbox.ts'
import { rowsIn, sliceRows } from '../../../engine/kafka/rows.ts'

const enough = 1 << 20
let holdings: Holdings
let inbox: Inbox
let dropped: string[]

beforeEach(() => {
  holdings = new Holdings()
  dropped = []
  inbox = new Inbox({
    drives: new Drives([['driver', 'partner'], ['alone'], ['urgent']]),
    holdings,
    lost: (partners) => dropped.push(...partners.map(({ topic, partition }) => `${topic}/${partition}`)),
    isCritical: (topic) => topic === 'urgent',
  })
})

const at = (topic: string, partition = 0) => ({ topic, partition })

function rebalance(type: Rebalance['type'], rebalances: number, ...topics: string[]): void {
  const partitions = topics.map((topic) => at(topic))
  inbox.rebalance({ type, partitions, protocol: 'cooperative', rebalances }, rebalances * 10)
}

/** As `start` would. */
function begin(topic: string, tag: number): void {
  holdings.get(at(topic))!.tag = tag
}

/** Records with values of `size` bytes, as native/ packs them. */
function records(topic: string, tag: number, count: number, { size = 100, first = 0 } = {}): void {
  const rows = Array.from({ length: count }, () => ({
    key: null,
    value: Buffer.alloc(size),
    headers: [],
    timestamp: 1,
  }))
  inbox.data({ type: 'records', records: packRecords(topic, 0, rows, first), tag })
}

const told = (events: readonly SourceEvent[]): string[] =>
  events.map((event) => {
    if (event.type === 'records') {
      const { topic, offsets, count } = event.records
      return `${topic} ${offsets[0]}-${offsets[count - 1]}`
    }
    if (event.type === 'end' || event.type === 'passed')
      return `${event.partition.topic} ${event.type} ${event.offset}`
    if (event.type === 'failed') return 'failed'
    return `${event.type} ${event.partitions.map(({ topic }) => topic).join(' ')}`
  })

test('tells one rebalance at a time, as the last thing', () => {
  rebalance('assigned', 1, 'driver')
  inbox.fail(downstreamError('KAFKA_AWAY', 'gone'))
  rebalance('assigned', 2, 'alone')
  rebalance('lost', 3, 'driver')
  expect(told(inbox.take(enough))).toEqual(['assigned driver partner'])
  expect([inbox.told, inbox.hasRebalance]).toEqual([1, true])
  expect(told(inbox.take(enough))).toEqual(['failed', 'assigned alone'])
  expect(holdings.get(at('driver'))).toBeDefined()
  expect(told(inbox.take(enough))).toEqual(['lost driver partner'])
  expect([inbox.told, inbox.hasRebalance]).toEqual([3, false])
  expect(holdings.get(at('partner'))).toBeUndefined()
  expect(dropped).toEqual(['partner/0'])
  expect(inbox.take(enough)).toEqual([])
})

describe('of records', () => {
  beforeEach(() => {
    rebalance('assigned', 1, 'driver', 'alone')
    inbox.take(enough)
    begin('driver', 1)
    begin('alone', 2)
  })

  test('none are told where none are wanted, and news goes before them', () => {
    records('driver', 1, 3)
    expect(inbox.take(0)).toEqual([])
    rebalance('revoked', 2, 'alone')
    expect(told(inbox.take(enough))).toEqual(['revoked alone'])
    expect(told(inbox.take(enough))).toEqual(['driver 0-2'])
  })

  test('those are left out that are stale: not begun, begun anew, revoked, lost', () => {
    records('partner', 0, 1)
    records('driver', 7, 1)
    expect(told(inbox.take(enough))).toEqual([])
    records('driver', 1, 3)
    begin('driver', 3)
    records('driver', 3, 2, { first: 50 })
    expect(told(inbox.take(enough))).toEqual(['driver 50-51'])
    records('alone', 2, 1)
    rebalance('revoked', 2, 'alone')
    inbox.take(enough)
    expect(told(inbox.take(enough))).toEqual([])
    records('driver', 3, 1)
    rebalance('lost', 3, 'driver')
    rebalance('assigned', 4, 'driver')
    inbox.take(enough)
    inbox.take(enough)
    begin('driver', 4)
    expect(told(inbox.take(enough))).toEqual([])
  })

  test('those of a paused partition wait, with its ends', () => {
    holdings.get(at('driver'))!.paused = true
    records('driver', 1, 2)
    inbox.data({ type: 'end', partition: at('driver'), offset: 2, tag: 1 })
    records('alone', 2, 1)
    expect(told(inbox.take(enough))).toEqual(['alone 0-0'])
    holdings.get(at('driver'))!.paused = false
    expect(told(inbox.take(enough))).toEqual(['driver 0-1', 'driver end 2'])
  })

  test('about as many bytes are told as are wanted, in turns', () => {
    records('driver', 1, 10)
    records('driver', 1, 10, { first: 10 })
    records('alone', 2, 4)
    expect(told(inbox.take(600))).toEqual(['driver 0-2', 'alone 0-2'])
    expect(told(inbox.take(600))).toEqual(['driver 3-5', 'alone 3-3'])
    expect(told(inbox.take(1))).toEqual(['driver 6-6'])
    expect(told(inbox.take(enough))).toEqual(['driver 7-9', 'driver 10-19'])
    records('alone', 2, 1, { size: 5000 })
    expect(told(inbox.take(10))).toEqual(['alone 0-0'])
  })

  test('an end is told once, and again after records or elsewhere', () => {
    const end = (offset: number) => inbox.data({ type: 'end', partition: at('driver'), offset, tag: 1 })
    end(0)
    end(0)
    records('driver', 1, 1)
    end(1)
    end(2)
    expect(told(inbox.take(enough))).toEqual(['driver end 0', 'driver 0-0', 'driver end 1', 'driver end 2'])
  })

  test('what was passed over is told between the records before and behind it, and not when it is stale', () => {
    const passed = (offset: number, tag: number) =>
      inbox.data({ type: 'passed', partition: at('driver'), offset, tag })
    records('driver', 1, 3)
    passed(40, 1)
    passed(70, 7)
    records('driver', 1, 2, { first: 40 })
    expect(told(inbox.take(enough))).toEqual(['driver 0-2', 'driver passed 40', 'driver 40-41'])
  })

  test('another reader in the place of the first one: all is lost', () => {
    records('driver', 1, 1)
    rebalance('revoked', 2, 'alone')
    inbox.renew()
    expect(told(inbox.take(enough))).toEqual(['lost driver partner alone'])
    expect([...holdings.all]).toEqual([])
    expect(inbox.told).toBe(0)
  })
})

test('rows are cut out of a batch without a change', () => {
  const part = (byte: number, length: number) => Buffer.alloc(length, byte)
  const rows = [
    { key: null, value: null, headers: [], timestamp: 1 },
    { key: part(1, 3), value: part(2, 5), headers: [{ name: 'a', value: part(3, 2) }], timestamp: 2 },
    { key: part(4, 1), value: null, headers: [], timestamp: 3 },
    { key: null, value: part(5, 0), headers: [{ name: 'b', value: null }], timestamp: 4 },
    { key: part(6, 2), value: part(7, 9), headers: [], timestamp: 5 },
  ]
  const whole = packRecords('topic', 0, rows, 100)
  for (let from = 0; from <= rows.length; from++) {
    for (let to = from + 1; to <= rows.length; to++) {
      const slice = sliceRows(whole, from, to)
      expect(Array.from({ length: slice.count }, (_, row) => plainRecord(slice, row))).toEqual(
        rows.slice(from, to),
      )
      expect([...slice.offsets]).toEqual([...whole.offsets].slice(from, to))
      // And again out of what was cut out.
      expect(plainRecord(sliceRows(slice, slice.count - 1, slice.count), 0)).toEqual(rows[to - 1])
    }
  }
  const sizes = Array.from({ length: whole.bytes.length + 1 }, (_, bytes) => rowsIn(whole, bytes))
  expect(sizes[0]).toBeGreaterThanOrEqual(1)
  expect(sizes).toEqual(sizes.toSorted((one, other) => one - other))
  for (const [bytes, count] of sizes.entries())
    expect(sliceRows(whole, 0, count).bytes.length).toBeLessThanOrEqual(Math.max(bytes, 0))
  expect(sizes.at(-1)).toBe(rows.length)
})

test('critical records come first, by a size of their own', () => {
  rebalance('assigned', 1, 'alone', 'urgent')
  inbox.take(enough)
  begin('alone', 1)
  begin('urgent', 2)
  records('alone', 1, 20)
  records('urgent', 2, 20)
  expect(told(inbox.take(0, 1000))).toEqual(['urgent 0-9'])
  expect(told(inbox.take(1000, 0))).toEqual(['alone 0-9'])
  expect(told(inbox.take(500, enough))).toEqual(['urgent 10-19', 'alone 10-14'])
  expect(told(inbox.take(0, enough))).toEqual([])
})
