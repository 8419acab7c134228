import { z } from 'zod'
import {
  defineProcessor,
  FieldPath,
  flatMap,
  flatMapAsync,
  type FlatMapFunction,
  FunctionFile,
  permanentError,
  recordError,
  type UserFunction,
  valueAt,
} from '../engine/component/index.ts'

type Fields = Record<string, unknown>

const FieldName = z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a field, such as item')

const config = z
  .strictObject({
    each: FieldPath.optional().meta({
      description: 'The list that is taken apart: a record for each of its elements.',
      examples: ['items'],
    }),
    as: FieldName.optional().meta({
      description:
        'The field that the element becomes, beside the other fields of the value; without it, the whole value.',
      examples: ['item'],
    }),
    number: FieldName.optional().meta({
      description: 'A field that gets the number of the piece within its record, from 0.',
      examples: ['line'],
    }),
    function: FunctionFile.optional().meta({
      description: 'A function of a file that answers the pieces, instead of a list of the value.',
    }),
  })
  .superRefine((given, context) => {
    const complain = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', path, message })
    if ((given.each === undefined) === (given.function === undefined))
      complain('expected each (a list of the value), or a function')
    if (given.function !== undefined && given.as !== undefined) complain('expected only beside each', ['as'])
  })

export const flatMapProcessor = defineProcessor({
  name: 'flat-map',
  summary:
    'Makes several records of one: a record for each element of a list, or what a function of a file answers.',
  notes: `
Each piece keeps key, timestamp, headers **and position** (topic, partition, offset) of the record that it was made of,
so that pieces stay in the order of their key, and of the list within a record. The record is settled when all its
pieces are. An empty or absent list drops it, counted as \`empty\`, and so is a tombstone; what is there and no list is a
permanent error.

Pieces of one record share its position, so that the position tells no two of them apart: give them an id of their own
(\`number\` beside the id of the record, in the key of a table). A \`dedupe\` behind it knows ids by position and takes
equal ids within one record for a replay: put it before.

A \`function\` gets the value and the record, and answers the values of the pieces (any iterable), or a promise of them.
It answers the same pieces in the same order whenever the record comes in again. See docs/guide/processors.md.
`,
  config,

  examples: [
    {
      title: 'The lines of an order',
      config: { each: 'items', as: 'item', number: 'line' },
      input: [
        { id: 'o1', items: [{ sku: 'a' }, { sku: 'b' }] },
        { id: 'o2', items: [] },
      ],
      output: [
        { id: 'o1', item: { sku: 'a' }, line: 0 },
        { id: 'o1', item: { sku: 'b' }, line: 1 },
      ],
    },
    {
      title: 'The elements alone',
      config: { each: 'batch.events' },
      input: [{ batch: { events: [{ n: 1 }, { n: 2 }] } }],
      output: [{ n: 1 }, { n: 2 }],
    },
  ],

  reads: ({ each }) => (each === undefined ? [] : [each]),
  functions: ({ function: file }) => ({ function: file }),

  several: true,

  create({ each = '', as, number, function: file }, context) {
    if (file !== undefined) return flatMapAsync(answering(context.functionOf('function'), number))
    const path = each.split('.')
    return flatMap((value) => {
      const list = valueAt(value, path) ?? []
      if (!Array.isArray(list)) throw noList(each)
      const rest = as === undefined ? undefined : without(value as Fields, path)
      return list.map((element: unknown, n) =>
        numbered(rest === undefined ? element : { ...rest, [as!]: element }, n, number),
      )
    })
  },
})

function answering(call: UserFunction, number: string | undefined): FlatMapFunction {
  const pieces = (made: unknown): Iterable<unknown> => {
    if (typeof made !== 'object' || made === null || !(Symbol.iterator in made))
      throw recordError(
        'PROCESSOR_FAILED',
        'The function of a flat-map answered no list: return the values of the pieces, [] for none.',
      )
    return numberedEach(made as Iterable<unknown>, number)
  }
  return (value, record) => {
    if (value === null) return []
    const made = call(value, record)
    return made instanceof Promise ? made.then(pieces) : pieces(made)
  }
}

/** One by one: who takes them may have enough. */
function* numberedEach(made: Iterable<unknown>, number: string | undefined): Generator {
  let n = 0
  for (const value of made) yield numbered(defined(value), n++, number)
}

function defined(value: unknown): unknown {
  if (value !== undefined) return value
  throw recordError(
    'PROCESSOR_FAILED',
    'The function of a flat-map answered undefined as a piece: leave it out.',
  )
}

function numbered(value: unknown, n: number, field: string | undefined): unknown {
  if (field === undefined) return value
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value))
    return { ...value, [field]: n }
  throw permanentError(
    'RECORD_INVALID',
    `A piece cannot be given the field ${field}, since it is no object: name it with "as".`,
  )
}

/** The value without the list, so that no piece carries them all. */
function without(value: Fields, [name = '', ...rest]: readonly string[]): Fields {
  const copy = { ...value }
  if (rest.length === 0) delete copy[name]
  else copy[name] = without(copy[name] as Fields, rest)
  return copy
}

function noList(each: string): Error {
  return permanentError('RECORD_INVALID', `The field ${each} is no list, and cannot be taken apart.`)
}
