import type { EnumNode } from '../model.ts'
import { mismatch, type Place, type ReadingProblem } from './rules.ts'

/** A symbol that the reader does not know becomes its default, where it has one. */
export function enumProblems(writer: EnumNode, reader: EnumNode, { pointer, path }: Place): ReadingProblem[] {
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol))
  if (unknown.length === 0 || reader.default !== undefined) return []
  const what = `may be written as ${unknown.join(', ')}, which readers do not know and have no default for`
  return [mismatch('MISSING_ENUM_SYMBOLS', { pointer: `${pointer}/symbols`, path }, what)]
}
