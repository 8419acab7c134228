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
} from '../../engine/component/contracts/commit.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import { unpackBatch } from '../../engine/component/outgoing.ts'
import { permanentError } from '../../engine/errors.ts'
import type { ModelGroup } from './model-groups.ts'
import type { Life } from './model-life.ts'
import type { ModelTopics, Written } from './model-topics.ts'

/** How often commits go wrong, as shares of 1. */
export interface CommitFaults {
  aborted: number
  unknown: number
  /** The longest answer, milliseconds. */
  slowest: number
  /** True: no commit can ever work. */
  failed?: boolean
  /** True for a record that its topic does not take. */
  refuses?: (topic: string, value: Uint8Array | null) => boolean
}

interface Transaction {
  readonly commit: SealedCommit
  readonly written: Written
  readonly life: Life
  open: boolean
}

/** What is committed, and the transactions that are under way. */
export class ModelCommits {
  readonly #logs: ModelTopics
  readonly #groupOf: (name: string) => ModelGroup
  readonly #positions = new Map<string, CommittedPosition>()
  readonly #blocks = new Map<TaskId, StateBlock[]>()
  readonly #transactions = new Set<Transaction>()
  readonly faults: CommitFaults
  /** Promises of the contract that a worker broke. */
  readonly broken: string[] = []
  commits = 0
  onApplied: (task: SealedTask) => void = () => undefined

  constructor(logs: ModelTopics, groupOf: (name: string) => ModelGroup, faults: CommitFaults) {
    this.#logs = logs
    this.#groupOf = groupOf
    this.faults = faults
  }

  position(group: string, partition: TopicPartition): CommittedPosition | undefined {
    return this.#positions.get(`${group}/${nameOf(partition)}`)
  }

  blocks(task: TaskId): readonly StateBlock[] {
    return this.#blocks.get(task) ?? []
  }

