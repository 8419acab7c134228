import type { GraphProblem, GraphReference } from './graph.ts'
import type { PlannableNode } from './plannable.ts'

/**
 * What cannot be merged by event time. It is done where records come in, partition by partition: of sources alone, at least
 * two of them, and once of each.
 */
export function mergeProblems(nodes: readonly PlannableNode[]): GraphProblem[] {
  const sources = new Set(nodes.filter(({ kind }) => kind === 'source').map(({ name }) => name))
  const merged = new Map<string, string>()
  return nodes.filter(isMerge).flatMap((node) => {
    if (node.from.length < 2) return [tooFew(node)]
    return node.from.flatMap((from) => {
      const problem = problemOf(node, from, sources, merged)
      merged.set(from.node, node.name)
      return problem ?? []
    })
  })
}

function isMerge(node: PlannableNode): boolean {
  return node.kind === 'processor' && node.definition.merges?.(node.config) !== undefined
}

function tooFew(node: PlannableNode): GraphProblem {
  const [{ file, line, column } = node.position] = node.from
  const message = `The ${node.type} "${node.name}" reads one source, whose partitions are in order already: name two or more.`
  return { file, line, column, message }
}

function problemOf(
  { name, type }: PlannableNode,
  { node, file, line, column }: GraphReference,
  sources: ReadonlySet<string>,
  merged: ReadonlyMap<string, string>,
): GraphProblem | undefined {
  const problem = (message: string): GraphProblem => ({ file, line, column, message })
  if (!sources.has(node)) {
    return problem(
      `The ${type} "${name}" reads "${node}", which is no source: records are put into order where they come in. ` +
        'Merge the sources, and do the rest behind it.',
    )
  }
  const other = merged.get(node)
  if (other === undefined) return undefined
  return problem(`"${node}" is merged by "${other}" already: let one node merge all of them.`)
}
