import type avro from 'avsc'
import type { Logical } from './model.ts'
import { nearest } from './suggest.ts'

interface TypeParts {
  readonly typeName: string
  readonly name?: string
  readonly types?: readonly avro.Type[]
  readonly symbols?: readonly string[]
  readonly size?: number
  readonly logical?: Logical
  readonly fields?: readonly { readonly name: string }[]
}

interface Problem {
  readonly path: string
  readonly text: string
}

/**
 * Why a value does not fit a type: `at before.price: expected double or null, got the string "abc"`, and how many
 * more things are wrong. For the value that was refused, not for the hot path.
 *
 * @param undeclared also name fields that the schema does not have.
 */
export function explainMisfit(type: avro.Type, value: unknown, undeclared: boolean): string {
  const problems: Problem[] = []
  type.isValid(value, {
    noUndeclaredFields: undeclared,
    errorHook: (path, found, expected) => {
      problems.push({ path: path.join('.'), text: describe(found, expected as unknown as TypeParts) })
    },
  })
  const [first, ...more] = problems
  if (first === undefined) return 'the value does not fit the schema'
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `at ${first.path === '' ? 'the root' : first.path}: ${first.text}${rest}`
}

function describe(found: unknown, expected: TypeParts): string {
  if (expected.fields !== undefined && typeof found === 'object' && found !== null && !Array.isArray(found)) {
    const known = expected.fields.map((field) => field.name)
    const unknown = Object.keys(found).find((key) => !known.includes(key))
    if (unknown !== undefined) {
      const meant = nearest(unknown, known)
      const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
      return `${expected.name ?? 'the record'} has no field "${unknown}"${hint}`
    }
  }
  return `expected ${describeType(expected)}, got ${describeValue(found)}`
}

function describeType(type: TypeParts): string {
  if (type.types !== undefined) {
    const wrapped = type.typeName === 'union:wrapped'
    const parts = type.types as unknown as readonly (TypeParts & { readonly branchName: string })[]
    const named = parts.filter((part) => part.typeName !== 'null')
    const texts = named.map((part) => (wrapped ? `{"${part.branchName}": …}` : describeType(part)))
    return [...texts, ...(named.length < parts.length ? ['null'] : [])].join(' or ')
  }
  if (type.logical !== undefined) return `decimal(${type.logical.precision}, ${type.logical.scale})`
  if (type.symbols !== undefined)
    return `one of ${type.symbols.slice(0, 8).join(', ')}${type.symbols.length > 8 ? ' …' : ''}`
  if (type.fields !== undefined) return `record ${type.name ?? ''}`.trim()
  if (type.size !== undefined) return `${type.size} bytes`
  return type.typeName === 'abstract:long' ? 'long' : type.typeName
}

/** A refused value in a few words; long ones are cut. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Buffer.isBuffer(value)) return `${value.length} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const kind = value.constructor === Object ? 'an object' : `a ${value.constructor?.name ?? 'bare'} object`
  const keys = Object.keys(value)
  return keys.length === 0 ? `${kind} without fields` : `${kind} with ${keys.slice(0, 5).join(', ')}`
}
