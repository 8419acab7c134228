import { fatalError, type ErrorCode, type MillraceError } from '../errors.ts'
import { commitsFirstProblems } from './commits-first.ts'
import {
  componentsOf,
  cycleProblems,
  orphanProblems,
  referenceProblems,
  type GraphNode,
  type GraphProblem,
} from './graph.ts'
import type { PlannableNode } from './plannable.ts'
import { mergeProblems } from './merge-problems.ts'
import { expandThrough, type TopicComponents } from './through.ts'
import { tableProblems } from './table-problems.ts'
import type {
  BudgetSettings,
  ErrorSettings,
  FilePosition,
  OwnTopic,
  PlanNode,
  TopologyPlan,
} from './plan-types.ts'

/** A topology whose settings are checked. */
export interface Plannable {
  readonly file: string
  readonly name: string
  readonly description: string
  readonly nodes: readonly PlannableNode[]
  readonly delivery?: TopologyPlan['delivery']
  readonly critical?: boolean
  /** What a repartition is made of. */
  readonly topics?: TopicComponents | undefined
  readonly errors: ErrorSettings
  readonly budget: BudgetSettings
  readonly commitInterval: number
  readonly foreignMetadata?: TopologyPlan['foreignMetadata']
  readonly sectionPositions?: Readonly<Record<string, FilePosition>>
}

/** A topology file as it was read: with problems there is no config, yet the graph can be judged all the same. */
export interface PlannableReading {
  readonly config: Plannable | undefined
  readonly outline: readonly GraphNode[]
  /** False if some `from` was not understood, so that a node may be read after all. */
  readonly connected: boolean
  readonly problems: readonly GraphProblem[]
}

/** Makes the plan of a checked topology. Throws one PLAN_INVALID with everything that is wrong with its graph. */
export function planTopology(config: Plannable): TopologyPlan {
  const wrong = referenceProblems(config.nodes)
  const problems = wrong.length > 0 ? wrong : graphProblems(config.nodes, true)
  const expanded = expandThrough(config.name, config.nodes, config.topics)
  const { nodes, ownTopics } = expanded
  if (problems.length === 0) problems.push(...expanded.problems)
  if (problems.length === 0)
    problems.push(...tableProblems(nodes), ...mergeProblems(nodes), ...commitsFirstProblems(nodes))
  if (problems.length > 0) throw planErrors('PLAN_INVALID', problems)
  return planOf({ ...config, nodes }, ownTopics)
}

/**
 * Makes the plan of what was read from a file. Throws one error that holds everything that is wrong, in the settings
 * (then its code is CONFIG_INVALID) and in the graph.
 */
export function planReading(reading: PlannableReading): TopologyPlan {
  const { config, outline, connected, problems } = reading
  if (config !== undefined && problems.length === 0) return planTopology(config)
  throw planErrors('CONFIG_INVALID', [...problems, ...graphProblems(outline, connected)])
}

function graphProblems(nodes: readonly GraphNode[], connected: boolean): GraphProblem[] {
  return [...cycleProblems(nodes), ...(connected ? orphanProblems(nodes) : [])]
}

function planErrors(code: ErrorCode, problems: readonly GraphProblem[]): MillraceError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
  return fatalError(code, lines.join('\n'), { facts: { problems: sorted } })
}

function planOf(config: Plannable, ownTopics: readonly OwnTopic[]): TopologyPlan {
  const { name, description, file, errors, budget, commitInterval } = config
  const {
    delivery = 'at-least-once',
    critical = false,
    foreignMetadata = 'stop',
    sectionPositions = {},
  } = config
  const parts = componentsOf(config.nodes)
  const nodes = new Map(config.nodes.map((node) => [node.name, planNode(node)]))
  const isCritical = (source: string): boolean => critical || isCriticalSource(nodes.get(source)!)
  const subTopologies = parts.map(({ nodes: within, sources }, number) => {
    return { number, nodes: within, sources, critical: sources.some(isCritical) }
  })
  const settings = { delivery, errors, budget, commitInterval, foreignMetadata, sectionPositions }
  return { name, description, file, nodes, subTopologies, ownTopics, ...settings }
}

function isCriticalSource(node: PlanNode): boolean {
  return node.kind === 'source' && node.definition.critical?.(node.config) === true
}

function planNode(node: PlannableNode): PlanNode {
  const { kind, name, type, definition, config, position, fieldPositions = {} } = node
  const from = node.from.map(({ node: target, output, table }) => ({
    node: target,
    output,
    ...(table && { table }),
  }))
  return { kind, name, type, definition, config, from, position, fieldPositions } as PlanNode
}
