import { z } from 'zod'
import {
  aggregate as aggregateRecords,
  defineProcessor,
  Duration,
  FieldPath,
  type FoldSpec,
  type WindowSpec,
} from '../engine/component/index.ts'

const kinds = ['tumbling', 'hopping', 'sliding', 'session'] as const
const functions = ['count', 'sum', 'min', 'max', 'avg', 'collect', 'distinct'] as const
const own = ['key', 'from', 'to', 'version']

const may = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  schema.optional().meta({ description })
const Length = Duration.refine((ms) => ms >= 1, 'expected at least 1ms')

const Window = z
  .strictObject({
    tumbling: may(Length, 'Windows of this length, one after the other, from the epoch on: [from, to).'),
    hopping: may(
      Length,
      'Windows of this length that begin every `every`, so that they overlap: [from, to).',
    ),
    every: may(Length, 'How often a hopping window begins.'),
    sliding: may(Length, 'Windows of records that are at most so long apart, both ends inclusive.'),
    session: may(
      Length,
      'A window lasts until nothing has come for so long; its ends are its first and last record.',
    ),
    grace: Duration.prefault('0s').meta({
      description: 'How long after its end, in stream time, a window still takes late records.',
    }),
    idle: may(
      Length,
      'Without any record for so long, stream time goes on with the clock. If not given, it waits for records.',
    ),
  })
  .superRefine((window, context) => {
    const given = kinds.filter((kind) => window[kind] !== undefined)
    const wrong = (message: string, field?: string): void =>
      context.addIssue({ code: 'custom', message, path: field === undefined ? [] : [field] })
    if (given.length !== 1) wrong('expected exactly one of tumbling, hopping, sliding and session')
    if ((window.hopping === undefined) !== (window.every === undefined)) {
      wrong('hopping and every go together')
    } else if ((window.every ?? 0) > (window.hopping ?? 0)) {
      wrong('every must not be longer than the window, or records would be in none', 'every')
    }
  })

const Fold = z
  .strictObject({
    count: may(FieldPath, 'Counts the records in which the field is there and not null.'),
    sum: may(FieldPath, 'The sum: exact for integers and for decimals as text.'),
    min: may(FieldPath, 'The least value: of numbers, decimals, times, or texts.'),
    max: may(FieldPath, 'The greatest value.'),
    avg: may(FieldPath, 'The mean, as a number of floating point.'),
    collect: may(FieldPath, 'The values, in the order in which they came.'),
    distinct: may(FieldPath, 'The values, each once, in the order in which they came first.'),
    most: may(z.int().min(1).max(100_000), 'The most values that are collected: 100 if not given.'),
    keep: may(
      z.enum(['first', 'last']),
      'Which values stay when there are more: the first ones if not given.',
    ),
  })
  .superRefine((fold, context) => {
    const given = functions.filter((name) => fold[name] !== undefined)
    if (given.length !== 1) {
      context.addIssue({ code: 'custom', message: `expected exactly one of ${functions.join(', ')}` })
    }
    const bounds = fold.most !== undefined || fold.keep !== undefined
    if (bounds && fold.collect === undefined && fold.distinct === undefined) {
      context.addIssue({ code: 'custom', message: 'most and keep are for collect and distinct' })
    }
  })

const Name = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
  .refine((name) => !own.includes(name), `${own.join(', ')} are there already`)

const config = z
  .strictObject({
    window: may(Window, 'How records are put together by event time. Without it: all of a key, for ever.'),
    emit: z.enum(['update', 'close']).prefault('update').meta({
      description:
        '`update`: the newest value after each commit that changed it; `close`: one value of each window.',
    }),
    fields: z
      .record(Name, z.union([z.literal('count'), Fold]))
      .refine((fields) => Object.keys(fields).length > 0, 'expected at least one field')
      .meta({
        description: 'The fields of what is sent: `count`, or a function of a field.',
        examples: [{ orders: 'count', revenue: { sum: 'amount' } }],
      }),
  })
  .superRefine(({ window, emit }, context) => {
    const wrong = (message: string): void => context.addIssue({ code: 'custom', path: ['emit'], message })
    if (emit === 'close' && window === undefined) wrong('without a window nothing is ever closed')
    if (emit === 'update' && window?.session !== undefined) {
      wrong('sessions grow together, so that what was sent of them would not hold: expected close')
    }
  })

