import { z } from 'zod'
import {
  comparisonNames,
  defineProcessor,
  FieldPath,
  type FilterFunction,
  FunctionFile,
  keep,
  keepAsync,
  recordError,
  Scalar,
  SchemaName,
  type StreamRecord,
  testOf,
  type UserFunction,
  valueAt,
} from '../engine/component/index.ts'

const may = <Schema extends z.ZodType>(schema: Schema, description: string, example: z.input<Schema>) =>
  schema.optional().meta({ description, examples: [example] })

const config = z
  .strictObject({
    schema: z
      .union([SchemaName, z.array(SchemaName).min(1)])
      .optional()
      .meta({
        description:
          'Keeps records of this type, or of one of these, as their source reads them: nodes behind it know their fields.',
        examples: ['shop.orders.OrderCreated'],
      }),
    field: may(FieldPath, 'Field of the value that is looked at.', 'status'),
    function: FunctionFile.optional().meta({
      description:
        'A function of a file that answers true for the records to keep, instead of a field and its tests.',
    }),
    equals: may(Scalar, 'Keeps records with this value.', 'PAID'),
    not: may(Scalar, 'Keeps records with any other value.', 'TEST'),
    oneOf: may(z.array(Scalar).min(1), 'Keeps records with one of these values.', ['PAID', 'SHIPPED']),
    noneOf: may(z.array(Scalar).min(1), 'Keeps records with none of these values.', ['TEST', 'DRAFT']),
    exists: may(
      z.boolean(),
      'Keeps records where the field is there and not null, or (`false`) is not.',
      true,
    ),
    atLeast: may(z.number(), 'Keeps records with this number or more.', 100),
    below: may(z.number(), 'Keeps records with a smaller number.', 1000),
    otherwise: z.enum(['drop', 'side']).prefault('drop').meta({
      description: 'What becomes of the others: `drop` them, or send them to the side output `rejected`.',
    }),
  })
  .superRefine((given, context) => {
    const complain = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', path, message })
    const asked = comparisonNames.filter((name) => given[name] !== undefined)
    const beside = given.field === undefined ? asked[0] : 'field'
    if (given.function !== undefined) {
      if (beside !== undefined)
        complain('expected either a function or a field, not both: use two nodes', [beside])
      if (given.schema !== undefined)
        complain('expected either a function or a schema, not both: use two nodes', ['schema'])
    } else if (given.field === undefined) {
      if (given.schema === undefined) complain('expected a field and its tests, a schema, or a function')
      else if (beside !== 'field' && beside !== undefined) complain('expected a field to test', [beside])
    } else if (asked.length === 0) complain(`expected at least one of ${comparisonNames.join(', ')}`)
  })

export const filter = defineProcessor({
  name: 'filter',
  summary:
    'Lets the records through that are of a type, whose field passes all the given tests, or that a function of a file keeps.',
  notes: `
An absent field counts as null. Numbers are equal by value, whatever their encoding; \`atLeast\` and \`below\` let
nothing through that is not a number. A record that is left out is settled, and counted as \`filtered\`.

With \`schema\`, the type of a record counts as its source read it, whatever nodes have made of the value since; after an
\`upcast\`, the one that it was raised to. It is told by the schema's id: nothing is decoded. A tombstone has no type.

A \`function\` gets the value (null for a tombstone) and the record, and answers true or false, or a promise of that;
anything else is an error of the record. It answers the same whenever the record comes in again, and has no effects of
its own. See docs/guide/processors.md.
`,
  config,

  examples: [
    {
      title: 'Only what is paid',
      config: { field: 'status', equals: 'PAID' },
      input: [{ status: 'PAID' }, { status: 'OPEN' }, {}],
      output: [{ status: 'PAID' }],
    },
    {
      title: 'Large orders to the main output, the others aside',
      config: { field: 'total.amount', atLeast: 100, otherwise: 'side' },
      input: [{ total: { amount: 250 } }, { total: { amount: 99 } }, { total: null }],
      output: [{ total: { amount: 250 } }],
      side: { rejected: [{ total: { amount: 99 } }, { total: null }] },
    },
  ],

  outputs: ({ otherwise }) => (otherwise === 'side' ? ['rejected'] : []),
  reads: ({ field }) => (field === undefined ? [] : [field]),
  functions: ({ function: file }) => ({ function: file }),

  create(given, context) {
    const options = given.otherwise === 'side' ? { otherwise: 'rejected' } : {}
    if (given.function !== undefined) return keepAsync(answering(context.functionOf('function')), options)
    const isOfType = typeTest(given.schema)
    if (given.field === undefined) return keep(isOfType, options)
    const path = given.field.split('.')
    const holds = testOf(given)
    return keep((record) => isOfType(record) && holds(valueAt(record.value, path)), options)
  },
})

function typeTest(schema: string | readonly string[] | undefined): (record: StreamRecord) => boolean {
  if (schema === undefined) return () => true
  const wanted = new Set<string | undefined>([schema].flat())
  return ({ type }) => wanted.has(type)
}

function answering(call: UserFunction): FilterFunction {
  return (value, record) => {
    const answer = call(value, record)
    return answer instanceof Promise ? answer.then(trueOrFalse) : trueOrFalse(answer)
  }
}

function trueOrFalse(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw recordError(
    'PROCESSOR_FAILED',
    'The function of a filter returned neither true nor false: return one of them.',
  )
}
