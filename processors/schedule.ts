import { defineProcessor, schedule as atTheirTime, shownTimer, testOf } from '../engine/component/index.ts'
import { config } from './schedule/config.ts'

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
