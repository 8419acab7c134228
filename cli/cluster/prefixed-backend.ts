import type {
  CommitBackend,
  CommitOutcome,
  SealedCommit,
  StateBlock,
  StoreRef,
  TaskId,
  TaskRef,
} from '../../engine/component/contracts/commit.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type { Prefix } from './prefix.ts'

/** Commits under a prefix. */
export class PrefixedBackend implements CommitBackend {
  readonly compacts: boolean
  readonly #backend: CommitBackend
  readonly #prefix: Prefix

  constructor(backend: CommitBackend, prefix: Prefix) {
    this.compacts = backend.compacts ?? false
    this.#backend = backend
    this.#prefix = prefix
  }

  async commit({ sequence, tasks }: SealedCommit): Promise<CommitOutcome> {
    const prefix = this.#prefix
    const outcome = await this.#backend.commit({
      sequence,
      tasks: tasks.map((task) => ({
        ...prefix.task(task),
        positions: task.positions.map((one) => prefix.place(one)),
        records: task.records.map((one) => prefix.place(one)),
        outputs: task.outputs.map((one) => prefix.place(one)),
      })),
    })
    prefix.writes++
    return outcome
  }

  positions(
    task: TaskRef,
    inputs: readonly TopicPartition[],
  ): Promise<readonly (CommittedPosition | undefined)[]> {
    const places = inputs.map((one) => this.#prefix.place(one))
    return this.#backend.positions(this.#prefix.task(task), places)
  }

  restore(task: TaskRef, stores: readonly StoreRef[], apply: (block: StateBlock) => void): Promise<void> {
    return this.#backend.restore(this.#prefix.task(task), stores, apply)
  }

  release(task: TaskId): void {
    this.#backend.release(task)
  }

  close(): Promise<void> {
    return this.#backend.close()
  }
}
