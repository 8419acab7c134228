import type { TopicOptions } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { fatalError } from '../errors.ts'
import type { EmbeddedStore } from './store.ts'

const validName = /^[A-Za-z0-9._-]{1,249}$/
const mostPartitions = 1024

/** A topic of the store. Neither its partitions nor their ids ever change. */
export interface Topic {
  readonly id: number
  readonly name: string
  /** Row ids of the partitions, by their number. */
  readonly partitionIds: readonly number[]
  /** Undefined = for ever. */
  readonly retentionMs: number | undefined
}

/** The topics of a store; those that were seen once are remembered. */
export class TopicDirectory {
  readonly #store: EmbeddedStore
  readonly #known = new Map<string, Topic>()

  constructor(store: EmbeddedStore) {
    this.#store = store
  }

  /** The topic of that name, if there is one. */
  find(name: string): Topic | undefined {
    return this.#known.get(name) ?? this.#load(name)
  }

  /** The topic of that name; throws fatal TOPIC_UNKNOWN. */
  need(name: string): Topic {
    const topic = this.find(name)
    if (topic !== undefined) return topic
    const message = `There is no topic "${name}" in ${this.#store.path}: produce into it or create it first.`
    throw fatalError('TOPIC_UNKNOWN', message, { facts: { topic: name } })
  }

  /** The row id of a partition; throws fatal TOPIC_UNKNOWN. */
  needPartition({ topic: name, partition }: TopicPartition): number {
    const topic = this.need(name)
    const id = topic.partitionIds[partition]
    if (id !== undefined) return id
    const message = `Topic "${name}" has ${topic.partitionIds.length} partitions: there is no partition ${partition}.`
    throw fatalError('TOPIC_UNKNOWN', message, { facts: { topic: name, partition } })
  }

  /** All topics, by name. */
  list(): Topic[] {
    const rows = this.#store.prepare('SELECT name FROM millrace_topics ORDER BY name').all() as unknown as [
      string,
    ][]
    return rows.map(([name]) => this.need(name))
  }

  /** Makes the topic if there is none. Throws fatal CONFIG_INVALID for a bad name, or to grow an existing topic. */
  ensure(name: string, options: TopicOptions): Topic {
    checkOptions(name, options)
    const topic = this.find(name) ?? this.#store.write(() => this.find(name) ?? this.#create(name, options))
    this.#known.set(name, topic)
    const partitions = topic.partitionIds.length
    if ((options.partitions ?? 0) > partitions) {
      const problem = `Topic "${name}" has ${partitions} partitions and cannot grow to ${options.partitions}`
      const remedy = 'ask for what it has, or copy it into a new topic.'
      throw fatalError('CONFIG_INVALID', `${problem}, since keys would change their partition: ${remedy}`, {
        facts: { topic: name, partitions },
      })
    }
    return topic
  }

  #create(name: string, { partitions = 1, retentionMs }: TopicOptions): Topic {
    const insertTopic = this.#store.prepare(
      'INSERT INTO millrace_topics (name, partitions, retention_ms) VALUES (?, ?, ?) RETURNING id',
    )
    const [id] = insertTopic.get(name, partitions, retentionMs ?? null) as unknown as [number]
    const insertPartition = this.#store.prepare(
      'INSERT INTO millrace_partitions (topic, partition, first, next) VALUES (?, ?, 0, 0) RETURNING id',
    )
    const partitionIds = Array.from({ length: partitions }, (_, partition) => {
      return (insertPartition.get(id, partition) as unknown as [number])[0]
    })
    return { id, name, partitionIds, retentionMs }
  }

  #load(name: string): Topic | undefined {
    const find = this.#store.prepare('SELECT id, retention_ms FROM millrace_topics WHERE name = ?')
    const row = find.get(name) as unknown as [number, number | null] | undefined
    if (row === undefined) return undefined
    const [id, retention] = row
    const list = this.#store.prepare('SELECT id FROM millrace_partitions WHERE topic = ? ORDER BY partition')
    const partitionIds = (list.all(id) as unknown as [number][]).map(([partitionId]) => partitionId)
    const topic = { id, name, partitionIds, retentionMs: retention ?? undefined }
    // Inside a write transaction that may yet be rolled back, nothing is remembered.
    if (!this.#store.db.isTransaction) this.#known.set(name, topic)
    return topic
  }
}

function checkOptions(name: string, { partitions = 1, retentionMs = 1 }: TopicOptions): void {
  if (!validName.test(name) || name === '.' || name === '..') {
    const rule = 'use up to 249 letters, digits, dots, underscores and hyphens.'
    throw fatalError('CONFIG_INVALID', `"${name}" cannot be the name of a topic: ${rule}`, {
      facts: { topic: name },
    })
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > mostPartitions) {
    const rule = `a topic has between 1 and ${mostPartitions}.`
    throw fatalError('CONFIG_INVALID', `Topic "${name}" cannot have ${partitions} partitions: ${rule}`)
  }
  if (!(retentionMs > 0)) {
    throw fatalError(
      'CONFIG_INVALID',
      `The retention of topic "${name}" is not a positive time; leave it out to keep all.`,
    )
  }
}
