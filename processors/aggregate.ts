import { aggregate as aggregateRecords, defineProcessor, shownAggregate } from '../engine/component/index.ts'
import { config, specOf, specsOf, windowOf } from './aggregate/config.ts'

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
A session that grows or joins another one is then another window: with \`emit: update\` the key of what a session sends is
\`key/from/to\`, and a window that is no more gets a tombstone.
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
  shows: ({ fields }, { key, value }) => shownAggregate(specsOf(fields), key, value),
  commitsFirst: true,

  create: ({ window, emit, fields }) =>
    aggregateRecords({
      window: windowOf(window),
      fields: specsOf(fields),
      emit,
      idle: window?.idle,
      late: 'late',
    }),
})
