import type { AvroField, AvroNode, EnumNode, RecordNode } from './model.ts'
import { canRead, matchingFields } from './resolution.ts'

/** Where two schemas differ, for people. */
export interface SchemaDifference {
  /** Dotted path from the root of the reader, or of the writer for what only that has; empty for the root itself. */
  readonly path: string
  /** A part of a sentence. */
  readonly what: string
  /** True where values of the writer cannot be read because of it. */
  readonly breaks: boolean
}

/** Most differences that are told. */
const most = 50

/** How what `writer` wrote differs from what `reader` expects, field by field; none where they are the same. */
export function schemaDifferences(writer: AvroNode, reader: AvroNode): SchemaDifference[] {
  const found: SchemaDifference[] = []
  compare(writer, reader, [], found, new Set())
  return found.slice(0, most)
}

type Found = SchemaDifference[]

/** Pairs of records that are being looked at further up: a schema may contain itself. */
type Seen = Set<AvroNode>

function compare(
  writer: AvroNode,
  reader: AvroNode,
  path: readonly string[],
  found: Found,
  seen: Seen,
): void {
  if (!isComparable(writer, reader)) {
    const breaks = !canRead(writer, reader)
    if (!breaks && nameOf(writer) === nameOf(reader)) return
    return add(found, path, `is written as ${nameOf(writer)} and read as ${nameOf(reader)}`, breaks)
  }
  switch (reader.kind) {
    case 'record':
      return compareRecords(writer as RecordNode, reader, path, found, seen)
    case 'enum':
      return compareEnums(writer as EnumNode, reader, path, found)
    case 'array':
      return compare((writer as typeof reader).items, reader.items, [...path, '[]'], found, seen)
    case 'map':
      return compare((writer as typeof reader).values, reader.values, [...path, '{}'], found, seen)
    case 'union':
      return compareUnions(writer as typeof reader, reader, path, found, seen)
    default:
  }
}

/** True where what is inside says more than that the two differ. */
function isComparable(writer: AvroNode, reader: AvroNode): boolean {
  if (writer.kind !== reader.kind) return false
  if (reader.kind === 'union') return true
  if (reader.kind !== 'enum') return canRead(writer, reader, { shallow: true })
  const { name } = writer as EnumNode
  return name === reader.name || reader.aliases.includes(name)
}

function compareRecords(
  writer: RecordNode,
  reader: RecordNode,
  path: readonly string[],
  found: Found,
  seen: Seen,
): void {
  if (seen.has(reader)) return
  seen.add(reader)
  const read = new Set<AvroField>()
  for (const field of reader.fields) {
    const at = [...path, field.name]
    const [match, other] = matchingFields(writer, field)
    if (match === undefined) {
      const value = field.hasDefault ? `: it is ${JSON.stringify(field.default)}` : ', and has no default'
      add(found, at, `is not written${value}`, !field.hasDefault)
      continue
    }
    read.add(match)
    if (other !== undefined) add(found, at, `may be ${match.name} or ${other.name} of what is written`, true)
    else if (match.name !== field.name) add(found, at, `is written as ${match.name}`, false)
    compare(match.type, field.type, at, found, seen)
  }
  for (const field of writer.fields)
    if (!read.has(field)) add(found, [...path, field.name], 'is written, and not read', false)
  seen.delete(reader)
}

function compareEnums(writer: EnumNode, reader: EnumNode, path: readonly string[], found: Found): void {
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol))
  if (unknown.length === 0) return
  const what = `may be written as ${unknown.join(', ')}, which the reader does not know`
  const instead = reader.default === undefined ? '' : `: it is ${reader.default} then`
  add(found, path, what + instead, reader.default === undefined)
}

/** Branches of one kind and name are the same branch. */
function compareUnions(
  writer: Extract<AvroNode, { kind: 'union' }>,
  reader: Extract<AvroNode, { kind: 'union' }>,
  path: readonly string[],
  found: Found,
  seen: Seen,
): void {
  for (const branch of writer.branches) {
    const same = reader.branches.find(
      (one) => one.kind === branch.kind && canRead(branch, one, { shallow: true }),
    )
    if (same !== undefined) compare(branch, same, path, found, seen)
    else if (!reader.branches.some((one) => canRead(branch, one)))
      add(found, path, `may be written as ${nameOf(branch)}, which the reader does not know`, true)
  }
}

function add(found: Found, path: readonly string[], what: string, breaks: boolean): void {
  if (found.length < most) found.push({ path: path.join('.'), what, breaks })
}

function nameOf(node: AvroNode): string {
  if ('name' in node) return `${node.kind} ${node.name}`
  if (node.kind === 'union') return node.branches.map(nameOf).join(' or ')
  return 'logical' in node && node.logical !== undefined ? `${node.kind} (${node.logical.name})` : node.kind
}
