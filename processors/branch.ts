import { z } from 'zod'
import { defineProcessor, FieldPath, route, Scalar, valueAt } from '../engine/component/index.ts'

const OutputName = z
  .string()
  .regex(
    /^[a-z][A-Za-z0-9-]*$/,
    'expected the name of an output: letters, digits and "-", a small letter first',
  )

export const branch = defineProcessor({
  name: 'branch',
  summary: 'Sends each record to the side output that is named for the value of a field.',
  notes: `
Nodes take a side output as \`from: {node}.{output}\`. What no output is named for goes to the side output that
\`default\` names; without one it stays on the main output. An absent field counts as null. Records are passed on as
they are, still encoded.
`,
  sideOnly: true,

  config: z.strictObject({
    field: FieldPath.meta({ description: 'Field of the value that decides.', examples: ['entityType'] }),
    to: z.record(OutputName, z.union([Scalar, z.array(Scalar).min(1)])).meta({
      description:
        'Name of an output: the value, or the values, that go there. The first that fits is taken.',
      examples: [{ carts: 'cart', orders: ['order', 'return'] }],
    }),
    default: OutputName.optional().meta({
      description: 'The output for all other records.',
      examples: ['rest'],
    }),
  }),

  examples: [
    {
      title: 'Carts, orders, and the rest',
      config: { field: 'type', to: { carts: 'cart', orders: ['order', 'return'] }, default: 'rest' },
      input: [{ type: 'cart' }, { type: 'return' }, { type: 'user' }, {}],
      output: [],
      side: { carts: [{ type: 'cart' }], orders: [{ type: 'return' }], rest: [{ type: 'user' }, {}] },
    },
    {
      title: 'Tests aside, the rest on the main output',
      config: { field: 'test', to: { tests: true } },
      input: [{ test: true }, { test: false }],
      output: [{ test: false }],
      side: { tests: [{ test: true }] },
    },
  ],

  outputs: ({ to, default: rest }) => [
    ...new Set([...Object.keys(to), ...(rest === undefined ? [] : [rest])]),
  ],
  reads: ({ field }) => [field],

  create({ field, to, default: rest }) {
    const path = field.split('.')
    const outputs = new Map<unknown, string>()
    for (const [output, values] of Object.entries(to)) {
      for (const value of Array.isArray(values) ? values : [values]) {
        if (!outputs.has(value)) outputs.set(value, output)
      }
    }
    return route((record) => {
      const value = valueAt(record.value, path) ?? null
      return outputs.get(typeof value === 'bigint' ? Number(value) : value) ?? rest
    })
  },
})
