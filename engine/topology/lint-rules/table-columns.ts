import { recordSetting } from '../plan-graph.ts'
import type { SinkNode } from '../plan-types.ts'

/** Columns whose value the `table` sink makes itself. */
export function computedColumns(node: SinkNode): string[] {
  const columns = [recordSetting(node, 'bucket').column, recordSetting(node, 'hash').column]
  return columns.filter((column) => typeof column === 'string')
}

/** The field that a column of a `table` sink gets; null = left alone, undefined = the sink makes the value itself. */
export function columnField(node: SinkNode, column: string): string | null | undefined {
  if (computedColumns(node).includes(column)) return undefined
  const given = recordSetting(node, 'columns')[column]
  if (given === null || typeof given === 'string') return given
  return column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
