import { z } from 'zod'
import {
  ByteSize,
  defineProcessor,
  Duration,
  FieldPath,
  resequence as inSequence,
  shownSequence,
} from '../engine/component/index.ts'

export const resequence = defineProcessor({
  name: 'resequence',
  summary: 'Brings the records of each key into the order of a number in them.',
  notes: `
The key is the record's, and the order that of the whole number in \`by\`. A record whose turn has come is sent on; one that
is ahead waits for those before it, at most \`within\`. Then the numbers that are missing are given up: the output \`gaps\`
gets \`key\` (as text), \`from\` and \`to\` (both inclusive), and what waited goes on. A record whose turn is over (its number was
sent, was given up, or waits already) goes to the output \`late\` as it came. Records without key and tombstones are dropped.

## Scope
One partition of one topic: a key lies in one of its partitions. Where records of a key come from several topics or
partitions, write them to a topic with that key first, and re-sequence what is read from there.

## Guarantees
*Commit, then emit*: a record settles in the commit that holds it. On the main output the numbers of a key ascend, also after
a crash, which may repeat the last ones from some number on; in an exactly-once topology what topics get is in the commit
that notes that it was sent. Where a later node refuses a record (after its attempts), it is no letter: it stays owed, and so
does all of its key behind it, until a record of the key comes or the worker starts again. With \`then: skip\` it is given up.
What is sent has key, time, headers and record type of its record, and the shape of the newest version, but no position: \`dedupe\` stands before this node, not behind it.

## Time
The wait is time of the worker's clock from when a record came; it goes on while no worker runs. A gap is given up at the
next commit after that.

## Memory
Records that wait, or that a sink does not take yet, are in memory and in the changelog, decoded: \`most\` of them for each
key, and about \`memory\` of them in a partition. Above that nothing more is read from the partition until a fifth of it is free
again; where nothing is on its way out, the gap that was waited for longest is given up. The next number of each key takes
about 150 bytes, for ever unless \`forget\` is given; a key that was forgotten begins anew.
`,

  config: z.strictObject({
    by: FieldPath.meta({ description: 'The field that holds the number.', examples: ['sessionSeq'] }),
    within: Duration.meta({
      description: 'How long a record waits for those before it.',
      examples: ['30s'],
    }),
    first: z
      .int()
      .optional()
      .meta({
        description:
          'The number that each key begins with. Without it a key begins with the lowest number that came within the wait.',
        examples: [1],
      }),
    most: z.int().min(1).max(100_000).prefault(1000).meta({
      description: 'So many records of a key wait at most: with one more, the first gap is given up at once.',
    }),
    memory: ByteSize.prefault('64MiB').meta({
      description: 'So many bytes of records wait at most in each partition.',
    }),
    forget: Duration.optional().meta({
      description: 'When nothing of a key came for so long, its next number is forgotten: it begins anew.',
      examples: ['30d'],
    }),
  }),

  examples: [
    {
      title: 'The events of a session, as the session numbered them',
      config: { by: 'n', within: '30s', first: 1 },
      input: [{ n: 2 }, { n: 1 }, { n: 3 }],
      output: [{ n: 1 }, { n: 2 }, { n: 3 }],
    },
    {
      title: 'What comes twice, or after its turn, goes aside',
      config: { by: 'n', within: '30s', first: 1 },
      input: [{ n: 1 }, { n: 2 }, { n: 2, again: true }, { n: 0 }],
      output: [{ n: 1 }, { n: 2 }],
      side: { late: [{ n: 2, again: true }, { n: 0 }] },
    },
  ],

  outputs: () => ['gaps', 'late'],
  reads: ({ by }) => [by],
  stores: (_config, { node }) => [{ name: node, kind: 'keyValue' }],
  shows: (_config, { key, value }) => shownSequence(key, value),
  commitsFirst: true,
  owes: () => ['gaps'],

  create: ({ within, ...options }) =>
    inSequence({
      ...options,
      withinMs: within,
      first: options.first,
      forget: options.forget,
      gaps: 'gaps',
      late: 'late',
    }),
})
