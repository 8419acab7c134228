import {
  type BranchFunction,
  type Operator,
  recordError,
  route,
  type UserFunction,
  valueAt,
} from '../../engine/component/index.ts'

type Scalars = Readonly<
  Record<string, string | number | boolean | null | readonly (string | number | boolean | null)[]>
>

/** Records go where the value of the field is named for; `rest` gets the others. */
export function byField(field: string, to: Scalars, rest: string | undefined): Operator {
  const path = field.split('.')
  const outputs = new Map<unknown, string>()
  for (const [output, values] of Object.entries(to)) {
    for (const value of [values].flat()) {
      if (!outputs.has(value)) outputs.set(value, output)
    }
  }
  return route((record) => {
    const value = valueAt(record.value, path) ?? null
    return outputs.get(typeof value === 'bigint' ? Number(value) : value) ?? rest
  })
}

/** Records go where their type is named for; `rest` gets the others, and those that have none. Nothing is decoded. */
export function byType(
  schemas: Readonly<Record<string, string | readonly string[]>>,
  rest: string | undefined,
): Operator {
  const outputs = new Map(
    Object.entries(schemas).flatMap(([output, types]) => [types].flat().map((type) => [type, output])),
  )
  return route(({ type }) => (type === undefined ? undefined : outputs.get(type)) ?? rest)
}

/** What a function of the user's answers, if it is the name of an output; `rest` where it answers undefined. */
export function answering(
  call: UserFunction,
  outputs: readonly string[],
  rest: string | undefined,
): BranchFunction {
  const known = (answer: unknown): string | undefined => {
    if (answer === undefined) return rest
    if (typeof answer === 'string' && outputs.includes(answer)) return answer
    throw recordError(
      'PROCESSOR_FAILED',
      `The function of a branch answered ${JSON.stringify(answer)}, which is none of its outputs: ${outputs.join(', ')}.`,
    )
  }
  return (value, record) => {
    const answer = call(value, record)
    return answer instanceof Promise ? answer.then(known) : known(answer)
  }
}
