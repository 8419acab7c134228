import { z } from 'zod'
import { ByteSize, Duration } from '../component/fields.ts'

const Backoff = z
  .strictObject({
    first: Duration.prefault('100ms').meta({ description: 'The first wait.' }),
    longest: Duration.prefault('30s').meta({
      description: 'The longest wait; waits double up to it, with full jitter.',
    }),
  })
  .refine(({ first, longest }) => first <= longest, {
    path: ['first'],
    error: 'the first wait is longer than the longest',
  })

const Flood = z
  .strictObject({
    share: z
      .number()
      .gt(0)
      .max(1)
      .prefault(0.5)
      .meta({ description: 'The share of failures, above 0, at most 1.' }),
    of: z
      .int()
      .min(10)
      .max(1_000_000)
      .prefault(1000)
      .meta({ description: 'Of how many records, the latest ones.' }),
  })
  .prefault({})
  .meta({ description: 'The task stops when more than `share` of the last `of` records failed.' })

const Breaker = z
  .strictObject({
    after: z.int().min(1).max(1000).prefault(5).meta({
      description: 'It opens after so many downstream failures in a row, of all tasks of the worker.',
    }),
  })
  .prefault({})
  .meta({
    description:
      'The circuit breaker of each node: while what is behind the node is away, the partitions that feed it pause, and one ' +
      'record at a time tries it.',
  })

const Parking = z
  .strictObject({
    keys: z
      .int()
      .min(1)
      .max(10_000_000)
      .prefault(10_000)
      .meta({ description: 'Keys with open letters; a letter without key counts as one.' }),
    letters: z
      .int()
      .min(1)
      .max(10_000_000)
      .prefault(100_000)
      .meta({ description: 'Open letters of one key.' }),
    bytes: ByteSize.refine((bytes) => bytes > 0, 'expected more than nothing')
      .prefault('1GiB')
      .meta({ description: 'Bytes of all open letters.' }),
  })
  .prefault({})
  .meta({
    description:
      'How much of a partition may be parked: at a limit nothing more is taken from it until letters are released or ' +
      'discarded. Nothing is dropped.',
  })

const attempts = z.int().min(1).max(1000)
const positive = Duration.refine((ms) => ms > 0, 'expected more than nothing')
const howOften = 'How often a record that failed is tried, the first time included, while its key waits.'
const howLong =
  'How long a record that failed is tried again, from its first failure on; if not given, `attempts` alone decide.'
const howSoon =
  'How long a call of a processor’s function or of a sink may take. After that it counts as failed, and what comes of it ' +
  'later is ignored.'

const Node = z
  .strictObject({
    attempts: attempts.exactOptional().meta({ description: howOften }),
    within: positive.exactOptional().meta({ description: howLong }),
    answerWithin: positive.exactOptional().meta({ description: howSoon }),
    backoff: Backoff.exactOptional().meta({ description: 'How long to wait between attempts.' }),
  })
  .meta({ description: 'What holds for this node; all else as for the topology.' })

/** The `errors` of a topology. */
export const Errors = z
  .strictObject({
    attempts: attempts.prefault(5).meta({ description: howOften }),
    within: positive.optional().meta({ description: howLong }),
    answerWithin: positive.prefault('5m').meta({ description: howSoon }),
    then: z
      .enum(['park', 'skip', 'halt'])
      .prefault('park')
      .meta({
        description:
          'After the last attempt: `park` the record and all that follow it in its key until someone releases them, ' +
          '`skip` it (it is lost), or `halt` the worker.',
      }),
    backoff: Backoff.prefault({}).meta({ description: 'How long to wait between attempts.' }),
    breaker: Breaker,
    parking: Parking,
    flood: Flood,
    nodes: z
      .record(z.string(), Node)
      .prefault({})
      .meta({ description: 'Other limits for single processors and sinks, by name.' }),
  })
  .prefault({})
  .meta({ description: 'What happens to records that fail.' })
