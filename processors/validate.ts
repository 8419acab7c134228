import { z } from 'zod'
import {
  defineProcessor,
  Duration,
  FieldPath,
  keep,
  permanentError,
  route,
  Scalar,
  valueAt,
} from '../engine/component/index.ts'

const types = {
  string: (value: unknown) => typeof value === 'string',
  number: (value: unknown) =>
    (typeof value === 'number' && !Number.isNaN(value)) || typeof value === 'bigint',
  integer: (value: unknown) => Number.isInteger(value) || typeof value === 'bigint',
  boolean: (value: unknown) => typeof value === 'boolean',
  array: (value: unknown) => Array.isArray(value),
  object: (value: unknown) =>
    typeof value === 'object' && !Array.isArray(value) && !ArrayBuffer.isView(value),
  bytes: (value: unknown) => ArrayBuffer.isView(value),
}
const typeNames = Object.keys(types) as (keyof typeof types)[]

const Pattern = z.string().refine(isPattern, { error: 'expected a regular expression' })

const may = <Schema extends z.ZodType>(schema: Schema, description: string, example: z.input<Schema>) =>
  schema.optional().meta({ description, examples: [example] })

const Rule = z.strictObject({
  optional: z.boolean().prefault(false).meta({ description: 'True where it may be absent or null.' }),
  type: may(z.enum(typeNames), 'What kind of value it must be.', 'string'),
  oneOf: may(z.array(Scalar).min(1), 'The only values allowed.', ['added', 'removed']),
  min: may(z.number(), 'The smallest number allowed.', 0),
  max: may(z.number(), 'The largest number allowed.', 100),
  minLength: may(z.int().min(0), 'The least length of a text or list.', 1),
  maxLength: may(z.int().min(0), 'The greatest length of a text or list.', 255),
  pattern: may(Pattern, 'A regular expression that the text must match.', '^[^@]+@[^@]+$'),
  notAfter: may(Duration, 'How far a time (milliseconds since 1970, or ISO text) may lie ahead.', '5m'),
})
type Rule = z.output<typeof Rule>

type Test = (value: unknown, now: number) => boolean
/** Answers the name of the first broken rule. */
type Check = (value: unknown, now: number) => string | undefined

export const validate = defineProcessor({
  name: 'validate',
  summary: 'Refuses records whose fields break a rule.',
  notes: `
A named field must be there and not null, unless it is \`optional\`; its other rules are then checked in the order of
their list. The first broken rule counts. With \`otherwise: fail\` the record is a permanent error RECORD_INVALID that
names field and rule, which the topology's \`errors\` parks or skips at once, without another try. With
\`otherwise: side\` it goes to the side output \`invalid\`, as it is. Fields that are not named are not looked at.
`,

  config: z.strictObject({
    fields: z.record(FieldPath, Rule).meta({
      description: 'Field: its rules. `{}` asks only that it is there.',
      examples: [{ eventId: { type: 'string', minLength: 1 }, timestamp: { notAfter: '5m' } }],
    }),
    otherwise: z.enum(['fail', 'side']).prefault('fail').meta({
      description: 'A record that breaks a rule: `fail` it, or send it to the `side` output `invalid`.',
    }),
  }),

  examples: [
    {
      title: 'Events without id, or of an unknown kind, aside',
      config: {
        fields: { eventId: { type: 'string', minLength: 1 }, action: { oneOf: ['added', 'removed'] } },
        otherwise: 'side',
      },
      input: [
        { eventId: 'a', action: 'added' },
        { eventId: '', action: 'added' },
        { eventId: 'b', action: 'exploded' },
        { action: 'removed' },
      ],
      output: [{ eventId: 'a', action: 'added' }],
      side: {
        invalid: [
          { eventId: '', action: 'added' },
          { eventId: 'b', action: 'exploded' },
          { action: 'removed' },
        ],
      },
    },
  ],

  outputs: ({ otherwise }) => (otherwise === 'side' ? ['invalid'] : []),
  reads: ({ fields }) => Object.keys(fields),

  create({ fields, otherwise }, { clock }) {
    const checks = Object.entries(fields).map(([field, rule]) => ({
      field,
      path: field.split('.'),
      check: checkOf(rule),
    }))
    const broken = (value: unknown) => {
      const now = clock.now()
      for (const { field, path, check } of checks) {
        const rule = check(valueAt(value, path) ?? null, now)
        if (rule !== undefined) return { field, rule, asks: fields[field]?.[rule as keyof Rule] }
      }
      return undefined
    }
    if (otherwise === 'side')
      return route(({ value }) => (broken(value) === undefined ? undefined : 'invalid'))
    return keep(({ value }) => {
      const problem = broken(value)
      if (problem !== undefined) throw invalid(problem.field, problem.rule, problem.asks)
      return true
    })
  },
})

function checkOf({ optional, ...rule }: Rule): Check {
  const { type, oneOf, min, max, minLength, maxLength, pattern, notAfter } = rule
  const expression = new RegExp(pattern ?? '', 'u')
  const tests: Record<keyof typeof rule, Test> = {
    type: (value) => type === undefined || types[type](value),
    oneOf: (value) => oneOf?.includes(typeof value === 'bigint' ? Number(value) : (value as string)) ?? true,
    min: (value) => Number(numberOf(value)) >= min!,
    max: (value) => Number(numberOf(value)) <= max!,
    minLength: (value) => lengthOf(value) >= minLength!,
    maxLength: (value) => lengthOf(value) <= maxLength!,
    pattern: (value) => typeof value === 'string' && expression.test(value),
    notAfter: (value, now) => timeOf(value) <= now + notAfter!,
  }
  const asked = (Object.keys(tests) as (keyof typeof rule)[]).filter((name) => rule[name] !== undefined)
  return (value, now) => {
    if (value === null) return optional ? undefined : 'required'
    return asked.find((name) => !tests[name](value, now))
  }
}

function numberOf(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'bigint' ? value : Number.NaN
}

/** NaN where there is no length, so that every comparison fails. */
function lengthOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : Number.NaN
}

function timeOf(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  return typeof value === 'string' ? Date.parse(value) : Number(value)
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp
  } catch {
    return false
  }
}

function invalid(field: string, rule: string, asks: unknown): Error {
  const what =
    rule === 'required' ? 'it is absent or null' : `it breaks the rule ${rule}: ${JSON.stringify(asks)}`
  return permanentError('RECORD_INVALID', `The field ${field} is not valid: ${what}.`, {
    facts: { field, rule },
  })
}