  begin(commit: SealedCommit, life: Life): Transaction {
    const written = this.#logs.begin(
      commit.tasks.flatMap(({ records, outputs }) => [...records, ...outputs.flatMap(unpackBatch)]),
    )
    const transaction = { commit, written, life, open: true }
    this.#transactions.add(transaction)
    return transaction
  }

  end(transaction: Transaction, committed: boolean): void {
    if (!transaction.open) return
    transaction.open = false
    this.#transactions.delete(transaction)
    this.#logs.end(transaction.written, committed)
    if (!committed) return
    this.commits++
    for (const task of transaction.commit.tasks) this.#apply(task)
  }

  /** Whatever these workers left open comes to an end, one way or the other. */
  endOrphans(chooses: () => boolean): void {
    for (const transaction of [...this.#transactions]) {
      if (!transaction.life.alive) this.end(transaction, chooses())
    }
  }

  /** Aborts what a worker has open: another one took over its producer. */
  abortAll(life: Life): void {
    for (const transaction of [...this.#transactions])
      if (transaction.life === life) this.end(transaction, false)
  }

  /** True while an open transaction could still change what the task begins with. */
  undecided(task: TaskId): boolean {
    return [...this.#transactions].some(({ commit }) => commit.tasks.some((one) => one.task === task))
  }

  lost(life: Life, { group, positions, epoch }: SealedTask): boolean {
    return positions.some((position) => this.#groupOf(group).holds(life.name, position, epoch) === false)
  }

  #apply(task: SealedTask): void {
    for (const { topic, partition, offset, metadata } of task.positions) {
      this.#positions.set(`${task.group}/${nameOf({ topic, partition })}`, { offset, metadata })
    }
    const kept = this.blocks(task.task).filter(
      ({ store, bucket }) => !task.expired.some((gone) => gone.store === store && bucket < gone.below),
    )
    this.#blocks.set(task.task, [...kept, ...task.blocks])
    this.onApplied(task)
  }
}

function refusedRows({ tasks }: SealedCommit, refuses: CommitFaults['refuses']): RefusedRow[] {
  if (refuses === undefined) return []
  const error = permanentError('RECORD_TOO_LARGE', 'The topic does not take this record.')
  return tasks.flatMap(({ task, records, outputs }): RefusedRow[] => [
    ...records
      .filter(({ topic, value }) => refuses(topic, value))
      .map((record): RefusedRow => ({ task, error, what: { kind: 'letter', record } })),
    ...outputs.flatMap((batch, output) =>
      unpackBatch(batch).flatMap(({ topic, value }, row): RefusedRow[] =>
        refuses(topic, value) ? [{ task, error, what: { kind: 'output', output, row } }] : [],
      ),
    ),
  ])
}

/** The transactional producer of one worker. */
export class ModelBackend implements CommitBackend {
  readonly #commits: ModelCommits
  readonly #life: Life
  #busy = false
  #done = 0
  /** What was sent and is still open. */
  #undecided: { readonly sequence: number; readonly transaction: Transaction } | undefined
  #last = { sequence: 0, text: '' }
  fenced = false

  constructor(commits: ModelCommits, life: Life) {
    this.#commits = commits
    this.#life = life
  }

  async commit(commit: SealedCommit): Promise<CommitOutcome> {
    if (this.#busy) this.#commits.broken.push('A commit was sent while another was under way.')
    this.#busy = true
    try {
      await this.#life.turn()
      return await this.#commit(commit, textOf(commit))
    } finally {
      this.#busy = false
    }
  }

  async #commit(commit: SealedCommit, text: string): Promise<CommitOutcome> {
    const { broken, faults } = this.#commits
    if (faults.failed === true) return { outcome: 'failed', error: new Error('never') }
    const { sequence, text: before } = this.#last
    if (commit.sequence < sequence) broken.push(`Commit ${commit.sequence} came after ${sequence}.`)
    if (commit.sequence === sequence && text !== before)
      broken.push(`Commit ${sequence} was sent with other content.`)
    this.#last = { sequence: commit.sequence, text }
    if (this.fenced) return { outcome: 'fenced', error: new Error('fenced') }
    if (commit.sequence === this.#done) return { outcome: 'committed' }
    if (this.#undecided !== undefined && this.#undecided.sequence !== commit.sequence) {
      broken.push(
        `Commit ${commit.sequence} was sent while the outcome of ${this.#undecided.sequence} was unknown.`,
      )
    }
    const transaction = this.#undecided?.transaction ?? this.#begin(commit)
    if ('outcome' in transaction) return transaction
    await this.#life.sleep(this.#life.random.below(faults.slowest + 1))
    return this.#end(transaction, commit.sequence)
  }

  #begin(commit: SealedCommit): Transaction | CommitOutcome {
    const lost = commit.tasks.filter((task) => this.#commits.lost(this.#life, task)).map(({ task }) => task)
    if (lost.length > 0) return { outcome: 'lost', tasks: lost }
    if (this.#life.random.chance(this.#commits.faults.aborted))
      return { outcome: 'aborted', error: new Error('aborted') }
    const rows = refusedRows(commit, this.#commits.faults.refuses)
    if (rows.length > 0) return { outcome: 'refused', rows }
    try {
      return this.#commits.begin(commit, this.#life)
    } catch (error) {
      return { outcome: 'failed', error }
    }
  }

  #end(transaction: Transaction, sequence: number): CommitOutcome {
    const { random } = this.#life
    if (this.fenced) {
      this.#commits.end(transaction, false)
      return { outcome: 'fenced', error: new Error('fenced') }
    }
    const unknown = random.chance(this.#commits.faults.unknown)
    if (!unknown || random.chance(0.5)) {
      this.#commits.end(transaction, true)
      this.#done = sequence
    }
    this.#undecided = unknown && transaction.open ? { sequence, transaction } : undefined
    return unknown ? { outcome: 'unknown', error: new Error('no answer') } : { outcome: 'committed' }
  }

  async positions(
    { task, group }: TaskRef,
    inputs: readonly TopicPartition[],
  ): Promise<(CommittedPosition | undefined)[]> {
    await this.#life.turn()
    while (this.#commits.undecided(task)) await this.#life.sleep(5)
    return inputs.map((input) => this.#commits.position(group, input))
  }

  async restore(
    { task }: TaskRef,
    stores: readonly StoreRef[],
    apply: (block: StateBlock) => void,
  ): Promise<void> {
    await this.#life.turn()
    while (this.#commits.undecided(task)) await this.#life.sleep(5)
    for (const block of this.#commits.blocks(task)) {
      if (stores.some(({ name }) => name === block.store)) apply(block)
    }
  }

  release(): void {
    // Nothing is open for a single task.
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function textOf({ tasks }: SealedCommit): string {
  return JSON.stringify(
    tasks.map(({ task, positions, records, blocks }) => [task, positions, records.length, blocks.length]),
  )
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
