import { encodeKey, writeKeyPart } from '../cql/keys.ts'
import { ByteSink } from '../cql/bytes.ts'
import { type Bound, type SelectStatement } from '../cql/parse-select.ts'
import {
  firstBucket,
  firstHead,
  PageFiller,
  resumedSelect,
  type FoundPage,
  type FoundRow,
  type ResumedSelect,
} from '../cql/merge-reads.ts'
import { type PageJob, type Parameters, valueOf } from '../cql/read-pages.ts'
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

/** Reads up to `count` rows behind a position. */
export function readRows(job: ReadJob): FoundPage {
  const filler = new PageFiller(job.count)
  for (const found of walk(job)) if (!filler.take(found)) break
  return filler.page
}

function* walk(job: ReadJob): Generator<FoundRow> {
  const { buckets, bucketParam, params, after } = job
  const start = firstBucket(buckets, after)
  for (let index = start; index < buckets.length; index++) {
    const bucket = buckets[index]!
    const bound = bucketParam === undefined ? params : { ...params, [bucketParam]: bucket }
    yield* mergeSelects(job, bound, bucket)
  }
}

function* mergeSelects(job: ReadJob, params: Parameters, bucket: string): Generator<FoundRow> {
  const reversed = job.selects[0]?.reversed === true
  const sources = job.selects.map((select, index) => liveRows(job, index, select, params, bucket))
  const heads = sources.map((source) => source.next().value)
  for (;;) {
    const first = firstHead(heads, reversed)
    if (first === undefined) return
    yield heads[first]!
    heads[first] = sources[first]!.next().value
  }
}

function* liveRows(
  { open, now, after }: ReadJob,
  index: number,
  select: SelectStatement,
  params: Parameters,
  bucket: string,
): Generator<FoundRow, undefined> {
  const { table, codec } = open[index]!
  const resumed = resumedSelect(after, bucket, index)
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
  { key, again }: ResumedSelect,
  reversed: boolean,
): KeyRange {
  const at = partition + key.toString('latin1')
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
