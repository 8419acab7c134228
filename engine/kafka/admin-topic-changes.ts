import type { Broker } from '@platformatic/kafka'
import type { AdminConnection } from './admin-connection.ts'
import { isAnswer } from './admin-errors.ts'
import { brokersOf, describeTopics, topicResource, topicSettings, topicsText } from './admin-topics.ts'
import { waitUntil } from './bounded-wait.ts'

// The controller answers for a change once it is in the log of the cluster's metadata (KIP-631); the brokers apply that log
// a moment later, each for itself, and answer as before until then. Whoever changes and then looks would be told what was.
// So each change waits until all brokers tell of it.

/** How long a change is waited for where the broker lags behind. It is made all the same, so there is no error then. */
const patience = { withinMs: 5000, lookAgainMs: 20 }

const setValue = 0
const restoreDefault = 1

export interface NewTopic {
  /** The broker's default if not given. */
  readonly partitions?: number
  readonly replication?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** Makes a topic; false if there was one already, which stays as it is. */
export async function createTopic(
  connection: AdminConnection,
  name: string,
  topic: NewTopic,
): Promise<boolean> {
  const { partitions = -1, replication = -1, configs = {} } = topic
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  const made = await connection.ask(`The topic ${name} cannot be made`, 'Create', async (admin) => {
    try {
      await admin.createTopics({ topics: [name], partitions, replicas: replication, configs: entries })
      return true
    } catch (error) {
      if (isAnswer(error, 'TOPIC_ALREADY_EXISTS')) return false
      throw error
    }
  })
  if (made)
    await untilSeen(connection, async (broker) =>
      (await describeTopics(connection, [name], broker)).has(name),
    )
  return made
}

/** Gives a topic more partitions. Keys that were in one partition are then spread anew. */
export async function addPartitions(connection: AdminConnection, name: string, total: number): Promise<void> {
  await connection.ask(`The topic ${name} cannot get ${total} partitions`, 'Alter', (admin) =>
    admin.createPartitions({ topics: [{ name, count: total }] }),
  )
  await untilSeen(connection, async (broker) => {
    const described = (await describeTopics(connection, [name], broker)).get(name)
    return described === undefined || described.partitions.length >= total
  })
}

/** Sets settings of a topic; null restores the broker's default. What is not named stays. */
export async function alterTopic(
  connection: AdminConnection,
  name: string,
  changes: Readonly<Record<string, string | null>>,
): Promise<void> {
  const entries = Object.entries(changes)
  const configs = entries.map(([key, value]) =>
    value === null
      ? ({ name: key, configOperation: restoreDefault } as const)
      : ({ name: key, configOperation: setValue, value } as const),
  )
  if (configs.length === 0) return
  await connection.ask(`The settings of the topic ${name} cannot be changed`, 'AlterConfigs', (admin) =>
    admin.incrementalAlterConfigs({
      resources: [{ resourceType: topicResource, resourceName: name, configs }],
    }),
  )
  await untilSeen(connection, async (broker) => {
    const settings = (await topicSettings(connection, [name], broker)).get(name)
    return entries.every(([key, value]) => {
      const now = settings?.get(key)
      return value === null ? now?.own !== true : now?.value === value
    })
  })
}

/** Deletes topics, for good. */
export async function deleteTopics(connection: AdminConnection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const before = await describeTopics(connection, names)
  await connection.ask(`${topicsText(names)} cannot be deleted`, 'Delete', (admin) =>
    admin.deleteTopics({ topics: [...names] }),
  )
  // One of another id was made anew in between.
  await untilSeen(connection, async (broker) => {
    const now = await describeTopics(connection, [...before.keys()], broker)
    return [...now].every(([name, { id }]) => id !== before.get(name)?.id)
  })
}

async function untilSeen(
  connection: AdminConnection,
  seen: (broker: Broker) => Promise<boolean>,
): Promise<void> {
  // Who cannot look (no right to, or the broker is away now) has made the change all the same.
  const brokers = await brokersOf(connection).catch(() => [])
  await Promise.all(brokers.map((broker) => waitUntil(() => seen(broker), patience)))
}
