import type { FilePosition, TableReading } from './plan-types.ts'

/** An edge, as seen from the node that reads. */
export interface GraphReference extends FilePosition {
  readonly node: string
  readonly output: string | undefined
  /** Set where it reads a source as a table. */
  readonly table?: TableReading
}

/** What the graph needs to know of a node. */
export interface GraphNode {
  readonly kind: 'source' | 'processor' | 'sink'
  readonly name: string
  readonly from: readonly GraphReference[]
  readonly position: FilePosition
  /** True if the main output may carry nothing at all (a branch). */
  readonly sideOnly: boolean
}

/** One thing wrong with a graph. */
export interface GraphProblem extends FilePosition {
  /** One sentence: what is wrong, and what to do. */
  readonly message: string
}

/** Nodes that are connected, with the sources that drive them. */
export interface Component {
  readonly nodes: readonly string[]
  readonly sources: readonly string[]
}

/** Names that are there twice, and references that lead nowhere. A checked file has none of these. */
export function referenceProblems(nodes: readonly GraphNode[]): GraphProblem[] {
  const kinds = new Map<string, GraphNode['kind']>()
  const problems: GraphProblem[] = []
  for (const { name, kind, position } of nodes) {
    if (kinds.has(name))
      problems.push({ ...position, message: `There are two nodes "${name}": names are unique.` })
    kinds.set(name, kind)
  }
  for (const { kind, name, from, position } of nodes) {
    if (kind !== 'source' && from.length === 0) {
      problems.push({ ...position, message: `The ${kind} "${name}" reads from no node.` })
    }
    for (const { node, file, line, column } of from) {
      const target = kinds.get(node)
      if (target !== undefined && target !== 'sink') continue
      const wrong = target === 'sink' ? 'which is a sink' : 'which is not there'
      problems.push({ file, line, column, message: `The ${kind} "${name}" reads "${node}", ${wrong}.` })
    }
  }
  return problems
}

/** One sentence for each cycle, with the way around it. Names that stand twice are told elsewhere: who is meant is not known. */
export function cycleProblems(nodes: readonly GraphNode[]): GraphProblem[] {
  const named = Map.groupBy(nodes, ({ name }) => name)
  const byName = new Map(
    nodes.filter(({ name }) => named.get(name)!.length === 1).map((node) => [node.name, node]),
  )
  const state = new Map<string, 'open' | 'done'>()
  const problems: GraphProblem[] = []
  for (const node of nodes) {
    const path: string[] = []
    const visit = (name: string): void => {
      if (state.get(name) === 'done') return
      if (state.get(name) === 'open') {
        problems.push(cycleProblem(path.slice(path.indexOf(name)), byName))
        return
      }
      state.set(name, 'open')
      path.push(name)
      for (const { node: target } of byName.get(name)?.from ?? []) visit(target)
      path.pop()
      state.set(name, 'done')
    }
    visit(node.name)
  }
  return problems
}

// The walk went against the stream; the sentence goes with it, and begins at the node that stands first in the file.
function cycleProblem(backwards: readonly string[], byName: ReadonlyMap<string, GraphNode>): GraphProblem {
  if (backwards.length === 1) {
    const [name] = backwards
    return { ...byName.get(name!)!.position, message: `The node "${name}" reads itself: break the cycle.` }
  }
  const ring = backwards.toReversed()
  const order = [...byName.keys()]
  const first = ring.reduce((best, name) => (order.indexOf(name) < order.indexOf(best) ? name : best))
  const start = ring.indexOf(first)
  const around = [...ring.slice(start), ...ring.slice(0, start), first]
  const message = `The nodes form a cycle: ${around.join(' → ')}. Records would go round for ever: break one "from" of it.`
  return { ...byName.get(first)!.position, message }
}

/** Nodes whose records nobody gets. A side output that nobody reads is no problem here. */
export function orphanProblems(nodes: readonly GraphNode[]): GraphProblem[] {
  const read = new Set(nodes.flatMap(({ from }) => from.map(({ node }) => node)))
  return nodes
    .filter(({ kind, name }) => kind !== 'sink' && !read.has(name))
    .map(({ kind, name, sideOnly, position }) => ({
      ...position,
      message: sideOnly
        ? `Nothing reads the ${kind} "${name}": let a node read one of its outputs, or remove it.`
        : `Nothing reads the ${kind} "${name}": let a node read it ("from: ${name}"), or remove it.`,
    }))
}

/** The connected parts of an acyclic graph (a global table connects nothing, and is no part), each in an order in which every node comes after those that feed it. */
export function componentsOf(nodes: readonly GraphNode[]): Component[] {
  const order = topologicalOrder(nodes)
  const roots = new Map<string, string>(order.map(({ name }) => [name, name]))
  const rootOf = (name: string): string => {
    const above = roots.get(name)!
    return above === name ? name : rootOf(above)
  }
  const edges = nodes.flatMap(({ name, from }) => from.map((edge) => ({ ...edge, name })))
  const globals = new Set(edges.filter(({ table }) => table === 'global').map(({ node }) => node))
  for (const { node, name } of edges) if (!globals.has(node)) roots.set(rootOf(node), rootOf(name))
  const read = order.filter(({ name }) => !globals.has(name))
  const parts = Map.groupBy(read, ({ name }) => rootOf(name))
  return [...parts.values()].map((part) => ({
    nodes: part.map(({ name }) => name),
    sources: part.filter(({ kind }) => kind === 'source').map(({ name }) => name),
  }))
}

/** Kahn's order; among nodes that could come next, the one that stands first in the file does. */
export function topologicalOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const placed = new Set<string>()
  const order: GraphNode[] = []
  let rest = [...nodes]
  while (rest.length > 0) {
    const ready = rest.find(({ from }) => from.every(({ node }) => placed.has(node)))
    if (ready === undefined) throw new Error('The graph has a cycle.')
    placed.add(ready.name)
    order.push(ready)
    rest = rest.filter((node) => node !== ready)
  }
  return order
}
