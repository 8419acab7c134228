import type { TopicDescription, TopicSetting } from '../../engine/kafka/admin-topics.ts'
import type { WantedTopic } from './wanted.ts'

/** What is to be done about a topic. */
export interface TopicStep {
  readonly topic: string
  readonly action: 'create' | 'change' | 'unchanged' | 'refused'
  readonly reasons: readonly string[]
  /** How it will be. */
  readonly partitions: number
  readonly replication: number
  /** `create`: all settings; `change`: those that differ. */
  readonly settings: Readonly<Record<string, string>>
  /** What differs, a line each: `retention.ms: 86400000 → 604800000`. */
  readonly changes: readonly string[]
  /** Why it cannot be done: sentences. */
  readonly refusals: readonly string[]
  /** What is otherwise than anybody says, and stays so. */
  readonly drift: readonly string[]
}

/** What there is in Kafka. */
export interface ActualTopics {
  readonly topics: ReadonlyMap<string, TopicDescription>
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, TopicSetting>>
  /** How many brokers there are. */
  readonly brokers: number
}

/** Compares what is wanted with what there is. */
export function planTopics(wanted: readonly WantedTopic[], actual: ActualTopics): TopicStep[] {
  const byName = new Map(wanted.map((topic) => [topic.name, topic]))
  return wanted.map((topic) => {
    const partitions = partitionsOf(topic, byName, actual)
    const there = actual.topics.get(topic.name)
    return there === undefined
      ? creation(topic, partitions, actual)
      : comparison(topic, partitions, there, actual)
  })
}

/** How many partitions a topic is to have; what nobody declares stays as it is. */
function partitionsOf(
  topic: WantedTopic,
  wanted: ReadonlyMap<string, WantedTopic>,
  actual: ActualTopics,
): number {
  const { partitions } = topic
  const there = actual.topics.get('as' in partitions ? partitions.as : topic.name)?.partitions.length
  if ('count' in partitions) return partitions.declared ? partitions.count : (there ?? partitions.count)
  const model = wanted.get(partitions.as)
  if (model !== undefined) return Math.max(partitionsOf(model, wanted, actual), there ?? 0)
  return there ?? 1
}

function creation(topic: WantedTopic, partitions: number, { brokers }: ActualTopics): TopicStep {
  const { count: replication } = topic.replication
  const few = `replication ${replication} needs as many brokers, and there are ${brokers}.`
  return {
    ...same(topic, partitions, replication),
    action: replication > brokers ? 'refused' : 'create',
    settings: topic.settings,
    refusals: replication > brokers ? [few] : [],
  }
}

function comparison(
  topic: WantedTopic,
  partitions: number,
  there: TopicDescription,
  actual: ActualTopics,
): TopicStep {
  const has = actual.settings.get(topic.name) ?? new Map<string, TopicSetting>()
  const count = there.partitions.length
  const replication = Math.min(...there.partitions.map(({ replicas }) => replicas.length))
  const different = Object.entries(topic.settings).filter(
    ([name, value]) => !equal(name, has.get(name)?.value, value),
  )
  const changes = different.map(([name, value]) => `${name}: ${has.get(name)?.value ?? 'unknown'} → ${value}`)
  if (partitions > count) changes.unshift(`partitions: ${count} → ${partitions}`)
  const refusals = refusalsOf(topic, partitions, count, replication)
  const action = refusals.length > 0 ? 'refused' : changes.length > 0 ? 'change' : 'unchanged'
  const drift = driftOf(topic, replication, has)
  const settings = Object.fromEntries(different)
  return { ...same(topic, partitions, replication), action, settings, changes, refusals, drift }
}

function same(topic: WantedTopic, partitions: number, replication: number): TopicStep {
  const { name, reasons } = topic
  const nothing = { settings: {}, changes: [], refusals: [], drift: [] }
  return { topic: name, action: 'unchanged', reasons, partitions, replication, ...nothing }
}

function refusalsOf(topic: WantedTopic, partitions: number, count: number, replication: number): string[] {
  const refusals: string[] = []
  if (partitions < count)
    refusals.push(
      `it has ${count} partitions, and Kafka takes none away: say ${count}, or make another topic.`,
    )
  if (partitions > count && topic.stateful.length > 0)
    refusals.push(
      `with ${partitions} partitions instead of ${count}, keys would move away from the state of ${topic.stateful.join(', ')}: ` +
        'make another topic and copy the records.',
    )
  if (topic.replication.declared && replication !== topic.replication.count)
    refusals.push(
      `it is kept on ${replication} brokers, not on ${topic.replication.count}: kafka-reassign-partitions changes that.`,
    )
  return refusals
}

function driftOf(topic: WantedTopic, replication: number, has: ReadonlyMap<string, TopicSetting>): string[] {
  const drift: string[] = []
  if (!topic.replication.declared && replication !== topic.replication.count)
    drift.push(`kept on ${replication} brokers; the environment says ${topic.replication.count}`)
  if (!topic.catalogued) return drift
  for (const [name, { value, own }] of has)
    if (own && !Object.hasOwn(topic.settings, name))
      drift.push(`${name} is ${value ?? 'hidden'}, which the catalogue does not say`)
  return drift
}

/** Lists have no order. */
function equal(name: string, actual: string | null | undefined, wanted: string): boolean {
  if (name !== 'cleanup.policy') return actual === wanted
  const words = (text: string): string =>
    text
      .split(',')
      .map((word) => word.trim())
      .sort()
      .join()
  return words(actual ?? '') === words(wanted)
}
