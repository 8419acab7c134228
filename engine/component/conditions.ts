import { z } from 'zod'
import { FieldPath, Scalar } from './fields.ts'

/** What may be asked of a value, by the name that it has in topologies. Null and absent are the same. */
const comparisons = {
  equals: (value: unknown, wanted: unknown) => plain(value) === wanted,
  not: (value: unknown, wanted: unknown) => plain(value) !== wanted,
  oneOf: (value: unknown, wanted: unknown) => (wanted as readonly unknown[]).includes(plain(value)),
  noneOf: (value: unknown, wanted: unknown) => !(wanted as readonly unknown[]).includes(plain(value)),
  exists: (value: unknown, wanted: unknown) => (plain(value) !== null) === wanted,
  atLeast: (value: unknown, wanted: unknown) => Number(number(value)) >= (wanted as number),
  below: (value: unknown, wanted: unknown) => Number(number(value)) < (wanted as number),
}

type Comparison = keyof typeof comparisons

/** Names of what may be asked of a value. */
export const comparisonNames = Object.keys(comparisons) as readonly Comparison[]

/** A test for values that holds where all that is asked does. */
export function testOf(asked: Partial<Readonly<Record<Comparison, unknown>>>): (value: unknown) => boolean {
  const given = comparisonNames.filter((name) => asked[name] !== undefined)
  return (value) => given.every((name) => comparisons[name](value, asked[name]))
}

const may = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  schema.optional().meta({ description })

/** A question about one field of a value, as topologies ask it: `{ field: status, oneOf: [PAID, CANCELLED] }`. */
export const Condition = z
  .strictObject({
    field: FieldPath.meta({ description: 'Field of the value that is looked at.', examples: ['status'] }),
    equals: may(Scalar, 'It has this value.'),
    not: may(Scalar, 'It has any other value.'),
    oneOf: may(z.array(Scalar).min(1), 'It has one of these values.'),
    noneOf: may(z.array(Scalar).min(1), 'It has none of these values.'),
    exists: may(z.boolean(), 'It is there and not null, or (`false`) is not.'),
    atLeast: may(z.number(), 'It is this number or more.'),
    below: may(z.number(), 'It is a smaller number.'),
  })
  .refine((given) => comparisonNames.some((name) => given[name] !== undefined), {
    error: `expected at least one of ${comparisonNames.join(', ')}`,
  })

/** What configured values compare with: null for absent, and numbers whatever their encoding. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : (value ?? null)
}

/** NaN, which no comparison holds for, where the value is no number. */
function number(value: unknown): number | bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? value : Number.NaN
}
