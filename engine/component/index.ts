// The door: all that a component's author needs, and all that `import … from 'millrace'` gives.
export { z } from 'zod'
export {
  defineProcessor,
  defineSink,
  defineSource,
  type ComponentDefinition,
  type Example,
  type ProcessorContext,
  type ProcessorDefinition,
  type Registry,
  type SinkDefinition,
  type SourceDefinition,
} from './define.ts'
export {
  ByteSize,
  Duration,
  FieldPath,
  FunctionFile,
  Instant,
  Scalar,
  SchemaName,
  SecretName,
  TableName,
  TopicName,
} from './fields.ts'
export { type Operator } from './operator.ts'
export {
  type BranchFunction,
  type FilterFunction,
  type FlatMapFunction,
  type MapFunction,
  type ProcessorResources,
  type UserFunction,
} from './resources.ts'
export { castBetween, type CastFile, type CastFunction } from './casts.ts'
export { majorOf, newestOf } from './majors.ts'
export { keyedHash } from './keyed-hash.ts'
export { castTypes, type CastsOf, type TypeCast } from './operators/cast-types.ts'
export { keep } from './operators/keep.ts'
export { mapValue } from './operators/map-value.ts'
export { mapValueAsync } from './operators/map-value-async.ts'
export { flatMap } from './operators/flat-map.ts'
export { flatMapAsync } from './operators/flat-map-async.ts'
export { keepAsync } from './operators/keep-async.ts'
export { route } from './operators/route.ts'
export { routeAsync } from './operators/route-async.ts'
export { distinct, type DistinctOptions } from './operators/distinct.ts'
export { joinTable, type JoinTableOptions } from './operators/join-table.ts'
export {
  aggregate,
  shownAggregate,
  type AggregateOptions,
  type FoldSpec,
  type WindowSpec,
} from './operators/aggregate.ts'
export { resequence, shownSequence, type ResequenceOptions } from './operators/resequence.ts'
export { schedule, shownTimer, type FieldTest, type ScheduleOptions } from './operators/schedule.ts'
export { comparisonNames, Condition, testOf } from './conditions.ts'
export { type ProjectedField } from './projection.ts'
export { RecordBatch } from './record-batch.ts'
export { WriteBatch } from './write-batch.ts'
export { writeEach } from './write-each.ts'
export { FieldAccess, valueAt, type StreamRecord } from './record-view.ts'
export { packRecords, plainRecord, type PackedRecords, type PlainRecord } from './packed-records.ts'
export { type Header } from './headers.ts'
export { type FieldReader, type ValueCodec, type ValueEncoder } from './codec.ts'
export { type Clock } from './contracts/clock.ts'
export { type Secret } from './contracts/secret.ts'
export {
  type FailedRow,
  type Log,
  type OutgoingBatch,
  type OutgoingRecord,
  type RecordPosition,
} from './contracts/log.ts'
export { packBatch, rowBytes, selectColumns, selectRows } from './outgoing.ts'
export { RecordPacker } from './record-packer.ts'
export {
  type PreparedWrite,
  type RowOutcome,
  type Schemas,
  type SinkContext,
  type SinkWriter,
  type WriteResult,
} from './contracts/sink.ts'
export { type CommittedPosition, type TopicPartition } from './contracts/position.ts'
export { type PollRequest, type SourceEvent, type SourceReader } from './contracts/reader.ts'
export { type SourceContext } from './contracts/source.ts'
export { type Lookup, type Row } from './contracts/lookup.ts'
export { type TableInfo, type TableOutcome, type TableRow, type Tables } from './contracts/tables.ts'
export {
  downstreamError,
  fatalError,
  MillraceError,
  permanentError,
  recordError,
  type ErrorCode,
  type ErrorKind,
} from '../errors.ts'
