import { z } from 'zod'
import { Duration, Instant, SchemaName, TableName, TopicName } from '../component/fields.ts'
import { points } from '../component/points.ts'
import { errorCodes } from '../errors.ts'

const Values = z.record(z.string(), z.unknown())
const Text = z.string().max(1_000_000)
const Times = z.int().min(1).max(1000).prefault(1)

const Name = z.string().min(1)

/** A key is bytes; in a case it is their text. */
const Key = z
  .union([z.string(), z.number(), z.null()])
  .transform((key) => (key === null ? null : String(key)))
  .optional()

/** As text, since YAML takes 1.10 for the number 1.1. */
const versionError = 'expected a version with its v, such as v1.0 (YAML takes 1.0 for a number)'
const Version = z
  .string(versionError)
  .regex(/^v?(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){0,2}$/, versionError)
  .transform((text) => text.replace(/^v/, '').replace(/^(\d+\.\d+)\.0$/, '$1'))

const Given = z
  .strictObject({
    source: Name.optional().meta({
      description: 'The source that reads it; not needed where there is only one.',
    }),
    topic: TopicName.optional().meta({
      description: 'The topic that it is written to; not needed where its source reads only one.',
    }),
    key: Key.meta({ description: 'Its key, as text; without it (or null) the record has none.' }),
    value: z
      .unknown()
      .optional()
      .meta({ description: 'Its value, as JSON of the schema; null is a tombstone.' }),
    like: z.string().optional().meta({
      description: 'A value of `values`, whose fields hold where `value` does not give them.',
    }),
    schema: SchemaName.optional().meta({
      description:
        'The record type of the value, where its source reads several; not needed where it fits only one of them.',
      examples: ['shop.orders.OrderCreated'],
    }),
    version: Version.optional().meta({
      description:
        'The version of the schema that the value is written with, as its file in `schemas/` is called; without it the newest one.',
      examples: ['v1.0'],
    }),
    text: Text.optional().meta({ description: 'Its value as text, however wrong, instead of `value`.' }),
    bytes: z
      .string()
      .regex(/^(0x)?([0-9a-fA-F]{2})*$/, 'expected bytes in hexadecimal digits, such as 0x00ff')
      .optional()
      .meta({ description: 'Its value as bytes, however wrong, instead of `value`.' }),
    headers: z.record(z.string(), z.string()).prefault({}).meta({ description: 'Its headers, as text.' }),
    at: z
      .union([Duration, Instant.transform((moment) => new Date(moment))])
      .optional()
      .meta({
        description:
          'When it is written: so long after `now`, or a time. A time that is over already is now. Without `timestamp` it is ' +
          'the timestamp too.',
        examples: ['30s'],
      }),
    timestamp: Instant.optional().meta({
      description: 'Its timestamp, where it is another than the time at which it is written.',
    }),
    partition: z.int().min(0).max(999).optional().meta({
      description: 'The partition it is written to; without it the key decides.',
    }),
    times: Times.meta({ description: 'So often is it written: a duplicate has a position of its own.' }),
  })
  .refine((given) => ['value', 'like', 'text', 'bytes'].some((name) => name in given), {
    error: 'expected a value (null for a tombstone), like, text or bytes',
  })
  .refine((given) => given.version === undefined || 'value' in given || 'like' in given, {
    path: ['version'],
    error: 'expected no version beside text or bytes, which are written as they are',
  })
  .meta({ description: 'A record that a source reads.' })

const Nth = z.int().min(1).max(100_000).prefault(1)

const PointName = z.enum(points)

const Crash = z.union([
  PointName.transform((at) => ({ at, nth: 1 })),
  z.strictObject({
    at: PointName.meta({ description: 'The point at which it dies.' }),
    nth: Nth.meta({ description: 'Which time that the point is reached.' }),
  }),
])

const Taken = z.strictObject({
  source: Name.optional(),
  partition: z.int().min(0).max(999).prefault(0),
  offset: z
    .int()
    .min(0)
    .meta({ description: 'It happens when this record was delivered, and is perhaps under way.' }),
})

