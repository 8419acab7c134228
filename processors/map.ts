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
  valueAt,
} from '../engine/component/index.ts'

type Fields = Record<string, unknown>
type Step = (fields: Fields, original: unknown) => Fields

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
      return steps.reduce<Fields>((fields, step) => step(fields, value), { ...value })
    })
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

function stepsOf({
  copy = {},
  rename = {},
  set = {},
  default: missing = {},
  json = [],
  keep,
  drop = [],
}: z.output<typeof config>) {
  const steps: Step[] = []
  for (const from of Object.values(rename)) steps.push(without(from))
  for (const [to, from] of [...Object.entries(copy), ...Object.entries(rename)]) steps.push(copied(to, from))
  for (const [to, value] of Object.entries(set)) steps.push((fields) => put(fields, to.split('.'), value))
  for (const [to, value] of Object.entries(missing)) steps.push(defaulted(to, value))
  for (const field of json) steps.push(asJson(field))
  if (keep !== undefined) steps.push((fields) => picked(fields, keep))
  for (const field of drop) steps.push(without(field))
  return steps
}

function copied(to: string, from: string): Step {
  const [target, source] = [to.split('.'), from.split('.')]
  return (fields, original) => {
    const value = valueAt(original, source)
    return value === undefined ? fields : put(fields, target, value)
  }
}

function defaulted(to: string, value: unknown): Step {
  const path = to.split('.')
  return (fields) => ((valueAt(fields, path) ?? null) === null ? put(fields, path, value) : fields)
}

function asJson(field: string): Step {
  const path = field.split('.')
  return (fields) => {
    const value = valueAt(fields, path) ?? null
    return value === null ? fields : put(fields, path, JSON.stringify(value, jsonSafe))
  }
}

function without(field: string): Step {
  const path = field.split('.')
  return (fields) => (valueAt(fields, path) === undefined ? fields : remove(fields, path))
}

function picked(fields: Fields, keep: readonly string[]): Fields {
  return keep.reduce<Fields>((kept, field) => {
    const value = valueAt(fields, field.split('.'))
    return value === undefined ? kept : put(kept, field.split('.'), value)
  }, {})
}

/** Puts `value` at the path. `fields` is this step's own; what lies deeper is shared between branches, and copied. */
function put(fields: Fields, path: readonly string[], value: unknown, depth = 0): Fields {
  const name = path[depth]!
  fields[name] =
    depth === path.length - 1 ? value : put({ ...objectOr(fields[name]) }, path, value, depth + 1)
  return fields
}

function remove(fields: Fields, path: readonly string[], depth = 0): Fields {
  const name = path[depth]!
  if (depth === path.length - 1) delete fields[name]
  else fields[name] = remove({ ...objectOr(fields[name]) }, path, depth + 1)
  return fields
}

function objectOr(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function jsonSafe(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

function notAnObject(): Error {
  return permanentError('RECORD_INVALID', 'The value is not an object: map makes new values of fields.')
}