export const aggregate = defineProcessor({
  name: 'aggregate',
  summary: 'Counts, sums and collects the records of each key, by windows of event time or for ever.',
  notes: `
The key is the record's. What is sent has that key, and a value with \`key\` (as text), \`from\` and \`to\` of its window
(milliseconds since 1970), \`version\` (how often it was changed) and the \`fields\`; its timestamp is the latest event
time in it. Records without key and tombstones are dropped. Null and missing fields are passed over; a field of which
there is no value is null (a \`count\` 0, a list empty). Another type than a function takes is a permanent error.

## Guarantees
*Commit, then emit*: a record settles with its change of state, in one commit. What is sent follows from committed state
alone, and is owed until it is acknowledged: at least once, per key in the order of versions; a crash may repeat the last
one. With \`emit: update\` changes between two commits become one value. In an exactly-once topology what topics get is
in the commit that notes that it was sent: each version, and each closed window, at most once.
The state is that of a beginning of the partition, also after a crash: a record counts once. Where a later node cannot
take a value (after its attempts), it is no letter: it stays owed, the log says so, and it is sent again when its key
changes and at the next start; with \`then: skip\` it is given up, with \`then: halt\` the worker stops.

## Time
Stream time is the latest event time in the partition, whatever the key. A window [from, to) is closed when stream time
has come to \`to\` and the grace is over; a session or sliding window, whose end is inclusive, right after that. A record
all of whose windows are closed goes to the output \`late\`. In a partition without records windows stay open, unless
\`idle\` is given. Where a node before this one works asynchronously, records of several keys may overtake each other.
A released letter is applied when it comes: it does not move stream time, may be late, and counts once even where it
was counted before another node failed.

## Numbers
Sums of integers are exact: beyond 2^53 they are longs (text in JSON). Decimals (text, as Avro's decimals are) add up
exactly and stay text. Whatever has floating point in it is floating point.

## Memory
An entry for each key and open window, in memory and in the changelog; without a window, for each key for ever. Sliding
windows also remember the records of twice their length and the grace. Lists hold \`most\` values.
`,
  config,

  examples: [
    {
      title: 'Orders and revenue by customer, for ever',
      config: { fields: { orders: 'count', revenue: { sum: 'amount' } } },
      input: [{ amount: 10 }, { amount: 5 }, { amount: null }],
      output: [{ key: 'key', version: 3, orders: 3, revenue: 15 }],
    },
    {
      title: 'The newest value of each minute',
      config: {
        window: { tumbling: '1m' },
        fields: { largest: { max: 'amount' }, sizes: { distinct: 'size' } },
      },
      input: [
        { amount: 10, size: 'L' },
        { amount: 25, size: 'S' },
        { amount: 5, size: 'L' },
      ],
      output: [
        {
          key: 'key',
          from: 1_699_999_980_000,
          to: 1_700_000_040_000,
          version: 3,
          largest: 25,
          sizes: ['L', 'S'],
        },
      ],
    },
    {
      title: 'One value for each minute, when no record can change it any more: not yet',
      config: {
        window: { tumbling: '1m', grace: '30s', idle: '1m' },
        emit: 'close',
        fields: { orders: 'count', mean: { avg: 'amount' } },
      },
      input: [{ amount: 10 }],
      output: [],
    },
    {
      title: 'What was looked at within a visit that is not over',
      config: {
        window: { session: '10m' },
        emit: 'close',
        fields: { pages: { collect: 'page', most: 50, keep: 'last' }, users: { distinct: 'userId' } },
      },
      input: [{ page: '/', userId: 'ada' }],
      output: [],
    },
  ],

  outputs: ({ window }) => (window === undefined ? [] : ['late']),
  reads: ({ fields }) => Object.values(fields).flatMap((field) => specOf(field).of ?? []),
  stores: ({ emit }, { node }) => [
    { name: node, kind: 'keyValue' },
    ...(emit === 'update' ? ([{ name: `${node}.sent`, kind: 'keyValue' }] as const) : []),
  ],
  commitsFirst: true,

  create: ({ window, emit, fields }) =>
    aggregateRecords({
      window: windowOf(window),
      fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, specOf(field)])),
      emit,
      idle: window?.idle,
      late: 'late',
    }),
})

function windowOf(window: z.output<typeof config>['window']): WindowSpec {
  if (window === undefined) return { kind: 'none' }
  const { tumbling, hopping, every, sliding, session, grace } = window
  if (session !== undefined) return { kind: 'session', gap: session, grace }
  if (sliding !== undefined) return { kind: 'sliding', size: sliding, grace }
  const size = (tumbling ?? hopping)!
  return { kind: 'hopping', size, every: every ?? size, grace }
}

function specOf(field: 'count' | z.output<typeof Fold>): FoldSpec {
  if (field === 'count') return { fold: 'count', of: undefined }
  const { most = 100, keep = 'first' } = field
  const fold = functions.find((name) => field[name] !== undefined)!
  const of = field[fold]!
  return fold === 'collect' || fold === 'distinct' ? { fold, of, most, keep } : { fold, of }
}
