import type { Log } from '../component/contracts/log.ts'
import type { SinkWriter } from '../component/contracts/sink.ts'
import type { SourceReader } from '../component/contracts/reader.ts'
import { isOperator, type Operator } from '../component/operator.ts'
import { noResources } from '../component/resources.ts'
import { fatalError, MillraceError, sentenceOf } from '../errors.ts'
import { globalTables, largestLetter } from '../topology/plan-facts.ts'
import type {
  ProcessorNode,
  SinkNode,
  SourceNode,
  SubTopology,
  TopologyPlan,
} from '../topology/plan-types.ts'
import { GlobalTables, type GlobalTablesOptions } from './global-tables.ts'
import { deadLetterTopic, parkedTopic } from './letters.ts'
import { checkedWriter } from './sink-answers.ts'
import type { TaskSource } from './task-options.ts'
import type { Environment } from './worker-options.ts'

/** A source that is open. */
export interface OpenSource extends TaskSource {
  readonly reader: SourceReader
}

/** The components of a topology, opened for one session. */
export interface SessionParts {
  readonly sources: readonly OpenSource[]
  readonly writers: ReadonlyMap<string, SinkWriter>
  readonly globals: GlobalTables
  source(node: string): OpenSource
  operators(node: ProcessorNode): readonly Operator[]
  /** Makes the topics that a task parks its records in. */
  prepareParking(sub: SubTopology, partition: number): Promise<void>
  close(): Promise<void>
}

/** Opens sinks first and sources last, so that nothing comes in before it can go out. */
export async function openSessionParts(options: GlobalTablesOptions): Promise<SessionParts> {
  const { plan, environment, log } = options
  const writers = new Map<string, SinkWriter>()
  const sources: OpenSource[] = []
  const globals = new Set(globalTables(plan))
  let tables: GlobalTables | undefined
  const close = async (): Promise<void> => {
    tables?.close()
    for (const { reader } of sources) await reader.close()
    for (const writer of writers.values()) await writer.close()
  }
  try {
    for (const node of plan.nodes.values()) {
      if (node.kind === 'sink') writers.set(node.name, await openSink(plan, node, environment, log))
    }
    tables = await GlobalTables.open(options)
    for (const node of plan.nodes.values()) {
      if (node.kind === 'source' && !globals.has(node.name))
        sources.push(await openSource(plan, node, environment, log))
    }
  } catch (error) {
    await close()
    throw error
  }
  const source = (name: string): OpenSource => sources.find(({ node }) => node === name)!
  return {
    sources,
    writers,
    globals: tables,
    source,
    close,
    operators: (node) => createOperators(plan, node, environment),
    prepareParking: parkingPreparer(plan, log, source),
  }
}

async function openSink(
  plan: TopologyPlan,
  node: SinkNode,
  environment: Environment,
  log: Log,
): Promise<SinkWriter> {
  const { clock, tables, schemas, print } = environment
  const writer = await node.definition.open(node.config, {
    clock,
    log,
    tables,
    critical: plan.subTopologies.some((sub) => sub.critical && sub.nodes.includes(node.name)),
    schemas,
    print,
    topology: plan.name,
    node: node.name,
  })
  return checkedWriter(node.name, writer)
}

async function openSource(
  plan: TopologyPlan,
  node: SourceNode,
  environment: Environment,
  log: Log,
): Promise<OpenSource> {
  const { definition, config, name } = node
  const { clock, schemas } = environment
  const topics = definition.topics(config, { topology: plan.name, node: name })
  const topic = topics[0]
  if (topic === undefined || topics.length > 1) {
    throw fatalError('PLAN_INVALID', `Source ${name} reads ${topics.length} topics; a source reads one.`)
  }
  const codec = await definition.codec(config, schemas)
  const notes = environment.notes(plan.name, name)
  const critical = plan.subTopologies.some((sub) => sub.critical && sub.sources.includes(name))
  const reader = await definition.open(config, { clock, log, notes, critical, group: plan.name, node: name })
  const spent = reader.spent && { spent: reader.spent.bind(reader) }
  return { node: name, topic, codec, eventTime: definition.eventTime?.(config), reader, ...spent }
}

function createOperators(
  plan: TopologyPlan,
  node: ProcessorNode,
  environment: Environment,
): readonly Operator[] {
  const { clock, tables } = environment
  const context = { ...noResources, topology: plan.name, node: node.name, clock, tables }
  const made = node.definition.create(node.config, context)
  const operators: readonly unknown[] = Array.isArray(made) ? made : [made]
  if (operators.length > 0 && operators.every(isOperator)) return operators
  throw fatalError(
    'PLAN_INVALID',
    `Processor ${node.type} (node ${node.name}) returned something that is not an operator of the door: ` +
      'compose keep, mapValue, flatMap and the others; a bare RxJS operator would lose track of its records.',
  )
}

/** Makes the topics that records are parked in, as many partitions as the source has; each source once. */
function parkingPreparer(
  plan: TopologyPlan,
  log: Log,
  sourceOf: (node: string) => OpenSource,
): SessionParts['prepareParking'] {
  const prepared = new Map<string, Promise<void>>()
  const prepare = async (topic: string, partition: number): Promise<void> => {
    const partitions = (await log.partitionsOf(topic)) ?? partition + 1
    const options = { partitions, recordBytes: largestLetter }
    await log.ensureTopic(parkedTopic(plan.name, topic), options)
    await log.ensureTopic(deadLetterTopic(topic), options)
  }
  return async (sub, partition) => {
    for (const node of sub.sources) {
      const { topic } = sourceOf(node)
      const preparing = prepared.get(topic) ?? prepare(topic, partition)
      prepared.set(topic, preparing)
      // What failed is tried again by whoever comes next.
      await preparing.catch((error: unknown) => {
        prepared.delete(topic)
        throw error
      })
    }
  }
}

/** The error for a source that failed: its own, or one for what nobody foresaw. */
export function sourceDefect(source: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return fatalError('SOURCE_FAILED', `Source ${source} cannot be read: ${sentenceOf(error)}`, {
    cause: error,
  })
}
