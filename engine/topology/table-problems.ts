import type { GraphProblem, GraphReference } from './graph.ts'
import type { PlannableNode } from './plannable.ts'

/**
 * What cannot be a table. Its records end where they become rows, so that they settle with the change of state alone: a
 * source whose records also go elsewhere could be parked there after its row had been changed.
 */
export function tableProblems(nodes: readonly PlannableNode[]): GraphProblem[] {
  const tables = new Set(
    nodes.flatMap(({ from }) => from.flatMap(({ node, table }) => (table ? [node] : []))),
  )
  const edges = nodes.flatMap(({ from }) => from.filter(({ table }) => table !== undefined))
  const mixed = edges.filter((edge) =>
    edges.some(({ node, table }) => node === edge.node && table !== edge.table),
  )
  if (mixed.length > 0) {
    const [{ node, file, line, column }] = mixed as [GraphReference]
    const message = `"${node}" is joined as a global table and as one by partitions: decide for one of them.`
    return [{ file, line, column, message }]
  }
  return nodes.flatMap(({ kind, name, from }) =>
    from
      .filter(({ node, table }) => tables.has(node) && table === undefined)
      .map(({ node, file, line, column }) => ({
        file,
        line,
        column,
        message:
          `The ${kind} "${name}" reads "${node}", which is joined as a table: write its records to another topic in a ` +
          'topology of their own, and read that.',
      })),
  )
}
