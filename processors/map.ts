import { z } from 'zod'
import {
  defineProcessor,
  FieldPath,
  FunctionFile,
  mapValue,
  mapValueAsync,
  permanentError,
  recordError,
  type UserFunction,
} from '../engine/component/index.ts'
import { type Fields, pickedFields, stepsOf } from './map/steps.ts'

const fieldToField = z.record(FieldPath, FieldPath)
const fieldToConstant = z.record(FieldPath, z.json())

const may = <Schema extends z.ZodType>(schema: Schema, description: string, example: z.input<Schema>) =>
  schema.optional().meta({ description, examples: [example] })

const fields = z.strictObject({
  function: FunctionFile.optional().meta({
    description: 'A function of a file that makes the new value, instead of the steps below.',
  }),
  concurrency: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .meta({
      description: 'How many calls of `function` may wait at once, one for each key; 64 without this.',
      examples: [200],
    }),
  copy: may(fieldToField, 'New field: the field that its value is copied from.', { 'after.path': 'path' }),
  rename: may(fieldToField, 'New field: the field that is moved there, to or from any depth.', {
    userId: 'user.id',
  }),
  set: may(fieldToConstant, 'Field: the constant that it gets, whatever was there.', { source: 'git' }),
  default: may(fieldToConstant, 'Field: the constant that it gets where it is absent or null.', {
    currency: 'EUR',
  }),
  json: may(z.array(FieldPath), 'Fields whose value is written as JSON text; null stays null.', ['after']),
  keep: may(z.array(FieldPath).min(1), 'The only fields that stay.', ['eventId', 'userId']),
  drop: may(z.array(FieldPath), 'Fields that go.', ['password']),
})

const stepNames = ['copy', 'rename', 'set', 'default', 'json', 'keep', 'drop'] as const

const config = fields.superRefine((given, context) => {
  const steps = stepNames.filter((name) => given[name] !== undefined)
  const complain = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message })
  if (given.function !== undefined && steps.length > 0)
    complain(steps[0]!, 'expected either a function or steps, not both: use two nodes')
  if (given.function === undefined && given.concurrency !== undefined)
    complain('concurrency', 'expected only beside function')
})

export const map = defineProcessor({
  name: 'map',
  summary: 'Makes a new value by copying, renaming, setting and dropping fields, or by a function of a file.',
  notes: `
The steps run in this order: \`copy\`, \`rename\`, \`set\`, \`default\`, \`json\`, \`keep\`, \`drop\`. \`copy\` and \`rename\` read
the value as it came in, so that two fields can be exchanged; a field that is absent there is not made. Key, timestamp
and headers stay; a tombstone stays a tombstone. A value that is not an object is a permanent error.
There is no expression language. What the steps cannot say is a \`function\`: the default export of a TypeScript or
JavaScript file (or \`file.ts#name\`) that gets the value and the record, and answers the new value or a promise of it.
It is not called for tombstones; null makes one; undefined is an error. What it throws counts as any failure of the
record: it is tried again, and then parked. A record may come in again after a crash or a release: the function answers
the same then, and has no effects of its own. See docs/guide/processors.md.
`,
  config,

  examples: [
    {
      title: 'From nested to flat',
      config: { rename: { userId: 'user.id', amount: 'total.amount' }, drop: ['user', 'total'] },
      input: [{ id: 1, user: { id: 'u1', name: 'Ada' }, total: { amount: 5 } }],
      output: [{ id: 1, userId: 'u1', amount: 5 }],
    },
    {
      title: 'From a change in a repository to an audit event',
      config: {
        copy: { entityId: 'path', 'after.subject': 'subject' },
        set: { source: 'git' },
        default: { userId: 'unknown' },
        json: ['after'],
        keep: ['entityId', 'userId', 'source', 'after'],
      },
      input: [{ path: 'a.txt', subject: 'Begin', userId: null }],
      output: [{ entityId: 'a.txt', userId: 'unknown', source: 'git', after: '{"subject":"Begin"}' }],
    },
  ],

  reads: ({ copy, rename }) => [...Object.values(copy ?? {}), ...Object.values(rename ?? {})],

  functions: ({ function: file }) => ({ function: file }),

  create(given, context) {
    if (given.function !== undefined) return calling(context.functionOf('function'), given.concurrency)
    const steps = stepsOf(given)
    return mapValue((value) => {
      if (value === null) return null
      if (typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value)) throw notAnObject()
      return steps.reduce<Fields>((made, step) => step(made, value), { ...value })
    }, pickedFields(given))
  },
})

function calling(call: UserFunction, concurrency = 64) {
  return mapValueAsync(
    (value, record) => {
      if (value === null) return null
      const made = call(value, record)
      return made instanceof Promise ? made.then(notUndefined) : notUndefined(made)
    },
    { concurrency },
  )
}

function notUndefined(value: unknown): unknown {
  if (value !== undefined) return value
  throw recordError(
    'PROCESSOR_FAILED',
    'The function of a map returned undefined: return the new value, or null for a tombstone.',
  )
}

function notAnObject(): Error {
  return permanentError('RECORD_INVALID', 'The value is not an object: map makes new values of fields.')
}
