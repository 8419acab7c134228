import type { WriteResult } from '../../native/write-results.ts'
import type { ChangelogFormat } from '../component/contracts/changelog.ts'
import type { StateBlock, StoreRef, TaskId, TaskRef } from '../component/contracts/commit.ts'
import type { ChangelogIdentity, LocalState, OpenLocalState } from '../component/contracts/local-state.ts'
import type { Log, OutgoingBatch } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { downstreamError, sentenceOf } from '../errors.ts'
import type { KafkaAdmin } from './admin.ts'
import { Changelog } from './changelog.ts'

export interface ChangelogsOptions {
  readonly log: Pick<Log, 'fetch' | 'partitionsOf'>
  readonly admin: Pick<KafkaAdmin, 'cluster' | 'topics' | 'createTopic' | 'offsets' | 'deleteRecords'>
  readonly format: (kind: StoreRef['kind']) => ChangelogFormat
  /** Opens local copies; without it every restore reads the whole changelog. */
  readonly openLocal?: OpenLocalState
  /** Where local copies lie. */
  readonly dir: string
  /** How often a changelog that is blocked by an open transaction is looked at, milliseconds. */
  readonly lookEveryMs?: number
  readonly trouble: (sentence: string) => void
}

/** The topic that holds the changes of a store. */
export function changelogTopic(group: string, store: string): string {
  return `${group}.${store}.changelog`
}

/** The changelogs of the stores of all tasks of a worker, and their local copies. */
export class Changelogs {
  readonly #options: ChangelogsOptions
  /** By task, and then by store. */
  readonly #open = new Map<TaskId, Map<string, Changelog>>()
  /** The topic by whose partitions a task is one. */
  readonly #drivers = new Map<TaskId, string>()
  readonly #closing = new Set<Promise<void>>()
  readonly #identities = new Map<string, Promise<ChangelogIdentity>>()

  constructor(options: ChangelogsOptions) {
    this.#options = options
  }

  /** A task is about to be restored; its changelogs have as many partitions as its first input. */
  opens({ task }: TaskRef, inputs: readonly TopicPartition[]): void {
    const [first] = inputs
    if (first !== undefined) this.#drivers.set(task, first.topic)
  }

  /** Hands over what is committed of these stores: from the local copy, and then what only the changelog has. */
  async restore(
    ref: TaskRef,
    stores: readonly StoreRef[],
    apply: (block: StateBlock) => void,
  ): Promise<void> {
    await this.#giveUp(ref.task)
    const open = new Map<string, Changelog>()
    this.#open.set(ref.task, open)
    for (const store of stores) {
      const changelog = await this.#openOne(ref, store)
      open.set(store.name, changelog)
      await changelog.restore(apply)
    }
  }

  /** The records of a commit for the changelog of one store. */
  batch({ task, group, partition }: TaskRef, store: string, blocks: readonly StateBlock[]): OutgoingBatch {
    const { format } = this.#one(task, store)
    return { ...format.pack(blocks, Date.now()), topic: changelogTopic(group, store), partition }
  }

  /** False once the task is given up. */
  isOpen(task: TaskId): boolean {
    return this.#open.has(task)
  }

  /** These blocks were committed, and lie where `written` says. The task may have been given up meanwhile. */
  committed({ task }: TaskRef, store: string, blocks: readonly StateBlock[], written: WriteResult): void {
    this.#open.get(task)?.get(store)?.committed(blocks, written.offsets)
  }

  /** Buckets below this one are not needed any more. */
  expire({ task }: TaskRef, store: string, below: number): void {
    this.#open.get(task)?.get(store)?.expire(below)
  }

  /** The task is given up. */
  release(task: TaskId): void {
    const closing = this.#giveUp(task).catch((error: unknown) => this.#options.trouble(sentenceOf(error)))
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  async close(): Promise<void> {
    for (const task of [...this.#open.keys()]) this.release(task)
    await Promise.all(this.#closing)
  }

  async #giveUp(task: TaskId): Promise<void> {
    const open = this.#open.get(task)
    this.#open.delete(task)
    for (const changelog of open?.values() ?? []) await changelog.close()
  }

  #one(task: TaskId, store: string): Changelog {
    const changelog = this.#open.get(task)?.get(store)
    if (changelog !== undefined) return changelog
    throw new Error(`The store ${store} of ${task} was not restored before its first commit.`)
  }

  async #openOne({ task, group, partition }: TaskRef, store: StoreRef): Promise<Changelog> {
    const { admin, log, format, dir, openLocal, trouble, lookEveryMs = 100 } = this.#options
    const topic = changelogTopic(group, store.name)
    const how = format(store.kind)
    const identity = await this.#identityOf(topic, task, how.compacted)
    const place = { topic, partition }
    const end = await this.#endOf(place)
    const local: LocalState | undefined = await openLocal?.({
      dir,
      group,
      store: store.name,
      partition,
      identity,
      changelogEnd: end,
      tell: trouble,
      ...(how.compacted && { maxAgeMs: tombstonesKeptMs / 2 }),
    })
    return new Changelog({
      place,
      store: store.name,
      format: how,
      log,
      admin,
      end,
      local,
      trouble,
      lookEveryMs,
    })
  }

  /** Makes the topic where it is missing, and asks who it is: once for all partitions of it. */
  #identityOf(topic: string, task: TaskId, compacted: boolean): Promise<ChangelogIdentity> {
    const known = this.#identities.get(topic)
    if (known !== undefined) return known
    const ask = async (): Promise<ChangelogIdentity> => {
      await this.#make(topic, task, compacted)
      const cluster = await this.#options.admin.cluster()
      const description = await this.#describe(topic)
      return { clusterId: cluster.id, topicId: description.id }
    }
    // What failed is asked again by whoever comes next.
    const asking = ask().catch((error: unknown) => {
      this.#identities.delete(topic)
      throw error
    })
    this.#identities.set(topic, asking)
    return asking
  }

  /** Where the changelog ends as read_uncommitted sees it: what is open now may still be committed. */
  async #endOf(place: TopicPartition): Promise<number> {
    const [end] = await this.#options.admin.offsets([place], 'latest', 'read_uncommitted')
    return end ?? 0
  }

  async #describe(topic: string) {
    for (let tries = 0; tries < 50; tries++) {
      const description = (await this.#options.admin.topics([topic])).get(topic)
      const led = description?.partitions.every(({ leader }) => leader >= 0) === true
      // The client that will read it has to know it too: it may have heard a moment ago that there is no such topic.
      if (led && (await this.#options.log.partitionsOf(topic)) !== undefined) return description
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw downstreamError(
      'KAFKA_AWAY',
      `The changelog ${topic} was just made, and is not known everywhere yet.`,
    )
  }

  async #make(topic: string, task: TaskId, compacted: boolean): Promise<void> {
    const { admin, log } = this.#options
    if ((await log.partitionsOf(topic)) !== undefined) return
    const partitions = await log.partitionsOf(this.#drivers.get(task) ?? topic)
    await admin.createTopic(topic, {
      ...(partitions !== undefined && { partitions }),
      configs: compacted ? compactedTopic : wholeTopic,
    })
  }
}

const tombstonesKeptMs = 7 * 24 * 3600 * 1000
/** No time limit: what is not needed any more, the owner deletes. */
const wholeTopic = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }
const compactedTopic = { 'cleanup.policy': 'compact', 'delete.retention.ms': `${tombstonesKeptMs}` }
