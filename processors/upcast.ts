import { z } from 'zod'
import {
  castBetween,
  castTypes,
  defineProcessor,
  newestOf,
  type TypeCast,
} from '../engine/component/index.ts'

export const upcast = defineProcessor({
  name: 'upcast',
  summary: 'Makes records of older MAJOR versions records of the newest one that their source reads.',
  notes: `
A record’s MAJOR is in its name: \`shop.orders.OrderCreated\` is the first, \`shop.orders.v2.OrderCreated\` the second. The
source lists both; \`schemas/{topic}/OrderCreated.v1-v2.ts\` exports \`up(value)\`, which makes a value of the second of one of
the first. Between MAJORs that are further apart, casts are put together. Types of which the source lists only one MAJOR pass as
they are; batches with nothing to be cast stay encoded.

What \`up\` returns is checked by the newer schema and gets its defaults. A value that does not fit, or an error that \`up\`
throws, is a permanent error of the record, which names the field: the same record would fail again. \`up\` is a pure function.
`,
  config: z.strictObject({}),
  examples: [{ title: 'All orders as the newest MAJOR has them', config: {} }],
  casts: true,
  create: (_config, { casts }) =>
    castTypes((names, topic) => {
      const made = new Map<string, TypeCast>()
      for (const [from, to] of newestOf(names))
        if (from !== to) made.set(from, { to, cast: castBetween(casts, { from, to, topic }) })
      return made
    }),
})
