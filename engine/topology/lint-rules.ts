import type { LintRule } from './lint-rule.ts'
import { budgetMemory } from './lint-rules/budget-memory.ts'
import { dedupeMemory } from './lint-rules/dedupe-memory.ts'
import { dedupeScope } from './lint-rules/dedupe-scope.ts'
import { effectBeforeDedupe } from './lint-rules/effect-before-dedupe.ts'
import { emptyColumn } from './lint-rules/empty-column.ts'
import { enrichKey } from './lint-rules/enrich-key.ts'
import { eventTimeType } from './lint-rules/event-time-type.ts'
import { futureTime } from './lint-rules/future-time.ts'
import { keptTopics } from './lint-rules/kept-topics.ts'
import { latestExpires } from './lint-rules/latest-expires.ts'
import { longRetries } from './lint-rules/long-retries.ts'
import { missingCast } from './lint-rules/missing-cast.ts'
import { missingTime } from './lint-rules/missing-time.ts'
import { nothingExactlyOnce } from './lint-rules/nothing-exactly-once.ts'
import { otherTypeWritten } from './lint-rules/other-type-written.ts'
import { overwrittenRows } from './lint-rules/overwritten-rows.ts'
import { partitionsDiffer } from './lint-rules/partitions-differ.ts'
import { positionsPassedOver } from './lint-rules/positions-passed-over.ts'
import { recordTime } from './lint-rules/record-time.ts'
import { refusedTombstones } from './lint-rules/refused-tombstones.ts'
import { rekeyedOrder } from './lint-rules/rekeyed-order.ts'
import { repeatingSink } from './lint-rules/repeating-sink.ts'
import { retryOrder } from './lint-rules/retry-order.ts'
import { sharedName } from './lint-rules/shared-name.ts'
import { shortWindow } from './lint-rules/short-window.ts'
import { skipLoses } from './lint-rules/skip-loses.ts'
import { slowDrain } from './lint-rules/slow-drain.ts'
import { slowLookup } from './lint-rules/slow-lookup.ts'
import { standingTimers } from './lint-rules/standing-timers.ts'
import { tableForgets } from './lint-rules/table-forgets.ts'
import { tableKey } from './lint-rules/table-key.ts'
import { tableWrittenTwice } from './lint-rules/table-written-twice.ts'
import { topicLoop } from './lint-rules/topic-loop.ts'
import { topicReadTwice } from './lint-rules/topic-read-twice.ts'
import { typeNeverComes } from './lint-rules/type-never-comes.ts'
import { typesContradict } from './lint-rules/types-contradict.ts'
import { unknownField } from './lint-rules/unknown-field.ts'
import { unknownFirst } from './lint-rules/unknown-first.ts'
import { unknownSchema } from './lint-rules/unknown-schema.ts'
import { unknownTable } from './lint-rules/unknown-table.ts'
import { unreadConflicts } from './lint-rules/unread-conflicts.ts'
import { unreadOutput } from './lint-rules/unread-output.ts'
import { unstableHash } from './lint-rules/unstable-hash.ts'
import { workOnDuplicates } from './lint-rules/work-on-duplicates.ts'

/** Every rule, in the order of the codes. */
export const lintRules: readonly LintRule[] = [
  unknownSchema,
  unknownField,
  unknownTable,
  dedupeScope,
  tableKey,
  emptyColumn,
  enrichKey,
  dedupeMemory,
  shortWindow,
  effectBeforeDedupe,
  repeatingSink,
  recordTime,
  unreadOutput,
  unreadConflicts,
  tableWrittenTwice,
  partitionsDiffer,
  skipLoses,
  slowDrain,
  workOnDuplicates,
  topicLoop,
  eventTimeType,
  longRetries,
  unstableHash,
  topicReadTwice,
  positionsPassedOver,
  budgetMemory,
  retryOrder,
  keptTopics,
  slowLookup,
  latestExpires,
  missingTime,
  futureTime,
  nothingExactlyOnce,
  rekeyedOrder,
  overwrittenRows,
  sharedName,
  tableForgets,
  unknownFirst,
  standingTimers,
  refusedTombstones,
  typesContradict,
  typeNeverComes,
  otherTypeWritten,
  missingCast,
]
