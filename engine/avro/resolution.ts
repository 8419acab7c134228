import type { AvroField, AvroNode, EnumNode, NamedNode, RecordNode } from './model.ts'

/** What a reader makes of another type, by the Avro specification: the writer's kind → the reader's. */
export const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

/** The writer's fields that a reader's field may be, by name or alias; more than one is an ambiguity. */
export function matchingFields(writer: RecordNode, field: AvroField): AvroField[] {
  return writer.fields.filter(({ name }) => name === field.name || field.aliases.includes(name))
}

/**
 * True when values of `writer` can be read as `reader`: the resolution rules of the Avro specification (full names or
 * aliases must match; each branch of a writer's union must be readable).
 *
 * @param options.shallow look at this node only, not at fields, items or values.
 */
export function canRead(
  writer: AvroNode,
  reader: AvroNode,
  options: { readonly shallow?: boolean } = {},
): boolean {
  return readable(writer, reader, options.shallow === true, new Map())
}

type Seen = Map<AvroNode, Set<AvroNode>>

function readable(writer: AvroNode, reader: AvroNode, shallow: boolean, seen: Seen): boolean {
  if (writer.kind === 'union')
    return writer.branches.every((branch) => readable(branch, reader, shallow, seen))
  if (reader.kind === 'union')
    return reader.branches.some((branch) => readable(writer, branch, shallow, seen))
  if (isDecimal(reader)) return readableAsDecimal(writer, reader)
  if (writer.kind !== reader.kind) return promotions[writer.kind]?.includes(reader.kind) === true
  switch (reader.kind) {
    case 'record':
      return (
        namesMatch(writer as RecordNode, reader) &&
        (shallow || recordReadable(writer as RecordNode, reader, seen))
      )
    case 'enum':
      return namesMatch(writer as EnumNode, reader) && symbolsReadable(writer as EnumNode, reader)
    case 'fixed':
      return writer.kind === 'fixed' && namesMatch(writer, reader) && writer.size === reader.size
    case 'array':
      return shallow || (writer.kind === 'array' && readable(writer.items, reader.items, false, seen))
    case 'map':
      return shallow || (writer.kind === 'map' && readable(writer.values, reader.values, false, seen))
    default:
      return true
  }
}

function recordReadable(writer: RecordNode, reader: RecordNode, seen: Seen): boolean {
  const readers = seen.get(writer) ?? new Set()
  // A pair that is being looked at further up holds if the rest of it does.
  if (readers.has(reader)) return true
  seen.set(writer, readers.add(reader))
  return reader.fields.every((field) => {
    const matches = matchingFields(writer, field)
    if (matches.length === 0) return field.hasDefault
    return matches.length === 1 && readable(matches[0]!.type, field.type, false, seen)
  })
}

function namesMatch(writer: NamedNode, reader: NamedNode): boolean {
  return writer.name === reader.name || reader.aliases.includes(writer.name)
}

function symbolsReadable(writer: EnumNode, reader: EnumNode): boolean {
  return reader.default !== undefined || writer.symbols.every((symbol) => reader.symbols.includes(symbol))
}

/** True for bytes or fixed that are a decimal, and so text in JavaScript. */
export function isDecimal(node: AvroNode): boolean {
  return 'logical' in node && node.logical?.name === 'decimal'
}

function readableAsDecimal(writer: AvroNode, reader: AvroNode): boolean {
  if (writer.kind !== reader.kind || (writer.kind !== 'bytes' && writer.kind !== 'fixed')) return false
  if (writer.kind === 'fixed' && reader.kind === 'fixed' && writer.size !== reader.size) return false
  const scale = (node: AvroNode) => ('logical' in node ? node.logical?.scale : undefined)
  return !isDecimal(writer) || scale(writer) === scale(reader)
}
