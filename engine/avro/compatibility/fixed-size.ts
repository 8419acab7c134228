import type { FixedNode } from '../model.ts'
import { decimalProblem } from './promotions.ts'
import { mismatch, type Dialect, type Place, type ReadingProblem } from './rules.ts'

/** Bytes of one length are not read as bytes of another; a decimal's scale is part of its value. */
export function fixedProblems(
  dialect: Dialect,
  writer: FixedNode,
  reader: FixedNode,
  at: Place,
): ReadingProblem[] {
  if (writer.size !== reader.size) {
    const what = `is written as ${writer.size} bytes and read as ${reader.size}`
    return [mismatch('FIXED_SIZE_MISMATCH', { ...at, pointer: `${at.pointer}/size` }, what)]
  }
  const logical = dialect === 'java' ? undefined : decimalProblem(dialect, writer, reader)
  return logical === undefined ? [] : [{ ...at, ...logical }]
}
