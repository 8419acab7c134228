// Topics and groups of a test, on any cluster.

import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type AclOperationLabel, type Admin } from '@platformatic/kafka'
import { untilAllowed, untilConfigured, untilEnded } from './kafka-settled.ts'
import { askMetadata, type Metadata } from './kafka-wire.ts'

export interface TopicOptions {
  /** 1 by default. */
  partitions?: number
  /** That of the broker's default by default: 1 with one broker, 3 with three. */
  replicationFactor?: number
  configs?: Readonly<Record<string, string | number | boolean>>
}

/** What a user may do with a resource: names of operations as Kafka has them. */
export interface Right {
  readonly resource: 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID'
  /** `*` = all of that kind. A cluster has no other name than `kafka-cluster`. */
  readonly name: string
  /** Whether `name` is how names begin. */
  readonly prefix?: boolean
  readonly operations: readonly AclOperationLabel[]
}

/** What a test does to the topics and groups of a cluster. */
export interface KafkaAdmin {
  /** Resolves when every broker knows the leaders of all partitions, and all replicas are in sync. */
  createTopic(name: string, options?: TopicOptions): Promise<void>
  /** Resolves when no broker knows the topic any longer. */
  deleteTopic(name: string): Promise<void>
  /** Sets some settings of a topic; null restores the default. Resolves when every broker tells of them. */
  alterTopicConfig(
    name: string,
    configs: Readonly<Record<string, string | number | boolean | null>>,
  ): Promise<void>
  /** Resolves when every live broker sees all replicas of the topic in sync: after a broker came back. */
  inSync(name: string): Promise<void>
  /** Lets a user do this; only where the cluster was started with `acls`. Resolves when every broker does. */
  allow(user: string, rights: readonly Right[]): Promise<void>
  /**
   * Resolves when readers of committed records, and groups, see what was committed or aborted before under the ids given out: brokers
   * answer a commit before it is in the partitions. What is open is not waited for.
   */
  untilEnded(): Promise<void>
  /** A name that no other test has, with a mark by which `reset` finds it. Does not make the topic. */
  uniqueTopic(prefix?: string): string
  /** The same for a consumer group or a transactional id. */
  uniqueGroup(prefix?: string): string
  /** Deletes all topics and empty groups whose names contain one of the names given out: derived ones too. */
  reset(): Promise<void>
}

/** @param addresses  host:port of the brokers, apart by commas */
export function kafkaAdmin(addresses: string): KafkaAdmin {
  const bootstrap = addresses.split(',')
  const mark = randomBytes(4).toString('hex')
  let count = 0
  const unique = (prefix: string) => `${prefix}-${mark}-${(count += 1)}`
  return {
    createTopic: (name, options) => createTopic(bootstrap, name, options),
    deleteTopic: (name) => deleteTopics(bootstrap, [name]),
    alterTopicConfig: (name, configs) => alterTopic(bootstrap, name, configs),
    inSync: (name) => untilTopic(bootstrap, name, (topic) => isComplete(topic)),
    allow: (user, rights) => allow(bootstrap, user, rights),
    untilEnded: async () => untilEnded(await liveBrokers(bootstrap), mark),
    uniqueTopic: (prefix = 'topic') => unique(prefix),
    uniqueGroup: (prefix = 'group') => unique(prefix),
    reset: () => reset(bootstrap, mark),
  }
}

type Topic = Metadata['topics'][number]

async function withAdmin<T>(bootstrap: string[], use: (admin: Admin) => Promise<T>): Promise<T> {
  const { Admin } = await import('@platformatic/kafka')
  const admin = new Admin({ clientId: 'millrace-test-kit', bootstrapBrokers: bootstrap, retries: 5 })
  try {
    return await use(admin)
  } finally {
    await admin.close()
  }
}

