import type { CatalogueTopic } from '../../engine/config/catalogue.ts'
import {
  drivesOf,
  largestLetter,
  sourceTopic,
  storesOf as storesOfSub,
} from '../../engine/topology/plan-facts.ts'
import type { OwnTopic, TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { InternalNames } from '../../engine/topology/structure.ts'
import { topicsFollowed, topicsRead, topicsWritten } from '../run/topologies.ts'

/** A topic as it is meant to be. What is undefined is nobody's concern. */
export interface WantedTopic {
  readonly name: string
  /** Who wants it, for people: `the catalogue`, `audit-store reads it`. */
  readonly reasons: readonly string[]
  /** How many partitions, or the topic that it has as many as. */
  readonly partitions: { readonly count: number; readonly declared: boolean } | { readonly as: string }
  readonly replication: { readonly count: number; readonly declared: boolean }
  /** Kafka's settings by name. */
  readonly settings: Readonly<Record<string, string>>
  /** Of the catalogue: settings that it does not name are worth a word. */
  readonly catalogued: boolean
  /** Topologies with state that rests on how its keys are spread over partitions. */
  readonly stateful: readonly string[]
}

/** What topics are like where nobody says more. */
export interface TopicDefaults {
  readonly partitions: number
  readonly replication: number
  readonly minInsync?: number
  /** No topic is kept on more brokers, whatever the catalogue says. */
  readonly replicationAtMost?: number
}

/** What says which topics there are to be. */
export interface TopicSources {
  readonly plans: readonly TopologyPlan[]
  readonly catalogue: ReadonlyMap<string, CatalogueTopic>
  /** Whether all that the catalogue names is wanted, or only what the topologies use. */
  readonly whole: boolean
  readonly defaults: TopicDefaults
  readonly names: InternalNames
}

/** What letters and state are kept in: for ever, since nobody else has it. */
const forever = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
const letters = { ...forever, 'max.message.bytes': String(largestLetter) }
// Deletions stay readable for a week, for workers whose local copy of the state is older.
const compacted = { 'cleanup.policy': 'compact', 'delete.retention.ms': String(7 * 86_400_000) }

/** The topics that the catalogue names and that topologies read, write and keep for themselves, by name. */
export function wantedTopics(sources: TopicSources): WantedTopic[] {
  const wanted = new Collected(sources)
  if (sources.whole) for (const name of sources.catalogue.keys()) wanted.add(name, 'the catalogue')
  for (const plan of sources.plans) {
    const { name: group } = plan
    const read = topicsRead(plan).filter((topic) => !isPseudo(plan, topic))
    for (const topic of read) wanted.add(topic, `${group} reads it`)
    for (const topic of topicsWritten(plan)) wanted.add(topic, `${group} writes it`)
    for (const own of plan.ownTopics) wanted.own(plan, own)
    for (const topic of topicsFollowed(plan).filter((topic) => !isPseudo(plan, topic))) {
      wanted.keep(sources.names.parked(group, topic), topic, `${group} parks records in it`, letters)
      wanted.keep(sources.names.deadLetter(topic), topic, `${group} copies dead letters into it`, letters)
    }
    for (const { store, kind, driver } of storesOf(plan)) {
      wanted.rests(driver, group)
      const settings = kind === 'ids' ? forever : compacted
      wanted.keep(sources.names.changelog(group, store), driver, `${group} keeps its state in it`, settings)
    }
  }
  return wanted.all()
}

interface StoreOfPlan {
  readonly store: string
  readonly kind: 'ids' | 'keyValue'
  /** The topic whose partitions its tasks are made of. */
  readonly driver: string
}

/** The state stores of a topology, each with the topic that drives it. */
export function storesOf(plan: TopologyPlan): StoreOfPlan[] {
  const drives = drivesOf(plan)
  return plan.subTopologies.flatMap((sub, index) => {
    const driver = drives[index]?.[0]
    if (driver === undefined || isPseudo(plan, driver)) return []
    return storesOfSub(plan, sub).map(({ name, kind }) => ({ store: name, kind, driver }))
  })
}

/** Sources that read no topic name their partitions after themselves. */
function isPseudo(plan: TopologyPlan, topic: string): boolean {
  return [...plan.nodes.values()].every(
    (node) => node.type !== 'topic' || sourceTopic(plan, node.name) !== topic,
  )
}

class Collected {
  readonly #sources: TopicSources
  readonly #topics = new Map<string, WantedTopic>()

  constructor(sources: TopicSources) {
    this.#sources = sources
  }

  add(name: string, reason: string): void {
    const known = this.#topics.get(name)
    const topic = known ?? this.#declared(name)
    this.#topics.set(name, { ...topic, reasons: [...new Set([...topic.reasons, reason])] })
  }

  /** A topic of a topology's own, with as many partitions as the one that it belongs to. */
  keep(name: string, of: string, reason: string, settings: Readonly<Record<string, string>>): void {
    const { defaults } = this.#sources
    const known = this.#topics.get(name)
    this.#topics.set(name, {
      name,
      reasons: [...new Set([...(known?.reasons ?? []), reason])],
      partitions: { as: of },
      replication: { count: defaults.replication, declared: false },
      settings: { ...settings, ...minInsync(defaults.minInsync) },
      catalogued: false,
      stateful: [],
    })
  }

  /** A topic between two of its sub-topologies: it is deleted from when it is processed, and not by time. */
  own({ name: group }: TopologyPlan, { topic, partitions }: OwnTopic): void {
    const known = this.#topics.get(topic)!
    const count = partitions ?? this.#sources.defaults.partitions
    this.#topics.set(topic, {
      ...known,
      reasons: [`${group} sends records through it`],
      partitions: { count, declared: partitions !== undefined },
      settings: { ...forever, ...known.settings },
    })
  }

  rests(name: string, group: string): void {
    const topic = this.#topics.get(name)
    if (topic !== undefined) this.#topics.set(name, { ...topic, stateful: [...topic.stateful, group] })
  }

  all(): WantedTopic[] {
    return [...this.#topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #declared(name: string): WantedTopic {
    const { catalogue, defaults } = this.#sources
    const said = catalogue.get(name)
    return {
      name,
      reasons: [],
      partitions: {
        count: said?.partitions ?? defaults.partitions,
        declared: said?.partitions !== undefined,
      },
      replication: {
        count: Math.min(said?.replication ?? defaults.replication, defaults.replicationAtMost ?? Infinity),
        declared: said?.replication !== undefined,
      },
      settings: {
        ...minInsync(defaults.minInsync),
        ...(said && settingsOf(said, defaults.replicationAtMost)),
      },
      catalogued: said !== undefined,
      stateful: [],
    }
  }
}

function settingsOf(topic: CatalogueTopic, atMost = Infinity): Record<string, string> {
  const { minInsync: least, retention, cleanup, compression, recordLimit, settings = {} } = topic
  const named = Object.entries(settings).map(([name, value]) => [name, String(value)])
  return {
    ...minInsync(least === undefined ? undefined : Math.min(least, atMost)),
    ...(retention !== undefined && { 'retention.ms': String(retention === 'forever' ? -1 : retention) }),
    ...(cleanup !== undefined && { 'cleanup.policy': cleanup }),
    ...(compression !== undefined && { 'compression.type': compression }),
    ...(recordLimit !== undefined && { 'max.message.bytes': String(recordLimit) }),
    ...(Object.fromEntries(named) as Record<string, string>),
  }
}

function minInsync(least: number | undefined): Record<string, string> {
  return least === undefined ? {} : { 'min.insync.replicas': String(least) }
}
