import { z } from 'zod'
import {
  castBetween,
  castTypes,
  defineProcessor,
  majorOf,
  SchemaName,
  type TypeCast,
} from '../engine/component/index.ts'

export const downcast = defineProcessor({
  name: 'downcast',
  summary:
    'Makes records of a newer MAJOR version records of an older one, for a topic of readers that stay with it.',
  notes: `
The way back from \`upcast\`: \`schemas/{topic}/OrderCreated.v1-v2.ts\` exports \`down(value)\` too. Records of other types,
and those that are of that MAJOR or an older one, pass as they are. What \`down\` returns is checked by the older schema where the
source lists it, and in any case by the sink that writes it. An error that \`down\` throws is permanent: the older MAJOR cannot
say what the newer one does.
`,
  config: z.strictObject({
    schema: z.union([SchemaName, z.array(SchemaName).min(1)]).meta({
      description: 'The record, or records, that the newer ones become.',
      examples: ['shop.orders.OrderCreated'],
    }),
  }),
  examples: [{ title: 'For those who know MAJOR 1 only', config: { schema: 'shop.orders.OrderCreated' } }],
  casts: true,
  create({ schema }, { casts }) {
    const targets = new Map([schema].flat().map((name) => [majorOf(name).family, name]))
    return castTypes((names, topic) => {
      const made = new Map<string, TypeCast>()
      for (const from of names) {
        const { family, major } = majorOf(from)
        const to = targets.get(family)
        if (to !== undefined && majorOf(to).major < major)
          made.set(from, { to, cast: castBetween(casts, { from, to, topic }) })
      }
      return made
    })
  },
})
