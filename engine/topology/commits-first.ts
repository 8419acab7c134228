import type { GraphProblem } from './graph.ts'
import type { PlannableNode } from './plannable.ts'

/**
 * What cannot stand around a node that commits first (an aggregate). Its state belongs to a beginning of one partition,
 * each record in it once; what it sends has no position. The graph has no other problems.
 */
export function commitsFirstProblems(nodes: readonly PlannableNode[]): GraphProblem[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return nodes.filter(isFirst).flatMap((node) => {
    const before = upstream(node, byName)
    return [
      ...severalSources(node, before),
      ...severalRecords(node, before),
      ...behind(node, nodes).filter(keepsState).map(stateBehind(node)),
    ]
  })
}

function isFirst(node: PlannableNode): boolean {
  return node.kind === 'processor' && node.definition.commitsFirst === true
}

function keepsState(node: PlannableNode): boolean {
  if (node.kind !== 'processor') return false
  return (node.definition.stores?.(node.config, { node: node.name }) ?? []).length > 0
}

/** A merge does not help: it orders what comes in, and what is committed goes by source all the same. */
function severalSources(node: PlannableNode, before: readonly PlannableNode[]): GraphProblem[] {
  const sources = before.filter(({ kind }) => kind === 'source').map(({ name }) => name)
  if (sources.length < 2) return []
  const from = node.from.map((one) => one.node).join(', ')
  const message =
    `The ${node.type} "${node.name}" reads the records of ${listed(sources)}, which are committed up to a place of their ` +
    'own each, while its state belongs to one: send them through one topic first, with a node between ' +
    `(type: repartition, from: [${from}], by: the field that is the key).`
  return [{ ...node.position, message }]
}

function severalRecords(node: PlannableNode, before: readonly PlannableNode[]): GraphProblem[] {
  return before
    .filter((one) => one.kind === 'processor' && one.definition.several === true)
    .map((one) => ({
      ...node.position,
      message:
        `The ${node.type} "${node.name}" stands behind "${one.name}", which makes several records of one: where one of ` +
        'them failed, nobody could say which of them are counted. Write them to a topic, and read that.',
    }))
}

function stateBehind(node: PlannableNode): (other: PlannableNode) => GraphProblem {
  return (other) => ({
    ...other.position,
    message:
      `The ${other.type} "${other.name}" keeps state, and stands behind "${node.name}", whose records have no position ` +
      'of their own: write them to a topic, and read that.',
  })
}

/** All nodes whose records come to the node. */
function upstream(node: PlannableNode, byName: ReadonlyMap<string, PlannableNode>): PlannableNode[] {
  const found = new Set<PlannableNode>()
  const visit = (one: PlannableNode): void => {
    for (const { node: name, table } of one.from) {
      if (table !== undefined) continue
      const feeder = byName.get(name)!
      if (found.has(feeder)) continue
      found.add(feeder)
      visit(feeder)
    }
  }
  visit(node)
  return [...found]
}

/** All nodes that what the node sends comes to. Its other side outputs carry records that it did not take. */
function behind(node: PlannableNode, nodes: readonly PlannableNode[]): PlannableNode[] {
  const found = new Set<PlannableNode>()
  const owed = node.kind === 'processor' ? (node.definition.owes?.(node.config) ?? []) : []
  const visit = (name: string, isFirst: boolean): void => {
    for (const one of nodes) {
      const reads = one.from.some(
        ({ node: from, output }) =>
          from === name && (!isFirst || output === undefined || owed.includes(output)),
      )
      if (!reads || found.has(one)) continue
      found.add(one)
      visit(one.name, false)
    }
  }
  visit(node.name, true)
  return [...found]
}

function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(' and ')
}
