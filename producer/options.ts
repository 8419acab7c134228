import { z } from 'zod'
import { ByteSize, Duration } from '../engine/component/fields.ts'
import { fatalError } from '../engine/errors.ts'

const Bytes = z.union([z.number().int().positive(), ByteSize])
const Milliseconds = z.union([z.number().int().positive(), Duration])

const schema = z.strictObject({
  source: z.string().min(1),
  project: z.string().optional(),
  environment: z.string().optional(),
  store: z.string().optional(),
  limits: z
    .strictObject({
      records: z.number().int().positive().prefault(10_000),
      bytes: Bytes.prefault('32MiB'),
      whenFull: z.enum(['wait', 'refuse']).prefault('wait'),
      whenAway: z.enum(['wait', 'refuse']).prefault('wait'),
    })
    .prefault({}),
  spool: z.strictObject({ folder: z.string().min(1), bytes: Bytes.prefault('1GiB') }).optional(),
  awayAfter: Milliseconds.prefault('1s'),
  within: Milliseconds.optional(),
  onTrouble: z.custom<(sentence: string) => void>((value) => typeof value === 'function').optional(),
})

/** Settings of a producer. Sizes and durations are numbers of bytes and milliseconds, or text such as `32MiB` and `5s`. */
export interface ProducerOptions {
  /** Who writes: the field `source` of what it writes. */
  readonly source: string
  /** The project's folder: schemas/ and environments/ are in it (default: the nearest one upwards). */
  readonly project?: string
  /** The name of a file in environments/, or its path (default: MILLRACE_ENV). Without one, topics are in the embedded store. */
  readonly environment?: string
  /** The folder whose `.millrace/` holds the embedded store (default: the project's). */
  readonly store?: string
  readonly limits?: {
    /** Records that may wait in memory (10,000). As many calls again may wait for room; the next is refused. */
    readonly records?: number
    /** Bytes that may wait in memory (32 MiB). */
    readonly bytes?: number | string
    /** What a call does for which there is no room: it waits (the default), or is refused with PRODUCER_FULL. */
    readonly whenFull?: 'wait' | 'refuse'
    /** What a call does, without a spool, while the brokers are away: it waits (the default), or is refused with KAFKA_AWAY. */
    readonly whenAway?: 'wait' | 'refuse'
  }
  /** Where records wait on disk while the brokers are away, or memory is full. A folder serves one process. */
  readonly spool?: {
    readonly folder: string
    /** Bytes that may wait in it (1 GiB). */
    readonly bytes?: number | string
  }
  /** After so long without an acknowledgement the brokers count as away (1s). */
  readonly awayAfter?: number | string
  /** How long a call waits for its answer (default: for ever). The record goes on its way all the same. */
  readonly within?: number | string
  /** Is told of troubles that pass, a sentence each, each new one once. */
  readonly onTrouble?: (sentence: string) => void
}

/** The same, checked, with defaults. */
export type CheckedOptions = z.output<typeof schema>

/** @throws CONFIG_INVALID (fatal), naming each option that is wrong */
export function checkedOptions(options: ProducerOptions): CheckedOptions {
  const parsed = schema.safeParse(options)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter((part) => part !== '').join(': '),
  )
  throw fatalError('CONFIG_INVALID', `The options of the producer are wrong: ${problems.join('; ')}.`)
}
