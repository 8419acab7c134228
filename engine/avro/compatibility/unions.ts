import { type AvroNode, describeNode, isNamed, simpleName, type UnionNode } from '../model.ts'
import { mismatch, type Place, type Reading, type ReadingProblem } from './rules.ts'

/** Each branch that may have been written is readable as some branch of the reader's. */
export function unionIntoUnion(
  reading: Reading,
  writer: UnionNode,
  reader: UnionNode,
  { pointer, path }: Place,
): ReadingProblem[] {
  return writer.branches.flatMap((branch, index) => {
    const at = { pointer: `${pointer}/${index}`, path }
    const found = reading.compare(branch, reader, at)
    return found.length === 0 ? [] : [lacks(reading, branch, reader, at)]
  })
}

/** What reads a union reads each of its branches. */
export function fromUnion(
  reading: Reading,
  writer: UnionNode,
  reader: AvroNode,
  at: Place,
): ReadingProblem[] {
  return writer.branches.flatMap((branch, index) =>
    reading.compare(branch, reader, { ...at, pointer: `${at.pointer}/${index}` }),
  )
}

/** One branch of the reader's is enough. */
export function intoUnion(
  reading: Reading,
  writer: AvroNode,
  reader: UnionNode,
  at: Place,
): ReadingProblem[] {
  if (reader.branches.some((branch) => reading.compare(writer, branch, at).length === 0)) return []
  return [lacks(reading, writer, reader, at)]
}

function lacks(reading: Reading, writer: AvroNode, reader: UnionNode, at: Place): ReadingProblem {
  const meant = reader.branches.find((branch) => isMeant(writer, branch))
  const causes = meant === undefined ? [] : reading.compare(writer, meant, at)
  const what = `may be written as ${describeNode(writer)}, which readers do not know`
  const problem = mismatch('MISSING_UNION_BRANCH', at, what)
  return causes.length === 0 ? problem : { ...problem, causes }
}

function isMeant(writer: AvroNode, branch: AvroNode): boolean {
  if (writer.kind !== branch.kind) return false
  return !isNamed(writer) || !isNamed(branch) || simpleName(writer.name) === simpleName(branch.name)
}
