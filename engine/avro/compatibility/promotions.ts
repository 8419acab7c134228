import { type AvroNode, describeNode } from '../model.ts'
import { promotions } from '../resolution.ts'
import type { Dialect, ReadingProblem } from './rules.ts'

type Problem = Pick<ReadingProblem, 'rule' | 'what'>

/** Types of different kinds, and types without parts: equal, promoted, or not to be read. */
export function leafProblem(dialect: Dialect, writer: AvroNode, reader: AvroNode): Problem | undefined {
  const same = writer.kind === reader.kind
  if (!same && promotions[writer.kind]?.includes(reader.kind) !== true) {
    return {
      rule: 'TYPE_MISMATCH',
      what: `is written as ${describeNode(writer)} and read as ${describeNode(reader)}`,
    }
  }
  return dialect === 'java' ? undefined : decimalProblem(dialect, writer, reader)
}

/** Logical types: SchemaCompatibility does not look at them; values do depend on them. */
export function decimalProblem(dialect: Dialect, writer: AvroNode, reader: AvroNode): Problem | undefined {
  const written = logicalOf(writer)
  const read = logicalOf(reader)
  if (read?.name === 'decimal') {
    if (writer.kind !== reader.kind) {
      return {
        rule: 'DECIMAL_MISMATCH',
        what: `is written as ${writer.kind} and read as ${describeNode(reader)}`,
      }
    }
    if (written?.name !== 'decimal' || written.scale === read.scale) return undefined
    const what = `is written with scale ${written.scale} and read with scale ${read.scale}`
    return { rule: 'DECIMAL_MISMATCH', what }
  }
  if (dialect !== 'meaning' || written === undefined || read === undefined) return undefined
  if (written.name === read.name) return undefined
  return { rule: 'LOGICAL_TYPE_MISMATCH', what: `is written as ${written.name} and read as ${read.name}` }
}

function logicalOf(node: AvroNode) {
  return 'logical' in node ? node.logical : undefined
}
