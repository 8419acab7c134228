import { suggestion } from '../engine/config/suggest.ts'
import { permanentError } from '../engine/errors.ts'
import type { TopicDescription } from '../engine/kafka/admin-topics.ts'
import { outputFlag, usage } from './flags.ts'
import { textTable } from './text-table.ts'
import type { TopicsContext } from './topics-context.ts'

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
  return internal || /\.(parked|dlq|changelog)$/.test(name)
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
  const places = topic.partitions.map((_, partition) => ({ topic: name, partition }))
  const [settings, first, end] = await Promise.all([
    admin.settings([name]),
    admin.offsets(places, 'earliest', 'read_uncommitted'),
    admin.offsets(places, 'latest', 'read_uncommitted'),
  ])
  const own = [...(settings.get(name) ?? [])].filter((entry) => entry[1].own)
  const partitions = topic.partitions.map((one, partition) => ({
    partition,
    leader: one.leader,
    replicas: one.replicas,
    inSync: one.inSync,
    first: first[partition] ?? 0,
    end: end[partition] ?? 0,
  }))
  const values = Object.fromEntries(own.map(([key, { value }]) => [key, value]))
  if (format === 'json') {
    args.out(JSON.stringify({ topic: name, id: topic.id, settings: values, partitions }))
    return 0
  }
  args.out(`${name}  (${topic.id})`)
  for (const [key, value] of Object.entries(values)) args.out(`  ${key}=${value ?? '(hidden)'}`)
  args.out('')
  const rows = partitions.map((one) => [
    String(one.partition),
    one.leader < 0 ? 'none' : String(one.leader),
    one.replicas.join(','),
    one.inSync.join(','),
    String(one.first),
    String(one.end),
  ])
  for (const line of textTable(['partition', 'leader', 'replicas', 'in sync', 'first', 'end'], rows))
    args.out(line)
  return 0
}
