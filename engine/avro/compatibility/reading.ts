import {
  type AvroNode,
  type EnumNode,
  type FixedNode,
  isNamed,
  type NamedNode,
  simpleName,
} from '../model.ts'
import { enumProblems } from './enum-symbols.ts'
import { fixedProblems } from './fixed-size.ts'
import { leafProblem } from './promotions.ts'
import { recordProblems } from './record-fields.ts'
import { mismatch, type Dialect, type Place, type Reading, type ReadingProblem } from './rules.ts'
import { fromUnion, intoUnion, unionIntoUnion } from './unions.ts'

/**
 * Why values that were written with `writer` cannot be read as `reader`; none where they can. Of a record that contains
 * itself, each pair of types is looked at once.
 *
 * `java` says what Avro for Java's SchemaCompatibility says, rule by rule and place by place. `millrace` says what this
 * project's readers do (resolution.ts). `meaning` adds what can be read and would mean something else: an instant in
 * milliseconds, read as microseconds.
 */
export function readingProblems(writer: AvroNode, reader: AvroNode, dialect: Dialect): ReadingProblem[] {
  const known = new Map<AvroNode, Map<AvroNode, readonly ReadingProblem[]>>()
  const reading: Reading = {
    dialect,
    compare(inner, outer, at) {
      const pairs = known.get(outer) ?? new Map<AvroNode, readonly ReadingProblem[]>()
      known.set(outer, pairs)
      const before = pairs.get(inner)
      if (before !== undefined) return before
      // A pair that is being looked at further up holds if the rest of it does.
      pairs.set(inner, [])
      const found = compareNodes(reading, inner, outer, at)
      pairs.set(inner, found)
      return found
    },
  }
  const found = reading.compare(writer, reader, { pointer: '', path: '' })
  return distinct(found)
}

function distinct(problems: readonly ReadingProblem[]): ReadingProblem[] {
  const byKey = new Map(problems.map((one) => [JSON.stringify([one.rule, one.pointer, one.what]), one]))
  return [...byKey.values()]
}

function compareNodes(
  reading: Reading,
  writer: AvroNode,
  reader: AvroNode,
  at: Place,
): readonly ReadingProblem[] {
  if (writer.kind === 'union' && reader.kind === 'union') return unionIntoUnion(reading, writer, reader, at)
  if (writer.kind === 'union') return fromUnion(reading, writer, reader, at)
  if (reader.kind === 'union') return intoUnion(reading, writer, reader, at)
  if (isNamed(reader) && writer.kind === reader.kind) return namedProblems(reading, writer, reader, at)
  if (reader.kind === 'array' && writer.kind === 'array') {
    return reading.compare(writer.items, reader.items, inside(at, 'items', '[]'))
  }
  if (reader.kind === 'map' && writer.kind === 'map') {
    return reading.compare(writer.values, reader.values, inside(at, 'values', '{}'))
  }
  const leaf = leafProblem(reading.dialect, writer, reader)
  return leaf === undefined ? [] : [{ ...at, ...leaf }]
}

function inside({ pointer, path }: Place, part: string, shown: string): Place {
  return { pointer: `${pointer}/${part}`, path: `${path}${shown}` }
}

function namedProblems(
  reading: Reading,
  writer: NamedNode,
  reader: NamedNode,
  at: Place,
): readonly ReadingProblem[] {
  // A decimal is read as a number, whatever the bytes around it are called.
  const byName = reading.dialect === 'java' || !isDecimal(reader)
  const names = byName && !sameName(reading.dialect, writer, reader) ? [misnamed(writer, reader, at)] : []
  switch (reader.kind) {
    case 'enum':
      return [...names, ...enumProblems(writer as EnumNode, reader, at)]
    case 'fixed':
      return [...names, ...fixedProblems(reading.dialect, writer as FixedNode, reader, at)]
    case 'record':
      // Java goes on to the fields; here they would only say the same once more.
      if (names.length > 0 && reading.dialect !== 'java') return names
      return [...names, ...recordProblems(reading, writer as typeof reader, reader, at)]
  }
}

function isDecimal(node: NamedNode): boolean {
  return node.kind === 'fixed' && node.logical?.name === 'decimal'
}

/** SchemaCompatibility compares names without their namespace; readers, here and in Java, compare full names. */
function sameName(dialect: Dialect, writer: NamedNode, reader: NamedNode): boolean {
  if (reader.aliases.includes(writer.name)) return true
  return dialect === 'java'
    ? simpleName(writer.name) === simpleName(reader.name)
    : writer.name === reader.name
}

function misnamed(writer: NamedNode, reader: NamedNode, { pointer, path }: Place): ReadingProblem {
  const what = `is written as ${writer.kind} ${writer.name} and read as ${reader.name}: an alias would make them one`
  return mismatch('NAME_MISMATCH', { pointer: `${pointer}/name`, path }, what)
}
