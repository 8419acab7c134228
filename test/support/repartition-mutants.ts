import type { Defect } from './mutant.ts'

const packer = 'sinks/topic/packer.ts'

/** Defects of repartitions. No storm has one: cases alone must show them. */
export const repartitionMutants: readonly Defect[] = [
  {
    name: 'records go through the topic under the key that they came with',
    file: 'engine/topology/through.ts',
    changes: [
      ['checked(topics.sink, { topic, key, ...values })', 'checked(topics.sink, { topic, ...values })'],
    ],
  },
  {
    name: 'records have the time at which they went through the topic',
    file: packer,
    changes: [['timestamp: batch.timestamp(i),', 'timestamp: Date.now(),']],
  },
  {
    name: 'headers do not go through the topic',
    file: packer,
    changes: [['const own = batch.headers(i).filter(', 'const own = batch.headers(i).slice(0, 0).filter(']],
  },
  {
    name: 'a record whose new key is null goes through the topic all the same',
    file: packer,
    changes: [["if (part === null || typeof part === 'object') {", "if (typeof part === 'function') {"]],
  },
  {
    name: 'what an exactly-once topology writes is there before the commit',
    file: 'engine/runtime/sink-stage.ts',
    changes: [['outbox === undefined || writer', 'outbox !== undefined || writer']],
  },
  {
    name: 'what is written of a record that is parked then stays in the commit',
    file: 'engine/runtime/outbox.ts',
    changes: [['if (run.isParked(row)) continue', '']],
  },
]
