import { KafkaError } from '../../native/errors.ts'
import type {
  CommitBackend,
  CommitOutcome,
  RefusedRow,
  SealedCommit,
  SealedTask,
  StateBlock,
  StoreRef,
  TaskId,
  TaskRef,
} from '../component/contracts/commit.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { OutgoingBatch, OutgoingRecord } from '../component/contracts/log.ts'
import { packBatch } from '../component/outgoing.ts'
import { downstreamError, fatalError } from '../errors.ts'
import type { Changelogs } from './changelogs.ts'
import { clientError } from './client-errors.ts'
import type { KafkaMember } from './member.ts'
import type { Ended, Transactions } from './transactions.ts'

/** As much of a member as a commit needs. */
export type CommittingMember = Pick<KafkaMember, 'identity' | 'epochOf' | 'commit' | 'committed'>

export interface KafkaCommitOptions {
  readonly member: CommittingMember
  readonly transactions: Pick<Transactions, 'run' | 'ask' | 'close'>
  readonly changelogs: Changelogs
}

/**
 * Commits into Kafka: one transaction for all tasks of a worker, with their state, letters, outputs, and positions; where
 * there is nothing but positions, a plain commit. Zombies are kept out by the group's generation, which goes with the
 * offsets (KIP-447), and by the epoch under which a task's partitions are held.
 */
export class KafkaCommit implements CommitBackend {
  readonly compacts = true
  readonly #options: KafkaCommitOptions
  #done = 0
  /** The commit whose outcome is unknown. */
  #undecided: SealedCommit | undefined

  constructor(options: KafkaCommitOptions) {
    this.#options = options
  }

  async commit(commit: SealedCommit): Promise<CommitOutcome> {
    if (commit.sequence === this.#done) return { outcome: 'committed' }
    const { transactions } = this.#options
    if (this.#undecided?.sequence === commit.sequence)
      return this.#outcome(commit, await transactions.ask(), changesOf(commit))
    const lost = commit.tasks.filter((task) => !this.#holds(task)).map(({ task }) => task)
    if (lost.length > 0) return { outcome: 'lost', tasks: lost }
    return isPlain(commit) ? this.#commitPlainly(commit) : this.#commitTransaction(commit)
  }

  async positions(
    task: TaskRef,
    inputs: readonly TopicPartition[],
  ): Promise<(CommittedPosition | undefined)[]> {
    this.#options.changelogs.opens(task, inputs)
    try {
      return await this.#options.member.committed(inputs, { stable: true, group: task.group })
    } catch (error) {
      throw clientError(error, `The positions of group ${task.group} cannot be read`, 'COMMIT_FAILED')
    }
  }

  restore(task: TaskRef, stores: readonly StoreRef[], apply: (block: StateBlock) => void): Promise<void> {
    return this.#options.changelogs.restore(task, stores, apply)
  }

  release(task: TaskId): void {
    this.#options.changelogs.release(task)
  }

  async close(): Promise<void> {
    await Promise.all([this.#options.transactions.close(), this.#options.changelogs.close()])
  }

  async #commitTransaction(commit: SealedCommit): Promise<CommitOutcome> {
    const identity = await this.#identity()
    if (identity === undefined) return { outcome: 'aborted', error: rebalancing() }
    // What was lost while the identity was asked for.
    const lost = commit.tasks.filter((task) => !this.#holds(task)).map(({ task }) => task)
    if (lost.length > 0) return { outcome: 'lost', tasks: lost }
    const changes = changesOf(commit)
    const contents = contentsOf(commit)
    const state = changes.map(({ task, store, blocks }) =>
      this.#options.changelogs.batch(task, store, blocks),
    )
    const ended = await this.#options.transactions.run({
      batches: [...state, ...contents.map(({ batch }) => batch)],
      offsets: commit.tasks.flatMap((task) => task.positions),
      identity: identity.bytes,
    })
    if (ended.how === 'refused') return refusal(ended, state.length, contents)
    return this.#outcome(commit, ended, changes)
  }

  async #commitPlainly(commit: SealedCommit): Promise<CommitOutcome> {
    try {
      await this.#options.member.commit(commit.tasks.flatMap((task) => task.positions))
    } catch (error) {
      return plainFailure(error)
    }
    return this.#committed(commit)
  }

  async #identity(): Promise<Awaited<ReturnType<CommittingMember['identity']>>> {
    try {
      return await this.#options.member.identity()
    } catch {
      return undefined
    }
  }

  /** True if the partitions of the task are still held under the epoch that it works under. */
  #holds({ task, positions, blocks, epoch }: SealedTask): boolean {
    const { member, changelogs } = this.#options
    if (blocks.length > 0 && !changelogs.isOpen(task)) return false
    // Parked partitions are nobody's: they go with those of the sources.
    const held = positions.map((position) => member.epochOf(position)).filter((one) => one !== undefined)
    return held.length > 0 && Math.max(...held) === epoch
  }

