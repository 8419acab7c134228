import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { groupRows, type GroupedRow, type RowGroup } from '../../../engine/cassandra/batches.ts'
import { ByteSink } from '../../../engine/cql/bytes.ts'

interface Given {
  readonly table: string
  readonly partition: string
  readonly orderKey: string | undefined
  readonly size: number
}

/** Rows as they are encoded: the partition, and something behind it. */
function encoded(given: readonly Given[]): { sink: ByteSink; rows: GroupedRow[] } {
  const sink = new ByteSink()
  const rows = given.map(({ table, partition, orderKey, size }, index) => {
    const start = sink.length
    sink.utf8(partition)
    const partitionEnd = sink.length
    sink.bytes(new Uint8Array(size))
    const statement = { table, text: `INSERT INTO ${table}` }
    return {
      statement,
      start,
      end: sink.length,
      partitionStart: start,
      partitionEnd,
      ttlAt: 0,
      index,
      orderKey,
    }
  })
  return { sink, rows }
}

/** Carries groups out in an order of chance, as far as they wait for each other. */
function carriedOut(groups: readonly RowGroup[], pick: (count: number) => number): number[] {
  const waits = new Map(groups.map((group) => [group, group.waits]))
  const ready = groups.filter(({ waits }) => waits === 0)
  const done: number[] = []
  while (ready.length > 0) {
    const [group] = ready.splice(pick(ready.length), 1)
    done.push(...group!.rows)
    for (const follower of group!.followers) {
      const left = waits.get(follower)! - 1
      waits.set(follower, left)
      if (left === 0) ready.push(follower)
    }
  }
  return done
}

const given = fc.record({
  table: fc.constantFrom('t', 'u'),
  partition: fc.constantFrom('p', 'q', 'r'),
  orderKey: fc.constantFrom('k1', 'k2', 'k3', undefined),
  size: fc.constantFrom(10, 10, 10, 20_000),
})

test('every row is in one group of its partition; groups never wait in a circle; keys keep their order', () => {
  const property = fc.property(
    fc.array(given, { maxLength: 40 }),
    fc.infiniteStream(fc.nat()),
    (all, chances) => {
      const { sink, rows } = encoded(all)
      const groups = groupRows(sink, rows)
      for (const group of groups) {
        const partitions = group.rows.map((index) => `${all[index]!.table} ${all[index]!.partition}`)
        expect(new Set(partitions).size).toBe(1)
        expect(group.rows).toEqual(group.rows.toSorted((one, other) => one - other))
        if (group.rows.length > 1) expect(group.bytes).toBeLessThanOrEqual(32 * 1024)
      }
      const done = carriedOut(groups, (count) => (chances.next().value as number) % count)
      expect(done.toSorted((one, other) => one - other)).toEqual(all.map((_, index) => index))
      for (const key of ['k1', 'k2', 'k3']) {
        const ofKey = done.filter((index) => all[index]!.orderKey === key)
        expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other))
      }
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('rows of one partition go together, also where keys take turns', () => {
  const all = Array.from({ length: 100 }, (_, n) => ({
    table: 't',
    partition: 'p',
    orderKey: `k${n % 3}`,
    size: 10,
  }))
  const { sink, rows } = encoded([...all, { ...all[0]!, partition: 'q' }])
  expect(groupRows(sink, rows).map((group) => group.rows.length)).toEqual([100, 1])
})

test('keys without order go at once, wherever their rows are', () => {
  const all = Array.from({ length: 9 }, (_, n) => ({
    table: 't',
    partition: `p${n}`,
    orderKey: undefined,
    size: 10,
  }))
  const { sink, rows } = encoded(all)
  expect(groupRows(sink, rows).map(({ waits }) => waits)).toEqual(all.map(() => 0))
})