async function createTopic(bootstrap: string[], name: string, options: TopicOptions = {}): Promise<void> {
  const { partitions = 1, replicationFactor = -1, configs = {} } = options
  await withAdmin(bootstrap, (admin) =>
    admin.createTopics({
      topics: [name],
      partitions,
      replicas: replicationFactor,
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
    }),
  )
  await untilTopic(bootstrap, name, (topic) => topic.partitions.length === partitions && isComplete(topic))
}

async function deleteTopics(bootstrap: string[], names: string[]): Promise<void> {
  if (names.length === 0) return
  await withAdmin(bootstrap, (admin) => admin.deleteTopics({ topics: names }))
  const unknown = 3
  for (const name of names) await untilTopic(bootstrap, name, (topic) => topic.error === unknown)
}

async function alterTopic(
  bootstrap: string[],
  name: string,
  configs: Readonly<Record<string, string | number | boolean | null>>,
): Promise<void> {
  const [topic, set, restore] = [2, 0, 1] as const
  const changes = Object.entries(configs).map(([key, value]) =>
    value === null
      ? { name: key, configOperation: restore }
      : { name: key, configOperation: set, value: String(value) },
  )
  await withAdmin(bootstrap, (admin) =>
    admin.incrementalAlterConfigs({
      resources: [{ resourceType: topic, resourceName: name, configs: changes }],
    }),
  )
  await untilConfigured(await liveBrokers(bootstrap), name, configs)
}

async function allow(bootstrap: string[], user: string, rights: readonly Right[]): Promise<void> {
  const { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } =
    await import('@platformatic/kafka')
  const creations = rights.flatMap(({ resource, name, prefix = false, operations }) =>
    operations.map((operation) => ({
      resourceType: ResourceTypes[resource],
      resourceName: name,
      resourcePatternType: prefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${user}`,
      host: '*',
      operation: AclOperations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  )
  await withAdmin(bootstrap, (admin) => admin.createAcls({ creations }))
  await untilAllowed(await liveBrokers(bootstrap), creations)
}

async function reset(bootstrap: string[], mark: string): Promise<void> {
  const names = await withAdmin(bootstrap, async (admin) => {
    const groups = [...(await admin.listGroups()).keys()].filter((group) => group.includes(mark))
    // A group that still has members stays: its name comes never again.
    for (const group of groups) await admin.deleteGroups({ groups: [group] }).catch(() => undefined)
    return (await admin.listTopics()).filter((topic) => topic.includes(mark))
  })
  await deleteTopics(bootstrap, names)
}

const isComplete = (topic: Topic): boolean =>
  topic.error === 0 &&
  topic.partitions.every((one) => one.leader >= 0 && one.inSync.length === one.replicas.length)

/** Asks all live brokers, one by one, until each of them sees the topic as wanted. */
async function untilTopic(
  bootstrap: string[],
  name: string,
  wanted: (topic: Topic) => boolean,
): Promise<void> {
  const deadline = Date.now() + 30_000
  let seen = 'no broker answers'
  while (Date.now() < deadline) {
    const answers = await Promise.allSettled((await liveBrokers(bootstrap)).map((at) => ask(at, [name])))
    const topics = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.topics : []))
    if (topics.length > 0 && topics.length === answers.length && topics.every(wanted)) return
    if (topics.length > 0) seen = JSON.stringify(topics)
    await wait(20)
  }
  throw new Error(`test servers: topic ${name} did not become what it should within 30 s: ${seen}`)
}

/** The brokers that are alive in the eyes of the first that answers. */
async function liveBrokers(bootstrap: string[]): Promise<string[]> {
  for (const address of bootstrap) {
    const answer = await ask(address, []).catch(() => undefined)
    if (answer !== undefined) return answer.brokers.map((broker) => `${broker.host}:${broker.port}`)
  }
  return []
}

function ask(address: string, topics: string[]): Promise<Metadata> {
  const colon = address.lastIndexOf(':')
  return askMetadata(Number(address.slice(colon + 1)), { host: address.slice(0, colon), topics })
}
