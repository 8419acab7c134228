import { decimalToBytes } from './decimal.ts'
import { type AvroNode, describeNode, type RecordNode } from './model.ts'
import { isDecimal } from './resolution.ts'
import { nearest } from './suggest.ts'
import { branchName, isBare, kindsOf } from './union-form.ts'
import { maxDepth } from './varint.ts'
import { isLong } from './write-varint.ts'

interface Problem {
  readonly path: string
  readonly text: string
}

interface Search {
  readonly strict: boolean
  readonly problems: Problem[]
}

/**
 * Why a value does not fit a type: `at before.price: expected double or null, got the string "abc"`, and how many
 * more things are wrong. For the value that was refused, not for the hot path.
 *
 * @param strict also name fields that the schema does not have.
 */
export function explainMisfit(root: AvroNode, value: unknown, strict: boolean): string {
  const search: Search = { strict, problems: [] }
  look(search, root, value, [])
  const [first, ...more] = search.problems
  if (first === undefined) return 'the value does not fit the schema'
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `at ${first.path === '' ? 'the root' : first.path}: ${first.text}${rest}`
}

function look(search: Search, node: AvroNode, value: unknown, path: readonly string[]): void {
  // A value may contain itself.
  if (path.length > maxDepth) return
  switch (node.kind) {
    case 'record':
      return lookAtRecord(search, node, value, path)
    case 'array':
      if (!Array.isArray(value)) return misfit(search, node, value, path)
      // Holes are looked at too, which forEach would pass over.
      for (const [index, item] of value.entries()) look(search, node.items, item, [...path, String(index)])
      return
    case 'map':
      if (!isObject(value) || Array.isArray(value)) return misfit(search, node, value, path)
      for (const [key, item] of Object.entries(value)) look(search, node.values, item, [...path, key])
      return
    case 'union':
      return isBare(node.branches)
        ? lookAtBare(search, node, value, path)
        : lookAtWrapped(search, node, value, path)
    default:
      if (!fitsLeaf(node, value)) misfit(search, node, value, path)
  }
}

function misfit(search: Search, node: AvroNode, value: unknown, path: readonly string[]): void {
  const text = `expected ${describeType(node)}, got ${describeValue(value)}`
  search.problems.push({ path: path.join('.'), text })
}

function lookAtRecord(search: Search, node: RecordNode, value: unknown, path: readonly string[]): void {
  if (!isObject(value)) return misfit(search, node, value, path)
  const known = node.fields.map(({ name }) => name)
  const unknown = search.strict ? Object.keys(value).find((key) => !known.includes(key)) : undefined
  if (unknown !== undefined) {
    const meant = nearest(unknown, known)
    const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
    search.problems.push({ path: path.join('.'), text: `${node.name} has no field "${unknown}"${hint}` })
    return
  }
  for (const { name, type, hasDefault } of node.fields) {
    if (value[name] !== undefined || !hasDefault) look(search, type, value[name], [...path, name])
  }
}

function lookAtBare(
  search: Search,
  node: AvroNode & { kind: 'union' },
  value: unknown,
  path: readonly string[],
): void {
  const kind = kindOfValue(value)
  const branch = node.branches.find((candidate) => kindsOf(candidate).some((taken) => taken === kind))
  // Of a long or a decimal it is more use to name all that would have been taken.
  const isPlain = branch !== undefined && branch.kind !== 'long' && !isDecimal(branch)
  if (isPlain) look(search, branch, value, path)
  else if (branch === undefined || !fitsLeaf(branch, value)) misfit(search, node, value, path)
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null'
  if (Buffer.isBuffer(value)) return 'bytes'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'bigint' ? 'number' : typeof value
}

function lookAtWrapped(
  search: Search,
  node: AvroNode & { kind: 'union' },
  value: unknown,
  path: readonly string[],
): void {
  if (value === null && node.branches.some(({ kind }) => kind === 'null')) return
  const [name, ...others] = isObject(value) ? Object.keys(value) : []
  const branch = node.branches.find((candidate) => branchName(candidate) === name)
  if (name === undefined || others.length > 0 || branch === undefined) misfit(search, node, value, path)
  else look(search, branch, (value as Readonly<Record<string, unknown>>)[name], [...path, name])
}

function fitsLeaf(node: AvroNode, value: unknown): boolean {
  switch (node.kind) {
    case 'null':
      return value === null
    case 'boolean':
    case 'string':
      return typeof value === node.kind
    case 'int':
      return typeof value === 'number' && value === (value | 0)
    case 'long':
      return isLong(value)
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'enum':
      return typeof value === 'string' && node.symbols.includes(value)
    case 'bytes':
    case 'fixed': {
      const size = node.kind === 'fixed' ? node.size : undefined
      if (node.logical?.name === 'decimal') return decimalToBytes(value, node.logical, size) !== undefined
      return Buffer.isBuffer(value) && (size === undefined || value.length === size)
    }
    default:
      return false
  }
}

const timeUnits: Readonly<Record<string, string>> = {
  'timestamp-millis': 'milliseconds',
  'timestamp-micros': 'microseconds',
  'timestamp-nanos': 'nanoseconds',
}

function describeType(node: AvroNode): string {
  if (node.kind === 'union' && !isBare(node.branches)) {
    const named = node.branches.filter(({ kind }) => kind !== 'null')
    const texts = named.map((branch) => `{"${branchName(branch)}": …}`)
    return [...texts, ...(named.length < node.branches.length ? ['null'] : [])].join(' or ')
  }
  // People write times as text; "long" alone does not say what is counted, and from when.
  const unit = node.kind === 'long' ? timeUnits[node.logical?.name ?? ''] : undefined
  if (unit !== undefined) return `long (${unit} since 1970)`
  return describeNode(node)
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
