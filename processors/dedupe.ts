import { z } from 'zod'
import { defineProcessor, distinct, Duration, FieldPath } from '../engine/component/index.ts'

export const dedupe = defineProcessor({
  name: 'dedupe',
  summary: 'Lets the first record of each id through and drops the later ones.',
  notes: `
## Guarantees
An id is known by the position that it came from. A record that is read again after a crash or a rebalance is
therefore processed again, never taken for a duplicate of itself. An id counts as seen only when its record is stored
(or parked), in the commit that covers the record; the id of a skipped or discarded record is free again.
A duplicate that arrives while its twin is under way waits for the twin's end and holds up nothing.

A record with a known id and another body is no duplicate but a conflict: it goes to the side output \`conflicts\`.
Bodies are compared by a 32-bit hash of the encoded value: one conflict in four thousand million is taken for a duplicate.

## Scope
Ids are known per partition of the source topic. The id must determine the record's key, so that both twins are in one
partition; lint says where that does not hold.

## Memory
About 48 bytes for each id within the window. \`window\` is stream time: choose the longest time after which a producer
still sends a record again (its delivery time-out, the age of its spool, how far a relay goes back).
`,

  config: z.strictObject({
    by: FieldPath.meta({ description: 'Field of the value that is the id.', examples: ['eventId'] }),
    window: Duration.meta({
      description: 'How long an id is remembered, in stream time.',
      examples: ['7d'],
    }),
  }),

  examples: [
    {
      title: 'A payment provider that sends a notification twice',
      config: { by: 'eventId', window: '7d' },
      input: [
        { eventId: 'a', key: 'k' },
        { eventId: 'a', key: 'k' },
        { eventId: 'b', key: 'k' },
      ],
      output: [
        { eventId: 'a', key: 'k' },
        { eventId: 'b', key: 'k' },
      ],
    },
    {
      title: 'The same id with another body is a conflict',
      config: { by: 'eventId', window: '7d' },
      input: [
        { eventId: 'a', amount: 10 },
        { eventId: 'a', amount: 99 },
      ],
      output: [{ eventId: 'a', amount: 10 }],
      side: { conflicts: [{ eventId: 'a', amount: 99 }] },
    },
  ],

  outputs: () => ['conflicts'],
  reads: ({ by }) => [by],
  stores: (_config, { node }) => [{ name: node, kind: 'ids' }],
  create: ({ by, window }) => distinct({ by, windowMs: window, conflicts: 'conflicts' }),
})
