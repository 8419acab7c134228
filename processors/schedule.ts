import {
  Condition,
  defineProcessor,
  Duration,
  FieldPath,
  schedule as atTheirTime,
  shownTimer,
  testOf,
  z,
} from '../engine/component/index.ts'

const may = <Schema extends z.ZodType>(schema: Schema, description: string, ...examples: z.input<Schema>[]) =>
  schema.optional().meta({ description, ...(examples.length > 0 && { examples }) })

const config = z
  .strictObject({
    after: may(Duration, 'A timer is due so long after the event time of the record that sets it.', '30m'),
    at: may(
      FieldPath,
      'Or: the field of the record that says when. Null: the timer goes away.',
      'data.dueAt',
    ),
    every: may(
      Duration.refine((ms) => ms >= 1, 'expected at least 1ms'),
      'The timer is due again so long after each time, until it is taken away or was due `most` times.',
      '1d',
    ),
    most: may(z.int().min(1).max(1_000_000), 'With `every`: how often the timer is due in all.', 3),
    start: may(Condition, 'Which records set a timer. Without it: all that do not take one away.', {
      field: 'type',
      equals: 'OrderPlaced',
    }),
    cancel: may(Condition, 'Which records take their timer away.', {
      field: 'type',
      oneOf: ['OrderPaid', 'OrderCancelled'],
    }),
    id: may(
      FieldPath,
      'The field that tells the timers of a key apart. Without it each key has one timer.',
      'orderId',
    ),
    keep: z.enum(['first', 'last']).prefault('last').meta({
      description:
        'A record that sets a timer which is set already: `last` sets it anew, `first` leaves it as it is.',
    }),
    clock: z.enum(['event', 'wall']).prefault('event').meta({
      description:
        '`event`: time is what the records say. `wall`: it is that of the clock, as soon as all that there is has been read.',
    }),
    grace: Duration.prefault('0s').meta({
      description:
        'How long after it is due, in that time, a timer still waits for records that take it away.',
    }),
    idle: may(
      Duration,
      'With `clock: event`: without any record for so long, time goes on with the clock. If not given, it waits for records.',
      '1m',
    ),
    as: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
      .optional()
      .meta({
        description: 'A field that gets the time at which it was due, milliseconds since 1970.',
        examples: ['dueAt'],
      }),
  })
  .superRefine(({ after, at, every, most, clock, idle }, context) => {
    const wrong = (message: string, path: string[] = []): void =>
      context.addIssue({ code: 'custom', message, path })
    if ((after === undefined) === (at === undefined)) wrong('expected either after or at')
    if (every !== undefined && most === undefined)
      wrong(
        'every needs most: how often a timer is due, or what is never taken away would be sent for ever',
        ['every'],
      )
    if (every === undefined && most !== undefined)
      wrong('most is for every: without it a timer is due once', ['most'])
    if (clock === 'wall' && idle !== undefined)
      wrong('idle is for clock: event; the clock goes on by itself', ['idle'])
  })

export const schedule = defineProcessor({
  name: 'schedule',
  summary: 'Keeps records until they are due, and sends them then, unless another record takes them back.',
  notes: `
A record sets the timer of its key (with \`id\`: of its key and id). When the timer is due, the record comes out as it came,
with its key and headers, and with the due time as its timestamp. Until then a record for which \`cancel\` holds takes the timer
away, and one for which \`start\` holds sets it anew. \`cancel\` counts before \`start\`. A tombstone takes the timer of its key
away (with \`id\` it is dropped). Records without key, and those for which neither holds, are dropped and counted.

## Time
With \`clock: event\` time is the latest event time in the partition, whatever the key: timers are due by the records and their
order alone, in every run the same. If nothing comes in, time stands still, unless \`idle\` is given. A record takes a timer
away, or sets it anew, if its own event time is before the due time, and time has not come to the due time and \`grace\`.

With \`clock: wall\` time is that of the worker's clock as soon as all that there is in the partition has been read; before that
it goes with the records, never ahead of the clock. So a worker that was away for an hour reads what came meanwhile before it
calls anything overdue. While records are under way for long, since a sink is away, unread ones hold the clock up likewise.

With \`every: 1d\` and \`most: 3\` the timer is due again a day later, and once more after that, each time with its own due time.
A record that takes it away, or sets it anew, ends what is left of it, whether or not the times before have been sent.

A timer that is due already when it is set is sent at once. A released letter sets and takes away when it comes, and does not
move time.

## Guarantees
*Commit, then emit*: a record settles in the commit that holds its timer. A timer that is due by committed state is owed until
a sink has it: at least once, at most one commit after it was due by the time that counts. In an exactly-once topology what
topics get is in the commit that notes that it was sent. Where a later node refuses what is sent (after its attempts), it is no
letter: it stays owed, the log says so, and it is sent again at the next start (or when it is due the next time); with \`then: skip\` it is given up.
What is sent has no position: \`dedupe\` stands before this node, not behind it.

## Memory
Timers are in memory and in the changelog, decoded, until they are sent or taken away. Where more than 64 MiB are due in a
partition and no sink takes them, nothing more is read from it meanwhile.
`,
  config,

  examples: [
    {
      title: 'Orders that are not paid within half an hour',
      config: {
        after: '30m',
        start: { field: 'type', equals: 'OrderPlaced' },
        cancel: { field: 'type', equals: 'OrderPaid' },
        idle: '1m',
        as: 'dueAt',
      },
      input: [{ type: 'OrderPlaced' }, { type: 'OrderPaid' }],
      output: [],
    },
    {
      title: 'A reminder each day, three at most, until the invoice is paid',
      config: {
        after: '14d',
        every: '1d',
        most: 3,
        start: { field: 'type', equals: 'InvoiceSent' },
        cancel: { field: 'type', equals: 'InvoicePaid' },
        clock: 'wall',
        as: 'remindedAt',
      },
      input: [{ type: 'InvoiceSent' }, { type: 'InvoicePaid' }],
      output: [],
    },
    {
      title: 'Messages that are to be sent at a time of their own; one that is late goes at once',
      config: { at: 'sendAt', id: 'messageId' },
      input: [
        { messageId: 'm1', sendAt: '2020-01-01T00:00:00Z' },
        { messageId: 'm2', sendAt: null },
      ],
      output: [{ messageId: 'm1', sendAt: '2020-01-01T00:00:00Z' }],
    },
  ],

  reads: ({ at, id, start, cancel }) =>
    [at, id, start?.field, cancel?.field].filter((path) => path !== undefined),
  stores: (_config, { node }) => [{ name: node, kind: 'keyValue' }],
  shows: (_config, { key, value }) => shownTimer(key, value),
  commitsFirst: true,

  create: ({ after, at, every, most, start, cancel, id, keep, clock, grace, idle, as }) =>
    atTheirTime({
      due: at === undefined ? { after: after! } : { at },
      repeats: every === undefined ? undefined : { every, times: most! },
      starts: start === undefined ? undefined : { field: start.field, test: testOf(start) },
      cancels: cancel === undefined ? undefined : { field: cancel.field, test: testOf(cancel) },
      id,
      keep,
      clock,
      grace,
      idle: clock === 'wall' ? 0 : idle,
      as,
    }),
})
