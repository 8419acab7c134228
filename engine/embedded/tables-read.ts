import { encodeKey, writeKeyPart } from '../cql/keys.ts'
import { ByteSink } from '../cql/bytes.ts'
import { type Bound, type SelectStatement } from '../cql/parse-select.ts'
import { type LastRow, type PageJob, type Parameters, type RowValues, valueOf } from '../cql/read-pages.ts'
import { type CqlType } from '../cql/types.ts'
import { emptyRow, type TableCodec } from './tables-codec.ts'
import { afterPrefix, type EmbeddedTable, type KeyRange } from './tables-table.ts'

/** A table as reads need it. */
export interface OpenTable {
  readonly table: EmbeddedTable
  readonly codec: TableCodec
}

/** What is read: SELECTs whose rows are merged, over the buckets of a walk. */
export interface ReadJob extends Pick<
  PageJob,
  'selects' | 'params' | 'bucketParam' | 'buckets' | 'after' | 'count'
> {
  readonly open: readonly OpenTable[]
  /** The clock, in seconds. */
  readonly now: number
}

interface Found {
  readonly values: RowValues
  readonly bucket: string
  readonly select: number
  /** The clustering key's bytes, as a string. */
  readonly clustering: string
}

/** Reads up to `count` rows behind a position, and says where the last one stands if there are more. */
export function readRows(job: ReadJob): { rows: RowValues[]; last: LastRow | undefined } {
  const rows: RowValues[] = []
  let last: Found | undefined
  for (const found of walk(job)) {
    if (rows.length === job.count) {
      const { bucket, select, clustering } = last!
      return { rows, last: { bucket, select, key: Buffer.from(clustering, 'latin1') } }
    }
    rows.push(found.values)
    last = found
  }
  return { rows, last: undefined }
}

function* walk(job: ReadJob): Generator<Found> {
  const { buckets, bucketParam, params, after } = job
  const start = after === undefined ? 0 : Math.max(buckets.indexOf(after.bucket), 0)
  for (let index = start; index < buckets.length; index++) {
    const bucket = buckets[index]!
    const bound = bucketParam === undefined ? params : { ...params, [bucketParam]: bucket }
    const resumed = after !== undefined && after.bucket === bucket ? after : undefined
    yield* mergeSelects(job, bound, bucket, resumed)
  }
}

function* mergeSelects(
  job: ReadJob,
  params: Parameters,
  bucket: string,
  after: LastRow | undefined,
): Generator<Found> {
  const reversed = job.selects[0]?.reversed === true
  const sources = job.selects.map((select, index) => {
    // A row of an earlier SELECT with the same key has been returned already, one of a later SELECT has not.
    const resumed =
      after === undefined ? undefined : { key: after.key.toString('latin1'), again: index > after.select }
    return liveRows(job, index, select, params, bucket, resumed)
  })
  const heads = sources.map((source) => source.next().value)
  for (;;) {
    let first: number | undefined
    for (let index = 0; index < heads.length; index++) {
      const head = heads[index]
      if (head === undefined) continue
      const best = first === undefined ? undefined : heads[first]!.clustering
      if (best === undefined || (reversed ? head.clustering > best : head.clustering < best)) first = index
    }
    if (first === undefined) return
    yield heads[first]!
    heads[first] = sources[first]!.next().value
  }
}

function* liveRows(
  { open, now }: ReadJob,
  index: number,
  select: SelectStatement,
  params: Parameters,
  bucket: string,
  resumed: { readonly key: string; readonly again: boolean } | undefined,
): Generator<Found, undefined> {
  const { table, codec } = open[index]!
  const { partition, range } = rangeOf(select, params)
  const shadow = table.shadowOf(partition)
  const from = resumed === undefined ? range : resumeAt(range, partition, resumed, select.reversed)
  if (from.high !== undefined && from.low >= from.high) return undefined
  const empty = emptyRow(select.columns)
  codec.readPartition(Buffer.from(partition, 'latin1'), empty)
  for (const { key, row } of table.inPartition(partition, from, select.reversed)) {
    const values = { ...empty }
    if (!codec.readRow(row, now, shadow, values)) continue
    codec.readClustering(Buffer.from(key, 'latin1'), partition.length, values)
    yield { values, bucket, select: index, clustering: key.slice(partition.length) }
  }
  return undefined
}

function resumeAt(
  range: KeyRange,
  partition: string,
  { key, again }: { readonly key: string; readonly again: boolean },
  reversed: boolean,
): KeyRange {
  const at = partition + key
  const behind = `${at}\0`
  if (!reversed) {
    const low = again ? at : behind
    return { low: low > range.low ? low : range.low, high: range.high }
  }
  const high = again ? behind : at
  return { low: range.low, high: range.high === undefined || high < range.high ? high : range.high }
}

/** The partition and the range of keys that a SELECT reads. */
export function rangeOf(select: SelectStatement, params: Parameters): { partition: string; range: KeyRange } {
  const { table, prefix, lower, upper } = select
  const values = select.partition.map((operand, index) =>
    valueOf(operand, table.partitionKey[index]!.type, params),
  )
  const partition = encodeKey(table.partitionKey.map(({ type }) => type), values).toString('latin1') // prettier-ignore
  const types = table.clusteringKey.map(({ type }) => type)
  const fixed = prefix.map((operand, index) => valueOf(operand, types[index]!, params))
  const start = partition + encodeKey(types, fixed, table.clusteringOrder).toString('latin1')
  const column = prefix.length
  const type = types[column]
  if (type === undefined) return { partition, range: { low: start, high: afterPrefix(start) } }
  const descending = table.clusteringOrder[column] === 'DESC'
  const [first, last] = descending ? [upper, lower] : [lower, upper]
  const low = endOf(start, type, descending, first, params)
  const high = endOf(start, type, descending, last, params)
  return {
    partition,
    range: {
      low: low === undefined ? start : low.inclusive ? low.key : (afterPrefix(low.key) ?? low.key),
      high: high === undefined ? afterPrefix(start) : high.inclusive ? afterPrefix(high.key) : high.key,
    },
  }
}

function endOf(
  start: string,
  type: CqlType,
  descending: boolean,
  bound: Bound | undefined,
  params: Parameters,
): { key: string; inclusive: boolean } | undefined {
  if (bound === undefined) return undefined
  const sink = new ByteSink(64)
  writeKeyPart(sink, type, valueOf(bound.operand, type, params), descending)
  return { key: start + sink.copy().toString('latin1'), inclusive: bound.inclusive }
}
