import { suggestion } from '../../engine/config/suggest.ts'
import { permanentError } from '../../engine/errors.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { TopicDescription } from '../../engine/kafka/admin-topics.ts'
import { outputFlag, usage } from '../command-line/flags.ts'
import { textTable } from '../terminal/text-table.ts'
import type { TopicsContext } from './context.ts'

/** `millrace topics list`. */
export async function listTopics({ admin, args }: TopicsContext): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const [, extra] = args.positionals
  if (extra !== undefined)
    throw usage(`topics list has no use for "${extra}": topics show ${extra} shows one.`)
  const all = [...(await admin.topics()).values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const topics = all.filter((topic) => args.values['all'] === true || !isInternal(topic)).map(summaryOf)
  if (format === 'json') args.out(JSON.stringify(topics))
  else {
    const rows = topics.map((one) => [
      one.topic,
      ...[one.partitions, one.replicas, one.outOfSync].map(String),
    ])
    for (const line of textTable(['topic', 'partitions', 'replicas', 'out of sync'], rows)) args.out(line)
    const hidden = all.length - topics.length
    if (hidden > 0) args.out(`\n${hidden} that topologies and Kafka keep for themselves: --all shows them.`)
  }
  return 0
}

function isInternal({ name, internal }: TopicDescription): boolean {
  return internal || /\.(parked|dlq|changelog|repartition)$/.test(name)
}

function summaryOf({ name, id, partitions }: TopicDescription) {
  return {
    topic: name,
    id,
    partitions: partitions.length,
    replicas: Math.max(0, ...partitions.map(({ replicas }) => replicas.length)),
    /** Partitions of which a replica lags behind, or that have no leader. */
    outOfSync: partitions.filter(
      ({ replicas, inSync, leader }) => leader < 0 || inSync.length < replicas.length,
    ).length,
  }
}

/** `millrace topics show TOPIC`. */
export async function showTopic({ admin, args }: TopicsContext): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const [, name, extra] = args.positionals
  if (name === undefined || extra !== undefined)
    throw usage('topics show needs the name of one topic: millrace topics show audit-events --env local.')
  const topic = (await admin.topics([name])).get(name)
  if (topic === undefined) {
    const names = [...(await admin.topics()).keys()].sort()
    throw permanentError('TOPIC_UNKNOWN', `Kafka has no topic ${name}${suggestion(name, names)}`)
  }
  const shown = await detailsOf(admin, topic)
  if (format === 'json') args.out(JSON.stringify(shown))
  else for (const line of detailLines(shown)) args.out(line)
  return 0
}

async function detailsOf(admin: KafkaAdmin, { name, id, partitions }: TopicDescription) {
  const places = partitions.map((_, partition) => ({ topic: name, partition }))
  const [settings, first, end] = await Promise.all([
    admin.settings([name]),
    admin.offsets(places, 'earliest', 'read_uncommitted'),
    admin.offsets(places, 'latest', 'read_uncommitted'),
  ])
  const own = [...(settings.get(name) ?? [])].filter((entry) => entry[1].own)
  return {
    topic: name,
    id,
    settings: Object.fromEntries(own.map(([key, { value }]) => [key, value])),
    partitions: partitions.map((one, partition) => ({
      partition,
      ...one,
      first: first[partition] ?? 0,
      end: end[partition] ?? 0,
    })),
  }
}

function detailLines({ topic, id, settings, partitions }: Awaited<ReturnType<typeof detailsOf>>): string[] {
  const rows = partitions.map((one) => [
    String(one.partition),
    one.leader < 0 ? 'none' : String(one.leader),
    one.replicas.join(','),
    one.inSync.join(','),
    String(one.first),
    String(one.end),
  ])
  const set = Object.entries(settings).map(([key, value]) => `  ${key}=${value ?? '(hidden)'}`)
  const headings = ['partition', 'leader', 'replicas', 'in sync', 'first', 'end']
  return [`${topic}  (${id})`, ...set, '', ...textTable(headings, rows)]
}
