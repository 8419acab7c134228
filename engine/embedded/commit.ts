import { crc32 } from 'node:zlib'
import type { StatementSync } from 'node:sqlite'
import type {
  CommitBackend,
  CommitOutcome,
  SealedCommit,
  SealedTask,
  StateBlock,
  StoreRef,
  TaskId,
  TaskRef,
} from '../component/contracts/commit.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { OutgoingRecord } from '../component/contracts/log.ts'
import { unpackBatch } from '../component/outgoing.ts'
import { fatalError, type MillraceError } from '../errors.ts'
import type { Appender, AppendPlan } from './appender.ts'
import type { Groups } from './groups.ts'
import { isBusy } from './sqlite-errors.ts'
import type { StateExpiry } from './state-expiry.ts'
import { blocksIn } from './state-merge.ts'
import type { EmbeddedStore } from './store.ts'

/** The steps of a commit, for tests that crash or fail at one of them. */
export type CommitStep = 'begun' | 'written' | 'committed'

export interface CommitParts {
  readonly store: EmbeddedStore
  readonly appender: Appender
  readonly groups: Groups
  readonly expiry: StateExpiry
  /** Called at each step of a commit; what it throws counts as an error of SQLite at that step. */
  readonly onStep?: (step: CommitStep) => void
}

/** Which backend of which worker. A worker that opens the store raises the epoch, and fences all before it. */
export interface CommitIdentity {
  readonly epoch: number
  /** Tells the backends of one worker apart, each of which counts its own sequence. */
  readonly backend: number
}

/**
 * Commits into the store: one SQLite transaction each, which also keeps the sequence, so that a commit whose outcome
 * was unknown is recognized when it is sent again. Power loss may take the last commits together with the tables'
 * writes of that time (synchronous = NORMAL), never a part of one.
 */
export class EmbeddedCommit implements CommitBackend {
  readonly #parts: CommitParts
  readonly #identity: CommitIdentity
  readonly #last: StatementSync
  readonly #setLast: StatementSync
  readonly #currentEpoch: StatementSync
  readonly #setPosition: StatementSync
  readonly #addBlock: StatementSync
  readonly #blocks: StatementSync

