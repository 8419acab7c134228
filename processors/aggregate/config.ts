import { z } from 'zod'
import { Duration, FieldPath, type FoldSpec, type WindowSpec } from '../../engine/component/index.ts'

const kinds = ['tumbling', 'hopping', 'sliding', 'session'] as const
const functions = ['count', 'sum', 'min', 'max', 'avg', 'collect', 'distinct'] as const
const own = ['key', 'from', 'to', 'version']

const may = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  schema.optional().meta({ description })
const Length = Duration.refine((ms) => ms >= 1, 'expected at least 1ms')

const Window = z
  .strictObject({
    tumbling: may(Length, 'Windows of this length, one after the other, from the epoch on: [from, to).'),
    hopping: may(
      Length,
      'Windows of this length that begin every `every`, so that they overlap: [from, to).',
    ),
    every: may(Length, 'How often a hopping window begins.'),
    sliding: may(Length, 'Windows of records that are at most so long apart, both ends inclusive.'),
    session: may(
      Length,
      'A window lasts until nothing has come for so long; its ends are its first and last record.',
    ),
    grace: Duration.prefault('0s').meta({
      description: 'How long after its end, in stream time, a window still takes late records.',
    }),
    idle: may(
      Length,
      'Without any record for so long, stream time goes on with the clock. If not given, it waits for records.',
    ),
  })
  .superRefine((window, context) => {
    const given = kinds.filter((kind) => window[kind] !== undefined)
    const wrong = (message: string, field?: string): void =>
      context.addIssue({ code: 'custom', message, path: field === undefined ? [] : [field] })
    if (given.length !== 1) wrong('expected exactly one of tumbling, hopping, sliding and session')
    if ((window.hopping === undefined) !== (window.every === undefined)) {
      wrong('hopping and every go together')
    } else if ((window.every ?? 0) > (window.hopping ?? 0)) {
      wrong('every must not be longer than the window, or records would be in none', 'every')
    }
  })

const Fold = z
  .strictObject({
    count: may(FieldPath, 'Counts the records in which the field is there and not null.'),
    sum: may(FieldPath, 'The sum: exact for integers and for decimals as text.'),
    min: may(FieldPath, 'The least value: of numbers, decimals, times, or texts.'),
    max: may(FieldPath, 'The greatest value.'),
    avg: may(FieldPath, 'The mean, as a number of floating point.'),
    collect: may(FieldPath, 'The values, in the order in which they came.'),
    distinct: may(FieldPath, 'The values, each once, in the order in which they came first.'),
    most: may(z.int().min(1).max(100_000), 'The most values that are collected: 100 if not given.'),
    keep: may(
      z.enum(['first', 'last']),
      'Which values stay when there are more: the first ones if not given.',
    ),
  })
  .superRefine((fold, context) => {
    const given = functions.filter((name) => fold[name] !== undefined)
    if (given.length !== 1) {
      context.addIssue({ code: 'custom', message: `expected exactly one of ${functions.join(', ')}` })
    }
    const bounds = fold.most !== undefined || fold.keep !== undefined
    if (bounds && fold.collect === undefined && fold.distinct === undefined) {
      context.addIssue({ code: 'custom', message: 'most and keep are for collect and distinct' })
    }
  })

const Name = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
  .refine((name) => !own.includes(name), `${own.join(', ')} are there already`)

/** The fields of an aggregate in a topology. */
export const config = z
  .strictObject({
    window: may(Window, 'How records are put together by event time. Without it: all of a key, for ever.'),
    emit: z.enum(['update', 'close']).prefault('update').meta({
      description:
        '`update`: the newest value after each commit that changed it; `close`: one value of each window.',
    }),
    fields: z
      .record(Name, z.union([z.literal('count'), Fold]))
      .refine((fields) => Object.keys(fields).length > 0, 'expected at least one field')
      .meta({
        description: 'The fields of what is sent: `count`, or a function of a field.',
        examples: [{ orders: 'count', revenue: { sum: 'amount' } }],
      }),
  })
  .superRefine(({ window, emit }, context) => {
    if (emit !== 'close' || window !== undefined) return
    context.addIssue({ code: 'custom', path: ['emit'], message: 'without a window nothing is ever closed' })
  })

/** The windows that a checked config asks for. */
export function windowOf(window: z.output<typeof config>['window']): WindowSpec {
  if (window === undefined) return { kind: 'none' }
  const { tumbling, hopping, every, sliding, session, grace } = window
  if (session !== undefined) return { kind: 'session', gap: session, grace }
  if (sliding !== undefined) return { kind: 'sliding', size: sliding, grace }
  const size = (tumbling ?? hopping)!
  return { kind: 'hopping', size, every: every ?? size, grace }
}

/** The fold that a checked field asks for. */
export function specOf(field: 'count' | z.output<typeof Fold>): FoldSpec {
  if (field === 'count') return { fold: 'count', of: undefined }
  const { most = 100, keep = 'first' } = field
  const fold = functions.find((name) => field[name] !== undefined)!
  const of = field[fold]!
  return fold === 'collect' || fold === 'distinct' ? { fold, of, most, keep } : { fold, of }
}

/** The folds that checked fields ask for, by name. */
export function specsOf(fields: z.output<typeof config>['fields']): Record<string, FoldSpec> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, specOf(field)]))
}
