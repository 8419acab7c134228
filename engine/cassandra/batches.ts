import type { ByteSink } from '../cql/bytes.ts'
import type { EncodedRow } from './values.ts'

/**
 * Rows of one partition that go to the nodes together, in their order: for them an unlogged batch is one change, made
 * as a whole. Over several partitions a batch would only give one node the work of all, so there are none.
 */
export interface RowGroup {
  /** Indices of the rows. */
  readonly rows: number[]
  bytes: number
  /** How many groups must be done before. */
  waits: number
  /** Groups that wait for this one. */
  readonly followers: RowGroup[]
  readonly level: number
}

/** Below what Cassandra (50 KiB) and Scylla warn of or refuse where they count batches of one partition too. */
const mostBytes = 32 * 1024
const mostRows = 100

/** A row that is to be sent. */
export interface GroupedRow extends EncodedRow {
  /** Of the write that it is part of. */
  readonly index: number
  readonly orderKey: string | undefined
}

/**
 * Puts rows into groups. Rows of one order key that are in different groups wait for each other, since a refused one
 * leaves the later ones untried; levels see to it that groups never wait in a circle. What different keys write, and
 * what one key writes into one partition, goes at once: cells are resolved by their timestamps, whichever comes first.
 */
export function groupRows(sink: ByteSink, rows: Iterable<GroupedRow>): RowGroup[] {
  const groups: RowGroup[] = []
  const open = new Map<string, RowGroup>()
  const latest = new Map<string, RowGroup>()
  for (const row of rows) {
    const partition = partitionOf(sink, row)
    const before = row.orderKey === undefined ? undefined : latest.get(row.orderKey)
    const bytes = row.end - row.start
    let group = open.get(partition)
    if (group === undefined || !mayJoin(group, before, bytes)) {
      group = {
        rows: [],
        bytes: 0,
        waits: 0,
        followers: [],
        level: before === undefined ? 0 : before.level + 1,
      }
      groups.push(group)
      open.set(partition, group)
    }
    group.rows.push(row.index)
    group.bytes += bytes
    if (before !== undefined && before !== group) {
      before.followers.push(group)
      group.waits++
    }
    if (row.orderKey !== undefined) latest.set(row.orderKey, group)
  }
  return groups
}

function mayJoin(group: RowGroup, before: RowGroup | undefined, bytes: number): boolean {
  if (group.rows.length >= mostRows || group.bytes + bytes > mostBytes) return false
  return before === undefined || before === group || before.level < group.level
}

/** Two tables may have the same key: their rows go apart, as each has a statement of its own. */
function partitionOf({ buffer }: ByteSink, { statement, partitionStart, partitionEnd }: EncodedRow): string {
  return statement.table + buffer.toString('latin1', partitionStart, partitionEnd)
}