const Commits = z.strictObject({
  outcome: z.enum(['aborted', 'unknown', 'lost', 'fenced']).meta({
    description:
      'How it ends. `aborted`: it had no effect. `unknown`: nobody can say. `lost`: it had no effect, since its partitions ' +
      'were given to another worker; they come back. `fenced`: another worker has taken over, and this one begins anew.',
  }),
  stored: z
    .boolean()
    .prefault(false)
    .meta({ description: 'For `unknown`: whether it took effect all the same.' }),
  nth: Nth.meta({ description: 'The first commit that it happens to.' }),
  times: Times.meta({ description: 'How many commits one after the other.' }),
})

const Writes = z.strictObject({
  to: Name.meta({ description: 'The table or topic that is written.' }),
  outcome: z.enum(['unavailable', 'refused']).prefault('unavailable').meta({
    description: '`unavailable`: it does not answer, all rows of the write; `refused`: the row itself fails.',
  }),
  stored: z
    .boolean()
    .prefault(false)
    .meta({ description: 'For `unavailable`: written all the same, only the answer is lost.' }),
  where: Values.optional().meta({
    description: 'Only writes with a row that has these values (of a table; with a topic, `key`).',
  }),
  times: Times.meta({ description: 'How many of these writes fail.' }),
})

const Registry = z.strictObject({
  away: Duration.meta({ description: 'For how long, from the beginning of the step.', examples: ['30s'] }),
})

const Hang = z.strictObject({
  node: Name.meta({ description: 'A processor whose function may take time, or a sink.' }),
  key: z.string().optional().meta({ description: 'Only calls with a record of this key.' }),
  times: Times.meta({ description: 'How many of these calls hang.' }),
})

const faultNames = ['crash', 'revoke', 'lose', 'commit', 'write', 'hang', 'registry'] as const

const Fault = z
  .strictObject({
    crash: Crash.optional().meta({
      description: 'The worker dies at a point, without any clean-up, and a new one goes on.',
    }),
    revoke: Taken.optional().meta({ description: 'A partition is asked back, and given again.' }),
    lose: Taken.optional().meta({
      description: 'A partition is taken away without notice, and given again.',
    }),
    commit: Commits.optional().meta({ description: 'Commits end otherwise than they should.' }),
    write: Writes.optional().meta({ description: 'Writes fail.' }),
    hang: Hang.optional().meta({
      description: 'A node never answers: its call is over when `errors.answerWithin` is.',
    }),
    registry: Registry.optional().meta({ description: 'The schema registry does not answer.' }),
  })
  .refine((fault) => faultNames.filter((name) => fault[name] !== undefined).length === 1, {
    error: `expected one of ${faultNames.join(', ')}`,
  })
  .meta({ description: 'Something that goes wrong, once.' })

const ExpectedRecord = z.strictObject({
  key: Key,
  value: z.unknown().optional().meta({ description: 'The fields that must be so; others may be anything.' }),
  headers: z.record(z.string(), z.string()).optional(),
  timestamp: Instant.optional(),
  partition: z.int().min(0).optional(),
})

const ExpectedLetter = z.strictObject({
  key: Key,
  topic: TopicName.optional().meta({ description: 'The topic that the record came from.' }),
  offset: z.int().min(0).optional(),
  node: Name.optional().meta({ description: 'The node that failed.' }),
  code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]).optional(),
  message: z.string().optional().meta({ description: 'A part of the sentence.' }),
  follower: z.boolean().optional().meta({ description: 'Whether it only waits behind one of its key.' }),
})

const ExpectedBreaker = z.strictObject({
  openings: z.int().min(0).optional().meta({ description: 'How often it opened, in all lives.' }),
  state: z.enum(['closed', 'half-open', 'open']).optional().meta({ description: 'What it is now.' }),
})

const ExpectedHalt = z.strictObject({
  topic: TopicName.optional(),
  partition: z.int().min(0).optional(),
  limit: z.enum(['keys', 'letters', 'bytes']).optional().meta({
    description: 'Which limit of `errors.parking` it halts at.',
  }),
})

/** The counts that a case may name, as `millrace run -o json` prints them. */
const countNames = [
  'consumed',
  'stored',
  'duplicates',
  'unlisted',
  'replays',
  'dropped',
  'deadLettered',
  'skipped',
  'released',
  'failedAgain',
  'discarded',
] as const

const count = z.int().min(0).optional()

const Counts = z.strictObject(
  Object.fromEntries(countNames.map((name) => [name, count])) as Record<
    (typeof countNames)[number],
    typeof count
  >,
)

