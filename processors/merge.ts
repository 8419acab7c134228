import { z } from 'zod'
import { defineProcessor, Duration, keep } from '../engine/component/index.ts'

export const merge = defineProcessor({
  name: 'merge',
  summary: 'Lets the records of several sources through in the order of their event times.',
  notes: `
Any node may read several others (\`from: [a, b]\`), and gets their records as they come. A merge puts them into order: a
record waits until every other source has a later one to show, or has come to its end and brought nothing for \`wait\`. So two
topics that were written over a month are read again as they were written.

It is done where records come in, for each partition number: \`from\` names sources, at least two, whose topics have the same
number of partitions. All that reads these sources gets their records in this order.

## Order
Records of one partition keep their order, whatever their times. Where the times of each partition ascend, the merged ones
do, but for a record that comes in more than \`wait\` after its partition had come to its end: it goes on at once, behind
later ones, and is counted (\`millrace_records_out_of_order_total\`). A partition that has more to give is waited for however
long that takes. Of equal times the source that stands first in the file comes first. A time that is later than now counts as
now, and a record without a time that can be read goes with the one before it.

Behind the merge the order holds within a key, as everywhere. A record that is parked holds up the later ones of its key from
its own source; a letter that is released goes on at once. After a crash records come again from the committed offsets, and
the wait may end otherwise than the first time.

## Delay and memory
While one source has nothing, the records of the others are late by \`wait\`. Per partition about 1 MiB waits, then the source
that is ahead is read no further. What waits is in no commit, and holds up no rebalance: it is read again.
`,

  config: z.strictObject({
    wait: Duration.prefault('1s').meta({
      description: 'How long a partition that has come to its end is waited for.',
      examples: ['5s'],
    }),
  }),

  examples: [
    {
      title: 'Several sources, in the order of their event times',
      config: { wait: '5s' },
      input: [{ at: 1 }, { at: 2 }],
      output: [{ at: 1 }, { at: 2 }],
    },
  ],

  merges: ({ wait }) => ({ waitMs: wait }),
  // The runtime puts the records into order before they come in.
  create: () => keep(() => true),
})