  #outcome(commit: SealedCommit, ended: Ended, changes: readonly StoreChange[]): CommitOutcome {
    this.#undecided = ended.how === 'unknown' ? commit : undefined
    if (ended.how === 'refused') return { outcome: 'failed', error: ended.error }
    if (ended.how !== 'committed') return { outcome: ended.how, error: ended.error }
    for (const [n, { task, store, blocks }] of changes.entries()) {
      this.#options.changelogs.committed(task, store, blocks, ended.written[n]!)
    }
    return this.#committed(commit)
  }

  #committed(commit: SealedCommit): CommitOutcome {
    this.#done = commit.sequence
    for (const task of commit.tasks) {
      for (const { store, below } of task.expired) this.#options.changelogs.expire(task, store, below)
    }
    return { outcome: 'committed' }
  }
}

/** What a commit changes in one store of one task. */
interface StoreChange {
  readonly task: SealedTask
  readonly store: string
  readonly blocks: readonly StateBlock[]
}

function changesOf({ tasks }: SealedCommit): StoreChange[] {
  return tasks.flatMap((task) =>
    Array.from(
      Map.groupBy(task.blocks, ({ store }) => store),
      ([store, blocks]) => ({ task, store, blocks }),
    ),
  )
}

/** A batch of a commit, and what a row of it is. */
interface Content {
  readonly batch: OutgoingBatch
  readonly rowOf: (row: number) => Pick<RefusedRow, 'task' | 'what'>
}

/** Letters by topic and partition, in their order; then outputs. */
function contentsOf({ tasks }: SealedCommit): Content[] {
  const letters = tasks.flatMap(({ task, records }) => records.map((record) => ({ task, record })))
  const groups = Map.groupBy(letters, ({ record: { topic, partition } }) => `${topic}/${partition ?? ''}`)
  const outputs = tasks.flatMap(({ task, outputs: of }) =>
    of.map((batch, output): Content => ({
      batch,
      rowOf: (row) => ({ task, what: { kind: 'output', output, row } }),
    })),
  )
  return [...Array.from(groups.values(), lettersOf), ...outputs]
}

function lettersOf(group: readonly { readonly task: TaskId; readonly record: OutgoingRecord }[]): Content {
  const { topic, partition } = group[0]!.record
  const batch = packBatch(
    topic,
    group.map(({ record }) => record),
    partition,
  )
  return {
    batch,
    rowOf: (row) => ({ task: group[row]!.task, what: { kind: 'letter', record: group[row]!.record } }),
  }
}

/** What rows were refused; state that is refused is nobody's mistake but the topic's. */
function refusal(
  { rows, error }: Extract<Ended, { how: 'refused' }>,
  ofState: number,
  contents: readonly Content[],
): CommitOutcome {
  const ofRecords = rows.filter(({ batch }) => batch >= ofState)
  if (ofRecords.length === 0)
    return {
      outcome: 'failed',
      error: fatalError('COMMIT_FAILED', `State cannot be kept: ${rows[0]!.error.message}`, { cause: error }),
    }
  return {
    outcome: 'refused',
    rows: ofRecords.map(({ batch, row, error: why }) => ({
      ...contents[batch - ofState]!.rowOf(row),
      error: why,
    })),
  }
}

function isPlain({ tasks }: SealedCommit): boolean {
  return tasks.every(
    ({ blocks, records, outputs }) => blocks.length === 0 && records.length === 0 && outputs.length === 0,
  )
}

function plainFailure(error: unknown): CommitOutcome {
  const explained = clientError(error, 'Progress cannot be committed', 'COMMIT_FAILED')
  if (!(error instanceof KafkaError)) return { outcome: 'failed', error: explained }
  switch (error.class) {
    case 'fenced':
      return { outcome: 'fenced', error: explained }
    case 'unknown':
      return { outcome: 'unknown', error: explained }
    // Partitions that are lost are told by the reader; until then nobody knows which.
    case 'downstream':
    case 'lost':
    case 'abortable':
    case 'closed':
      return { outcome: 'aborted', error: explained }
    default:
      return { outcome: 'failed', error: explained }
  }
}

function rebalancing(): Error {
  return downstreamError('COMMIT_FAILED', 'The group rebalances: progress is committed when that is over.')
}
