import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../component/contracts/clock.ts'
import type { CommitBackend } from '../component/contracts/commit.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { Notes } from '../component/contracts/source.ts'
import { Appender } from './appender.ts'
import { BlockReader } from './block-reader.ts'
import { type CommitStep, EmbeddedCommit } from './commit.ts'
import { Groups } from './groups.ts'
import { EmbeddedLog } from './log.ts'
import { openNotes } from './notes.ts'
import { resetTopology, stateOf, type StoredState } from './reset.ts'
import { Retention } from './retention.ts'
import { StateExpiry } from './state-expiry.ts'
import { StateMerge } from './state-merge.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'
import { TopicDirectory } from './topics.ts'
import { acquireWorkerLock } from './worker-lock.ts'

/** How long one call of `tidy` may hold up the process, roughly. */
const tidyMs = 20

export interface EmbeddedOptions {
  readonly clock?: Clock
  /** True for the one process that commits; a second one is refused (STORE_LOCKED). Others may do all the rest. */
  readonly worker?: boolean
  /** Problems that pass, a sentence each. */
  readonly trouble?: (sentence: string) => void
  /** For tests: called at each step of every commit. */
  readonly onCommitStep?: (step: CommitStep) => void
}

/** An environment in one file. */
export interface Embedded {
  readonly path: string
  readonly log: EmbeddedLog
  /** The backend of this process. Commits of a process that is not the worker are fenced. */
  readonly backend: CommitBackend
  /** One more backend, with a sequence of its own: for each further worker loop in this process. */
  openBackend(): CommitBackend
  /** The connection, for the tables. Transactions on it must not stay open over an `await`. */
  readonly tablesDb: DatabaseSync
  readonly groups: Groups
  notes(group: string, node: string): Notes
  /** The state of a topology, by store. */
  stateOf(topology: string): StoredState[]
  /** Forgets what a topology has done; see `resetTopology`. For the worker alone. */
  reset(topology: string, atEnd: readonly (TopicPartition & { readonly offset: number })[]): void
  /**
   * Deletes some of what retention and expiry no longer need, merges small state blocks, and bounds the write-ahead log. To be called by the
   * worker now and then; true = there is more to do. Throws the store's sentence.
   */
  tidy(): boolean
  /** Waits for appends under way, then closes. May be called twice. */
  close(): Promise<void>
}

/** Opens the store of the project in `dir` with all its parts. Throws as `openEmbeddedStore` and `acquireWorkerLock` do. */
export function openEmbedded(dir: string, options: EmbeddedOptions = {}): Embedded {
  const lock = options.worker === true ? acquireWorkerLock(dir) : undefined
  let store: EmbeddedStore | undefined
  try {
    store = openEmbeddedStore(dir, options)
    const epoch = lock === undefined ? -1 : beginEpoch(store)
    return compose(store, epoch, options, () => lock?.release())
  } catch (error) {
    store?.close()
    lock?.release()
    throw store?.explain(error) ?? error
  }
}

function compose(
  store: EmbeddedStore,
  epoch: number,
  options: EmbeddedOptions,
  unlock: () => void,
): Embedded {
  const topics = new TopicDirectory(store)
  const blocks = new BlockReader(store)
  const appender = new Appender(store, topics)
  const groups = new Groups(store, topics, blocks)
  const expiry = new StateExpiry(store)
  const merge = new StateMerge(store)
  const retention = new Retention(store, topics)
  const { trouble = () => undefined } = options
  const log = new EmbeddedLog({ store, topics, appender, blocks, groups, retention, trouble })
  const onStep = options.onCommitStep
  const parts = { store, appender, groups, expiry, ...(onStep && { onStep }) }
  let backends = 0
  const openBackend = (): CommitBackend => new EmbeddedCommit(parts, { epoch, backend: ++backends })
  return {
    path: store.path,
    log,
    backend: openBackend(),
    openBackend,
    tablesDb: store.db,
    groups,
    notes: (group, node) => openNotes(store, group, node),
    stateOf: (topology) => stateOf(store, topology),
    reset: (topology, atEnd) => resetTopology(store, topology, atEnd),
    tidy: () => tidy(store, [retention, expiry, merge]),
    async close() {
      await log.close()
      store.close()
      unlock()
    },
  }
}

function tidy(store: EmbeddedStore, chores: readonly { step(): number }[]): boolean {
  try {
    const until = performance.now() + tidyMs
    while (performance.now() < until) {
      if (chores.reduce((done, chore) => done + chore.step(), 0) > 0) continue
      store.trimWal()
      return false
    }
    return true
  } catch (error) {
    throw store.explain(error)
  }
}

/** A new worker: from here on, commits of those before it are fenced. */
function beginEpoch(store: EmbeddedStore): number {
  const raise = store.prepare(
    `INSERT INTO millrace_meta (name, value) VALUES ('epoch', 1)
     ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
  )
  return store.write(() => {
    store.db.exec('DELETE FROM millrace_commits')
    return (raise.get() as unknown as [number])[0]
  })
}
