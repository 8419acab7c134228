import { primaryKey } from '../../engine/cql/stored-rows.ts'
import { tableOf, type Catalogue } from '../../engine/cql/schema.ts'
import { tablesOf } from '../../engine/topology/plan-graph.ts'
import type { PlanNode, ProcessorNode, SinkNode, TopologyPlan } from '../../engine/topology/plan-types.ts'

/** A table that cannot be compared, and why. */
export interface BeyondComparison {
  readonly table: string
  /** The sink that writes it. */
  readonly sink: string
  /** A clause: what stands between the topics and the table. */
  readonly because: string
}

/**
 * The tables of a topology of which nobody can say what must be in them by reading its topics again: what is in them depends
 * on when records came, or on topics whose records are gone. By name; of several reasons the first that is found.
 */
export function beyondComparison(plan: TopologyPlan, catalogue: Catalogue): Map<string, BeyondComparison> {
  const beyond = new Map<string, BeyondComparison>()
  for (const node of plan.nodes.values()) {
    if (node.kind !== 'sink') continue
    const because = reason(plan, node, catalogue)
    if (because === undefined) continue
    for (const table of tablesOf(node))
      if (!beyond.has(table)) beyond.set(table, { table, sink: node.name, because })
  }
  return beyond
}

function reason(plan: TopologyPlan, sink: SinkNode, catalogue: Catalogue): string | undefined {
  const way = wayTo(plan, sink)
  const fixed = fixedFields(sink, catalogue)
  const apart = way.map((node) => sentLater(node) ?? ownTopic(plan, node)).find((one) => one !== undefined)
  if (apart !== undefined) return apart
  const lookups = way.filter((node) => node.kind === 'processor')
  for (const node of lookups)
    for (const field of node.definition.looksUp?.(node.config) ?? []) {
      const because = lookedUp(plan, { fixed, way, node, field })
      if (because !== undefined) return because
    }
  return undefined
}

function sentLater(node: PlanNode): string | undefined {
  if (node.kind !== 'processor' || node.definition.commitsFirst !== true) return undefined
  return `${named(node)} sends what follows from its state and the time, and not from records alone`
}

function ownTopic(plan: TopologyPlan, { name }: PlanNode): string | undefined {
  const through = plan.ownTopics.find(({ source }) => source === name)
  return through && `what goes through the topic ${through.topic} is deleted from it`
}

interface LookUp {
  /** Fields by which the sink finds the row, and not only fills it. */
  readonly fixed: readonly string[]
  readonly way: readonly PlanNode[]
  readonly node: ProcessorNode
  readonly field: string
}

/** A row that is looked up may be another one than it was: what goes by it may have gone otherwise. */
function lookedUp(plan: TopologyPlan, { fixed, way, node, field }: LookUp): string | undefined {
  const { definition, config } = node
  if (definition.joins !== undefined && (definition.outputs?.(config) ?? []).length > 0)
    return `${named(node)} sends on what has a row when it comes`
  const judge = way.find((one) => goesBy(one, field) && wayTo(plan, one).includes(node))
  if (judge !== undefined) return `${named(judge)} may go by "${field}", which ${named(node)} looks up`
  const found = fixed.find((path) => overlap(path, field))
  return found && `which row it is goes by "${found}", which ${named(node)} looks up`
}

/** The fields that say which row a record becomes, and when it is written: of its key, its hash, its table and its sequence. */
function fixedFields(sink: SinkNode, catalogue: Catalogue): string[] {
  const { definition, config } = sink
  const fieldsOf = (columns: readonly { readonly name: string }[]): string[] =>
    columns.flatMap(({ name }) => definition.fieldOf?.(config, name) ?? [])
  const tables = tablesOf(sink).map((name) => tableOf(catalogue, name))
  const filled = tables.flatMap(({ columns }) => fieldsOf(columns.filter(({ kind }) => kind === 'regular')))
  const others = (definition.reads?.(config) ?? []).filter((path) => !filled.includes(path))
  return [...tables.flatMap((table) => fieldsOf(primaryKey(table))), ...others]
}

/** Whether what a node makes of a record, or whether it sends it on, may depend on a field. */
function goesBy(node: PlanNode, field: string): boolean {
  if (node.kind !== 'processor' || node.definition.inPlace === true) return false
  const { definition, config } = node
  const functions = Object.values(definition.functions?.(config) ?? {})
  if (functions.some((file) => file !== undefined)) return true
  return (definition.reads?.(config) ?? []).some((path) => overlap(path, field))
}

function overlap(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)
}

/** A node and all from which its records come. */
function wayTo(plan: TopologyPlan, node: PlanNode): PlanNode[] {
  const way = new Set([node])
  for (const one of way) for (const { node: name } of one.from) way.add(plan.nodes.get(name)!)
  return [...way]
}

function named({ name, type }: PlanNode): string {
  return `${name} (${type})`
}
