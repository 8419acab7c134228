import { majorOf, newestOf } from '../component/majors.ts'
import type { OutputRef, PlanNode, ProcessorNode, SinkNode, SourceNode, TopologyPlan } from './plan-types.ts'

/** Questions about who feeds whom in a plan. */
export class PlanGraph {
  readonly #plan: TopologyPlan
  readonly #upstream = new Map<string, readonly PlanNode[]>()

  constructor(plan: TopologyPlan) {
    this.#plan = plan
  }

  get sources(): SourceNode[] {
    return this.#all().filter((node) => node.kind === 'source')
  }

  /** The sources whose records flow: all but those that are read as tables. */
  get streams(): SourceNode[] {
    const edges = this.#all().flatMap(({ from }) => from)
    const tables = new Set(edges.filter(({ table }) => table !== undefined).map(({ node }) => node))
    return this.sources.filter(({ name }) => !tables.has(name))
  }

  get processors(): ProcessorNode[] {
    return this.#all().filter((node) => node.kind === 'processor')
  }

  get sinks(): SinkNode[] {
    return this.#all().filter((node) => node.kind === 'sink')
  }

  /** Processors of one type. */
  ofType(type: string): ProcessorNode[] {
    return this.processors.filter((node) => node.type === type)
  }

  /** Who reads an output of a node. */
  readers(name: string, output: string | undefined): PlanNode[] {
    const isRead = (from: OutputRef): boolean =>
      from.node === name && from.output === output && from.table === undefined
    return this.#all().filter(({ from }) => from.some(isRead))
  }

  /** The nodes that feed a node, directly; a table feeds nobody. */
  feeders(node: PlanNode): PlanNode[] {
    return node.from
      .filter(({ table }) => table === undefined)
      .map(({ node: name }) => this.#plan.nodes.get(name)!)
  }

  /** All nodes whose records come to a node, on whatever way; without itself, nearest first. */
  upstream(node: PlanNode): readonly PlanNode[] {
    let found = this.#upstream.get(node.name)
    if (found === undefined) {
      const feeders = this.feeders(node)
      found = [...new Set([...feeders, ...feeders.flatMap((feeder) => this.upstream(feeder))])]
      this.#upstream.set(node.name, found)
    }
    return found
  }

  /** The sources whose records come to a node. */
  sourcesOf(node: PlanNode): SourceNode[] {
    return [...this.upstream(node), node].filter((one) => one.kind === 'source')
  }

  /**
   * The sources from which a way leads to the node on which no dedupe stands. Where outputs are exactly once, the way
   * through a topic of the topology's own repeats nothing.
   */
  undeduped(node: PlanNode): SourceNode[] {
    const { delivery, ownTopics, nodes } = this.#plan
    const own = delivery === 'exactly-once' ? ownTopics.find(({ source }) => source === node.name) : undefined
    if (own !== undefined) return this.undeduped(nodes.get(own.sink)!)
    if (node.kind === 'source') return [node]
    if (isDedupe(node)) return []
    return [...new Set(this.feeders(node).flatMap((feeder) => this.undeduped(feeder)))]
  }

  /** True for a sink that writes for another part of its own topology. */
  writesOwnTopic(sink: SinkNode): boolean {
    return this.#plan.ownTopics.some((own) => own.sink === sink.name)
  }

  /**
   * The dedupes whose side outputs lead to a node: what comes from there is none of the records that they let through.
   */
  asideOf(node: PlanNode): PlanNode[] {
    const aside = node.from.flatMap(({ node: name, output, table }) => {
      const feeder = this.#plan.nodes.get(name)!
      if (table !== undefined) return []
      if (!isDedupe(feeder)) return this.asideOf(feeder)
      return output === undefined ? [] : [feeder]
    })
    return [...new Set(aside)]
  }

  #all(): PlanNode[] {
    return [...this.#plan.nodes.values()]
  }
}

/** True for the processor that knows duplicates. */
export function isDedupe(node: PlanNode): boolean {
  return node.kind === 'processor' && node.type === 'dedupe'
}

/** True for sinks that are looked at and forgotten: what they show twice harms nobody. */
export function isForPeople(node: PlanNode): boolean {
  return node.kind === 'sink' && (node.type === 'console' || node.type === 'probe')
}

/** A setting that is a text. */
export function textSetting(node: PlanNode, name: string): string | undefined {
  const value = node.config[name]
  return typeof value === 'string' ? value : undefined
}

/** A setting that is a text or a list of texts; empty where it is not given. */
export function textsSetting(node: PlanNode, name: string): readonly string[] {
  return [node.config[name] ?? []].flat().filter((text) => typeof text === 'string')
}

/** The record types that a node names, each with the setting that names it. */
export function schemasNamed(node: PlanNode): (readonly [field: string, schema: string])[] {
  const listed = textsSetting(node, 'schema').map((schema) => ['schema', schema] as const)
  const outputs = Object.values(recordSetting(node, 'schemas')).flat() as string[]
  return [...listed, ...outputs.map((schema) => ['schemas', schema] as const)]
}

/** What an upcast or downcast makes of records with these names: by the name of each, where it is another. */
export function castTargets(node: PlanNode, names: readonly string[]): ReadonlyMap<string, string> {
  const newest = newestOf(names)
  const targets = node.type === 'upcast' ? [...newest.values()] : textsSetting(node, 'schema')
  const byFamily = new Map(targets.map((name) => [majorOf(name).family, name]))
  const all = names.flatMap((name): (readonly [string, string])[] => {
    const to = byFamily.get(majorOf(name).family)
    const changes = to !== undefined && (node.type === 'upcast' || majorOf(to).major < majorOf(name).major)
    return changes && to !== name ? [[name, to]] : []
  })
  return new Map(all)
}

/** The first topic that a source names. */
export function topicSetting(node: PlanNode): string | undefined {
  return textsSetting(node, 'topic')[0]
}

/** A setting that is a number. */
export function numberSetting(node: PlanNode, name: string): number | undefined {
  const value = node.config[name]
  return typeof value === 'number' ? value : undefined
}

/** A setting that is an object, by key; empty where it is not given. */
export function recordSetting(node: PlanNode, name: string): Readonly<Record<string, unknown>> {
  const value = node.config[name]
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The topics that a source reads. */
export function topicsOf(plan: TopologyPlan, node: SourceNode): readonly string[] {
  return node.definition.topics(node.config, { topology: plan.name, node: node.name })
}

/** The tables that a sink writes, with those for some of its records only. */
export function tablesOf(node: SinkNode): string[] {
  const main = node.definition.table?.(node.config)
  const variants = Object.values(
    (recordSetting(node, 'variants').when ?? {}) as Record<string, { table?: string }>,
  )
  return [...new Set([main, ...variants.map(({ table }) => table)])].filter((table) => table !== undefined)
}
