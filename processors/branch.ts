import { z } from 'zod'
import {
  defineProcessor,
  FieldPath,
  FunctionFile,
  routeAsync,
  Scalar,
  SchemaName,
} from '../engine/component/index.ts'
import { answering, byField, byType } from './branch/routes.ts'

const OutputName = z
  .string()
  .regex(
    /^[a-z][A-Za-z0-9-]*$/,
    'expected the name of an output: letters, digits and "-", a small letter first',
  )

const config = z
  .strictObject({
    field: FieldPath.optional().meta({
      description: 'Field of the value that decides.',
      examples: ['entityType'],
    }),
    to: z
      .record(OutputName, z.union([Scalar, z.array(Scalar).min(1)]))
      .optional()
      .meta({
        description:
          'Name of an output: the value, or the values, that go there. The first that fits is taken.',
        examples: [{ carts: 'cart', orders: ['order', 'return'] }],
      }),
    schemas: z
      .record(OutputName, z.union([SchemaName, z.array(SchemaName).min(1)]))
      .optional()
      .meta({
        description:
          'Name of an output: the type of the records, or the types, that go there, instead of a field and its values.',
        examples: [{ created: 'shop.orders.OrderCreated', ended: ['shop.orders.OrderCancelled'] }],
      }),
    function: FunctionFile.optional().meta({
      description:
        'A function of a file that answers the name of the output, instead of a field and its values.',
    }),
    outputs: z
      .array(OutputName)
      .min(1)
      .optional()
      .meta({
        description: 'The outputs that `function` may name.',
        examples: [['carts', 'orders']],
      }),
    default: OutputName.optional().meta({
      description: 'The output for all other records.',
      examples: ['rest'],
    }),
  })
  .superRefine((given, context) => {
    const both = (['field', 'to'] as const).filter((name) => given[name] !== undefined)
    const complain = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', path, message })
    if (given.schemas !== undefined) {
      const beside = given.function === undefined ? both[0] : 'function'
      if (beside !== undefined) complain('expected nothing else that decides beside schemas', [beside])
      const types = Object.values(given.schemas).flat()
      if (new Set(types).size < types.length) complain('expected each type once', ['schemas'])
    }
    if (given.function === undefined) {
      if (both.length < 2 && given.schemas === undefined)
        complain('expected field and to, schemas, or function and outputs')
      if (given.outputs !== undefined) complain('expected only beside function', ['outputs'])
    } else {
      if (both.length > 0) complain('expected either a function or a field, not both', [both[0]!])
      if (given.outputs === undefined) complain('expected outputs: the names that the function may answer')
    }
  })

export const branch = defineProcessor({
  name: 'branch',
  summary:
    'Sends each record to the side output that the value of a field, its type, or a function of a file names.',
  notes: `
Nodes take a side output as \`from: {node}.{output}\`. What no output is named for goes to the side output that
\`default\` names; without one it stays on the main output. An absent field counts as null. Records are passed on as
they are, still encoded.

With \`schemas\`, the type of a record counts as its source read it (see \`filter\`): nodes behind an output know the fields of
its types.

A \`function\` gets the value (null for a tombstone) and the record, and answers the name of an output, or undefined for
the \`default\`, or a promise of either. Another answer is an error of the record. It answers the same whenever the record
comes in again. See docs/guide/processors.md.
`,
  sideOnly: true,

  config,

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

  outputs: ({ to = {}, schemas = {}, outputs = [], default: rest }) => [
    ...new Set([
      ...Object.keys(to),
      ...Object.keys(schemas),
      ...outputs,
      ...(rest === undefined ? [] : [rest]),
    ]),
  ],
  reads: ({ field }) => (field === undefined ? [] : [field]),
  functions: ({ function: file }) => ({ function: file }),

  create({ field = '', to = {}, schemas, outputs = [], default: rest, function: file }, context) {
    if (file !== undefined) return routeAsync(answering(context.functionOf('function'), outputs, rest))
    return schemas === undefined ? byField(field, to, rest) : byType(schemas, rest)
  },
})
