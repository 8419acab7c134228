import { MillraceError, permanentError } from '../errors.ts'
import { nearest } from './schema.ts'
import { cqlError } from './tokens.ts'
import type { Position } from './tokens.ts'
import { scalarKinds } from './types.ts'
import type { CqlType, CqlValue } from './types.ts'
import { timestampOf, timeText } from './value-forms.ts'
import { toCqlValue } from './values.ts'

/** One parameter of a named read. */
export interface ReadParameter {
  readonly name: string
  readonly type: CqlType
  /** What it is where it is not given, as written: a value, or `now`, `now-30d`. */
  readonly otherwise: string | undefined
  readonly description: string
  readonly position: Position
}

const parameterForm = /^param\s+([a-z]\w*)\s+([a-z]+)(?:\s*=\s*(\S+))?(?:\s+(.*))?$/i
const relativeForm = /^now(?:([+-])(\d{1,6})(ms|s|m|h|d|y))?$/
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 31_557_600_000,
}

/** Reads `param name type [= default]  description`. Throws CQL_SYNTAX, also for a default that is no such value. */
export function parseParameter(text: string, position: Position): ReadParameter {
  const [, name = '', written = '', otherwise, description = ''] = parameterForm.exec(text) ?? []
  const spelt = written.toLowerCase() === 'varchar' ? 'text' : written.toLowerCase()
  const kind = scalarKinds.find((one) => one === spelt)
  if (kind === undefined) {
    throw cqlError(
      'CQL_SYNTAX',
      position,
      `"${text}" does not describe a parameter: write "param name type  what it is", the type one of ${scalarKinds.join(', ')}.`,
    )
  }
  const parameter: ReadParameter = { name, type: { kind }, otherwise, description, position }
  if (otherwise !== undefined) {
    try {
      parameterValue(parameter, otherwise, 0)
    } catch (error) {
      if (error instanceof MillraceError) throw cqlError('CQL_SYNTAX', position, error.message)
      throw error
    }
  }
  return parameter
}

/**
 * The values of a read's parameters, from text (the command line) or JSON values; `now` is the clock in ms. Defaults fill
 * what is missing. Throws QUERY_REFUSED for an unknown, missing or unfitting one.
 */
export function bindParameters(
  params: readonly ReadParameter[],
  given: Readonly<Record<string, unknown>>,
  now: number,
): Record<string, CqlValue> {
  const names = params.map(({ name }) => name)
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const near = nearest(name, names)
    const hint = near === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean ${near}?`
    throw permanentError('QUERY_REFUSED', `The read has no parameter "${name}": ${hint}`)
  }
  const bound: Record<string, CqlValue> = {}
  for (const parameter of params) {
    const value = given[parameter.name] ?? parameter.otherwise
    if (value === undefined) {
      throw permanentError(
        'QUERY_REFUSED',
        `The parameter ${parameter.name} (${parameter.description || parameter.type.kind}) is missing: give ${parameter.name}=….`,
      )
    }
    bound[parameter.name] = parameterValue(parameter, value, now)
  }
  return bound
}

function parameterValue({ name, type }: ReadParameter, given: unknown, now: number): CqlValue {
  const value = typeof given === 'string' ? fromText(type, given, now) : given
  try {
    return toCqlValue(type, value, name) as CqlValue
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const sentence = error.message.replace(/: correct the record.*$/, ': correct the parameter.')
    throw permanentError('QUERY_REFUSED', sentence, { facts: error.facts })
  }
}

/** Text that stands for a value that is no text: numbers, true and false, and times relative to now. */
function fromText(type: CqlType, text: string, now: number): unknown {
  switch (type.kind) {
    case 'int':
    case 'smallint':
    case 'tinyint':
    case 'double':
    case 'float':
      return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'timestamp':
      return relativeTime(text, now) ?? (/^-?\d{5,16}$/.test(text) ? Number(text) : text)
    default:
      return text
  }
}

function relativeTime(text: string, now: number): number | undefined {
  const found = relativeForm.exec(text)
  if (found === null) return undefined
  const distance = Number(found[2] ?? 0) * (unitMs[found[3] ?? 'ms'] ?? 1)
  return timestampOf(found[1] === '-' ? now - distance : now + distance)
}

/**
 * A canonical value as JSON can hold it: timestamps as ISO 8601, times of day as text, integers beyond 2^53 as text,
 * blobs as 0x…, maps as objects, NaN and the infinities as text.
 */
export function plainValue(type: CqlType, value: CqlValue | null): unknown {
  if (value === null) return null
  if (type.kind === 'timestamp') return new Date(value as number).toISOString()
  if (type.kind === 'time') return timeText(value as bigint)
  if (type.kind === 'blob') return `0x${(value as Buffer).toString('hex')}`
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (type.kind === 'list' || type.kind === 'set')
    return (value as CqlValue[]).map((item) => plainValue(type.element, item))
  if (type.kind !== 'map') return value
  const entries = [...(value as Map<CqlValue, CqlValue>)]
  return Object.fromEntries(
    entries.map(([key, item]) => [String(plainValue(type.key, key)), plainValue(type.value, item)]),
  )
}
