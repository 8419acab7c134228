import type { StatementSync } from 'node:sqlite'
import type { TaskId } from '../component/contracts/commit.ts'
import type { EmbeddedStore } from './store.ts'

/** What one step deletes at most. A day of dedup deltas is thousands of rows, too many for one commit. */
const rowsPerStep = 64

/** Blocks of a store that may go: in a bucket below `below`, with an id up to `upto`. */
export interface ExpiredLimit {
  readonly below: number
  readonly upto: number
}

/** Forgets old state blocks: at once for whoever restores, on the disk step by step. */
export class StateExpiry {
  readonly #store: EmbeddedStore
  readonly #note: StatementSync
  readonly #some: StatementSync
  readonly #delete: StatementSync
  readonly #done: StatementSync
  readonly #ofTask: StatementSync
  readonly #all: StatementSync

  constructor(store: EmbeddedStore) {
    this.#store = store
    this.#note = store.prepare(
      `INSERT INTO millrace_expiry (task, store, below, upto)
       VALUES (?, ?, ?, (SELECT coalesce(max(id), 0) FROM millrace_state))
       ON CONFLICT (task, store) DO UPDATE SET below = max(below, excluded.below), upto = excluded.upto`,
    )
    this.#some = store.prepare(
      `SELECT id FROM millrace_state WHERE task = ? AND store = ? AND bucket < ? AND id <= ? LIMIT ${rowsPerStep}`,
    )
    this.#delete = store.prepare('DELETE FROM millrace_state WHERE id = ?')
    this.#done = store.prepare('DELETE FROM millrace_expiry WHERE task = ? AND store = ?')
    this.#ofTask = store.prepare('SELECT store, below, upto FROM millrace_expiry WHERE task = ?')
    this.#all = store.prepare('SELECT task, store, below, upto FROM millrace_expiry LIMIT 1')
  }

  /** Inside a write transaction: the blocks of the store below this bucket are forgotten. */
  expire(task: TaskId, store: string, below: number): void {
    this.#note.run(task, store, below)
    const limit = this.of(task).get(store)
    if (limit !== undefined) this.#deleteSome(task, store, limit)
  }

  /** What is forgotten but may still be there, by store. */
  of(task: TaskId): Map<string, ExpiredLimit> {
    const rows = this.#ofTask.all(task) as unknown as [string, number, number][]
    return new Map(rows.map(([store, below, upto]) => [store, { below, upto }]))
  }

  /** One bounded step of deleting; answers the number of rows, 0 = nothing left to do. */
  step(): number {
    const find = (): [string, string, number, number] | undefined => this.#all.get() as never
    if (find() === undefined) return 0
    return this.#store.write(() => {
      const row = find()
      if (row === undefined) return 0
      const [task, store, below, upto] = row
      return Math.max(1, this.#deleteSome(task, store, { below, upto }))
    })
  }

  #deleteSome(task: TaskId, store: string, { below, upto }: ExpiredLimit): number {
    const rows = this.#some.all(task, store, below, upto) as unknown as [number][]
    for (const [id] of rows) this.#delete.run(id)
    // Ids may be given again once the highest is free, so the note must not outlive its rows.
    if (rows.length < rowsPerStep) this.#done.run(task, store)
    return rows.length
  }
}