const Expect = z
  .strictObject({
    topics: z
      .record(TopicName, z.array(ExpectedRecord))
      .prefault({})
      .meta({ description: 'All records of a topic, in order; fields that are not given may be anything.' }),
    tables: z.record(TableName, z.array(Values)).prefault({}).meta({
      description: 'All rows of a table, in any order; columns that are not given may be anything.',
    }),
    state: z
      .record(Name, z.array(Values))
      .prefault({})
      .meta({
        description:
          'All that a state store holds, in any order: of `dedupe` the position (`topic`, `partition`, `offset`) of each record ' +
          'whose id is known, of `aggregate` the fields of each key and window, as they would be sent. A store has the name of its node.',
      }),
    parked: z.array(ExpectedLetter).optional().meta({
      description: 'The letters that are open, in order. Without it there must be none.',
    }),
    deadLetters: z.array(ExpectedRecord).optional().meta({
      description: 'The records of the dead-letter topics, in order.',
    }),
    breakers: z.record(Name, ExpectedBreaker).prefault({}).meta({
      description: 'The circuit breakers of nodes, by name.',
    }),
    halted: z.array(ExpectedHalt).optional().meta({
      description: 'The partitions that halt since so much is parked. Without it there must be none.',
    }),
    printed: z.array(z.string()).optional().meta({ description: 'The lines of console sinks.' }),
    counts: Counts.prefault({}).meta({
      description: 'What became of the records, added up over the case and all lives of the worker.',
    }),
    repeats: z.boolean().prefault(false).meta({
      description: 'Whether a record of a topic may come again after it was there, as after a crash.',
    }),
    stops: z
      .enum(Object.keys(errorCodes) as [keyof typeof errorCodes])
      .optional()
      .meta({ description: 'The worker stops with this error code; without it, it must not stop.' }),
  })
  .prefault({})
  .meta({ description: 'What must be there when everything has come to rest.' })

const Moment = z.union([Duration, Instant.transform((moment) => new Date(moment))])

const Command = z
  .union([
    z.string().transform((key) => ({ key })),
    z.strictObject({
      key: z.string(),
      at: Moment.optional().meta({
        description: 'When, as of a record that is given; without it after all of them.',
      }),
    }),
  ])
  .transform((command): { readonly key: string; readonly at?: number | Date | undefined } => command)

const step = {
  after: Duration.optional().meta({ description: 'So much later than the step before.', examples: ['8d'] }),
  given: z.array(Given).prefault([]).meta({ description: 'The records that come in, in order.' }),
  release: z.array(Command).prefault([]).meta({ description: 'Keys whose letters are released.' }),
  discard: z.array(Command).prefault([]).meta({ description: 'Keys whose letters are discarded.' }),
  restart: z
    .boolean()
    .prefault(false)
    .meta({ description: 'The worker is stopped in order, and a new one begins.' }),
  faults: z.array(Fault).prefault([]).meta({ description: 'What goes wrong on the way.' }),
  expect: Expect,
}

const Step = z.strictObject(step)

const Case = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: 'What it shows, as a sentence.' }),
  now: Instant.optional().meta({ description: 'When it begins; without it as the file says.' }),
  partitions: z.int().min(1).max(64).prefault(1).meta({ description: 'Of each topic.' }),
  tables: z
    .record(TableName, z.array(Values))
    .prefault({})
    .meta({ description: 'Rows that are there before it begins.' }),
  ...step,
  then: z.array(Step).prefault([]).meta({ description: 'What happens next, step by step.' }),
})

/** A file of cases, `name.test.yaml` beside `name.yaml`. */
export const caseFileSchema = z
  .strictObject({
    topology: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'The topology, seen from this file; without it the one of the same name.' }),
    now: Instant.prefault('2026-01-01T00:00:00Z').meta({ description: 'When the cases begin.' }),
    values: z
      .record(z.string(), Values)
      .prefault({})
      .meta({ description: 'Values that records are `like`, by name.' }),
    cases: z.array(Case).min(1).meta({ description: 'The cases.' }),
  })
  .meta({ title: 'Test cases of a Millrace topology' })

export type CaseFile = z.output<typeof caseFileSchema>
export type TestCase = CaseFile['cases'][number]
export type CaseStep = Omit<TestCase, 'name' | 'now' | 'partitions' | 'tables' | 'then'>
export type GivenRecord = CaseStep['given'][number]
export type FaultScript = CaseStep['faults'][number]
export type Expectation = CaseStep['expect']
