import type { HaltedPartition } from '../letters/halts.ts'
import { printable } from '../terminal/text-table.ts'

/** What is said of the partitions that halt, a line each. */
export function haltLines(halted: readonly HaltedPartition[]): string[] {
  return halted.map(
    ({ topology, since, sentence }) =>
      `${topology}, since ${since.slice(0, 19).replace('T', ' ')}: ${printable(sentence)}`,
  )
}