  constructor(parts: CommitParts, identity: CommitIdentity) {
    const { store } = parts
    this.#parts = parts
    this.#identity = identity
    this.#last = store.prepare('SELECT sequence FROM millrace_commits WHERE backend = ? AND epoch = ?')
    this.#setLast = store.prepare(
      'INSERT OR REPLACE INTO millrace_commits (backend, epoch, sequence) VALUES (?, ?, ?)',
    )
    this.#currentEpoch = store.prepare(`SELECT value FROM millrace_meta WHERE name = 'epoch'`)
    this.#setPosition = store.prepare(
      `INSERT OR REPLACE INTO millrace_positions (group_name, topic, partition, offset, metadata) VALUES (?, ?, ?, ?, ?)`,
    )
    this.#addBlock = store.prepare(
      'INSERT INTO millrace_state (task, store, bucket, crc, bytes) VALUES (?, ?, ?, ?, ?)',
    )
    this.#blocks = store.prepare(
      'SELECT id, store, bucket, crc, level, bytes FROM millrace_state WHERE task = ? ORDER BY store, id',
    )
  }

  async commit(commit: SealedCommit): Promise<CommitOutcome> {
    // The transaction is synchronous: let the rest of the process have its turn first.
    await new Promise((resolve) => setImmediate(resolve))
    const { store } = this.#parts
    let sent = false
    try {
      const plans = this.#plan(commit)
      store.begin()
      this.#parts.onStep?.('begun')
      const outcome = this.#apply(commit, plans)
      if (outcome !== 'new') {
        store.rollback()
        return outcome
      }
      this.#parts.onStep?.('written')
      sent = true
      store.commit()
      this.#parts.onStep?.('committed')
    } catch (error) {
      return this.#failed(error, sent)
    }
    if (plansRecords(commit)) store.announce()
    return { outcome: 'committed' }
  }

  async positions(
    { group }: TaskRef,
    inputs: readonly TopicPartition[],
  ): Promise<(CommittedPosition | undefined)[]> {
    try {
      return inputs.map((input) => this.#parts.groups.committed(group, input))
    } catch (error) {
      throw this.#parts.store.explain(error)
    }
  }

  async restore(
    { task }: TaskRef,
    stores: readonly StoreRef[],
    apply: (block: StateBlock) => void,
  ): Promise<void> {
    const wanted = new Set(stores.map(({ name }) => name))
    try {
      for (const block of this.#liveBlocks(task)) if (wanted.has(block.store)) apply(block)
    } catch (error) {
      throw this.#parts.store.explain(error)
    }
  }

  release(): void {
    // Nothing is open for a single task.
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #plan(commit: SealedCommit): AppendPlan[] {
    return commit.tasks.flatMap((task) => {
      const records = recordsOf(task)
      if (records.length === 0) return []
      this.#parts.appender.check(records)
      return [this.#parts.appender.plan(records)]
    })
  }

  /** Everything inside the transaction; an outcome where there is nothing to apply. */
  #apply(commit: SealedCommit, plans: readonly AppendPlan[]): CommitOutcome | 'new' {
    const { epoch, backend } = this.#identity
    const current = (this.#currentEpoch.get() as unknown as [number] | undefined)?.[0]
    if (current !== epoch) return { outcome: 'fenced', error: this.#fencedError() }
    const last = (this.#last.get(backend, epoch) as unknown as [number] | undefined)?.[0] ?? -Infinity
    if (commit.sequence === last) return { outcome: 'committed' }
    if (commit.sequence < last) {
      const message = `Commit ${commit.sequence} came after commit ${last}: a defect of the worker.`
      return { outcome: 'failed', error: fatalError('COMMIT_FAILED', message) }
    }
    for (const task of commit.tasks) this.#applyTask(task)
    for (const plan of plans) this.#parts.appender.write(plan)
    this.#setLast.run(backend, epoch, commit.sequence)
    return 'new'
  }

  #applyTask({ task, group, positions, blocks, expired }: SealedTask): void {
    for (const { topic, partition, offset, metadata } of positions) {
      this.#setPosition.run(group, topic, partition, offset, metadata)
    }
    for (const { store, bucket, bytes } of blocks)
      this.#addBlock.run(task, store, bucket, crc32(bytes), bytes)
    for (const { store, below } of expired) this.#parts.expiry.expire(task, store, below)
  }

  #failed(error: unknown, sent: boolean): CommitOutcome {
    const { store } = this.#parts
    // Still inside the transaction (busy, for one, ends it nowhere): then it is known that nothing took effect.
    const undone = !sent || (store.isOpen && store.db.isTransaction)
    try {
      store.rollback()
    } catch {
      return { outcome: 'unknown', error: store.explain(error) }
    }
    const explained = store.explain(error)
    if (explained.code === 'STORE_FULL') return { outcome: 'failed', error: explained }
    if (!undone) return { outcome: 'unknown', error: explained }
    if (isBusy(error)) return { outcome: 'aborted', error: explained }
    return { outcome: 'failed', error: explained }
  }

  *#liveBlocks(task: TaskId): Generator<StateBlock> {
    const expired = this.#parts.expiry.of(task)
    for (const row of this.#blocks.iterate(task)) {
      const [id, store, bucket, crc, level, bytes] = row as unknown as StateRow
      const limit = expired.get(store)
      if (limit !== undefined && bucket < limit.below && id <= limit.upto) continue
      if (crc32(bytes) !== crc) throw this.#damaged(task, store)
      for (const block of blocksIn(level, bytes)) yield { store, bucket, bytes: block }
    }
  }

  #damaged(task: TaskId, name: string): MillraceError {
    const where = `The state of "${name}" in task ${task}, in ${this.#parts.store.path}`
    const remedy = 'put a copy back, or move the store away and run again from the start.'
    return fatalError('STORE_UNREADABLE', `${where}, is damaged (checksum): ${remedy}`, {
      facts: { task, store: name },
    })
  }

  #fencedError(): MillraceError {
    return fatalError('FENCED', `Another worker has taken over ${this.#parts.store.path}.`)
  }
}

type StateRow = [id: number, store: string, bucket: number, crc: number, level: number, bytes: Uint8Array]

function plansRecords(commit: SealedCommit): boolean {
  return commit.tasks.some((task) => task.records.length > 0 || task.outputs.length > 0)
}

/** Letters, and then outputs one by one. */
function recordsOf({ records, outputs }: SealedTask): OutgoingRecord[] {
  return [...records, ...outputs.flatMap(unpackBatch)]
}
