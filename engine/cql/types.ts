import { describeToken } from './token-cursor.ts'
import type { TokenCursor } from './token-cursor.ts'
import { cqlError, unsupported } from './tokens.ts'

/** The scalar types that tables may use; `varchar` is read as its synonym `text`. */
export const scalarKinds = [
  'text', 'ascii', 'uuid', 'timeuuid', 'int', 'bigint', 'smallint', 'tinyint', 'varint', 'double', 'float', 'decimal',
  'boolean', 'timestamp', 'date', 'time', 'blob', 'inet',
] as const // prettier-ignore

export type ScalarKind = (typeof scalarKinds)[number]

/** A column's type. Collections are always one frozen cell: written and replaced as a whole. */
export type CqlType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'list' | 'set'; readonly element: CqlType }
  | { readonly kind: 'map'; readonly key: CqlType; readonly value: CqlType }

/**
 * A value in its canonical form: text, uuid, date, decimal and inet as strings; int, smallint, tinyint, float, double as
 * numbers; bigint, varint and time (nanoseconds) as bigint; timestamp as milliseconds; blob as Buffer; list and set as
 * arrays (sets sorted, without repeats); map as a Map sorted by key.
 */
export type CqlValue = string | number | bigint | boolean | Buffer | CqlValue[] | Map<CqlValue, CqlValue>

const scalars = new Map<string, CqlType>(scalarKinds.map((kind) => [kind, { kind }]))
scalars.set('varchar', { kind: 'text' })

const refused: Readonly<Record<string, string>> = {
  duration: 'the type duration has no order and no fixed length: use bigint with the unit in the name',
  counter: 'counters cannot be written twice with the same result: write rows and count them at read',
  tuple: 'tuples are not carried out: use a frozen list, or columns of their own',
  vector: 'vectors are not carried out: use a frozen list',
}

/** Reads a type, e.g. `frozen<map<text, int>>`. Throws for the types that Millrace does not carry out. */
export function parseType(cursor: TokenCursor): CqlType {
  const name = cursor.identifier('a type')
  const scalar = name.kind === 'word' ? scalars.get(name.text) : undefined
  if (scalar !== undefined) return scalar
  if (name.text === 'frozen') return inBrackets(cursor, () => parseType(cursor))
  if (name.text === 'list' || name.text === 'set') {
    const kind = name.text
    return inBrackets(cursor, () => ({ kind, element: parseType(cursor) }))
  }
  if (name.text === 'map') return inBrackets(cursor, () => parseMap(cursor))
  const reason = Object.hasOwn(refused, name.text) ? refused[name.text] : undefined
  if (reason !== undefined) throw unsupported(name.position, `${reason}.`)
  const known = [...scalarKinds, 'list', 'set', 'map', 'frozen'].join(', ')
  throw cqlError(
    'CQL_SYNTAX',
    name.position,
    `${describeToken(name)} is not a type (user types are not carried out): use one of ${known}.`,
  )
}

/** A type as CQL writes it; collections with their `frozen`. */
export function typeName(type: CqlType): string {
  if (type.kind === 'list' || type.kind === 'set') return `frozen<${type.kind}<${typeName(type.element)}>>`
  if (type.kind === 'map') return `frozen<map<${typeName(type.key)}, ${typeName(type.value)}>>`
  return type.kind
}

/** Whether two types are the same. */
export function sameType(left: CqlType, right: CqlType): boolean {
  return typeName(left) === typeName(right)
}

/** Why a type cannot be in a primary key, or undefined where it can. */
export function keyTypeProblem(type: CqlType): string | undefined {
  if (type.kind === 'decimal')
    return 'two spellings of one decimal would be one key: use bigint in the smallest unit'
  if (type.kind === 'list' || type.kind === 'set' || type.kind === 'map') {
    return 'collections have no order here: use columns of their own'
  }
  return undefined
}

function parseMap(cursor: TokenCursor): CqlType {
  const key = parseType(cursor)
  cursor.expect(',')
  return { kind: 'map', key, value: parseType(cursor) }
}

function inBrackets(cursor: TokenCursor, parse: () => CqlType): CqlType {
  cursor.expect('<')
  const type = parse()
  cursor.expect('>')
  return type
}
