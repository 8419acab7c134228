import type { Clock } from './clock.ts'
import type { StateBlock } from './commit.ts'

/** What a local copy is a copy of. A copy of another changelog is thrown away. */
export interface ChangelogIdentity {
  readonly clusterId: string
  /** The topic's id, not its name: a topic that was deleted and made again has another one. */
  readonly topicId: string
}

/** Which copy, and what is known about its changelog. */
export interface LocalStateOptions {
  /** The environment's `state.dir`; the copy lies in `{dir}/{group}/{store}/{partition}`. */
  readonly dir: string
  readonly group: string
  readonly store: string
  readonly partition: number
  readonly identity: ChangelogIdentity
  /** The changelog's end now: a copy that claims to hold more than that is thrown away. */
  readonly changelogEnd?: number
  /**
   * An older copy is thrown away, milliseconds. Needed for a compacted changelog, which forgets deletions after its
   * `delete.retention.ms`: take half of that.
   */
  readonly maxAgeMs?: number
  /** Told one sentence, without final newline, whenever the copy cannot be used or kept up. */
  readonly tell?: (sentence: string) => void
  /** The system's if not given. */
  readonly clock?: Clock
}

/**
 * The local copy of one store's committed blocks in one partition, so that a restart need not read the whole
 * changelog. The changelog is the truth: a copy that is damaged, foreign, newer or held by another process is not used,
 * and a disk that fails ends the copy and not the worker. Only opening may be slow; nothing here rejects but `read`.
 */
export interface LocalState {
  /**
   * The offset in the changelog up to which the copy holds everything (that of the first record that it does not
   * hold). Undefined: the copy is empty, everything is to be read from the changelog. Grows with `append`.
   */
  readonly upTo: number | undefined
  /** Bytes on the disk. */
  readonly bytes: number
  /**
   * Hands over the live blocks, oldest first; small ones were put together. A block is good until `apply` returns.
   * Rejects with what `apply` throws, or STORE_UNREADABLE (fatal) for a disk that changes under us: the next start then
   * finds the damage and rebuilds.
   */
  read(apply: (block: StateBlock) => void): Promise<void>
  /**
   * Adds the blocks of a commit that took effect, or of a run of the changelog that was read, and says that everything
   * below `upTo` is there now. The blocks are written a little later, and must not change any more. While rebuilding, wait
   * for `flush` once for every few megabytes.
   */
  append(blocks: readonly StateBlock[], upTo: number): void
  /** Blocks in buckets below this one may go. */
  expire(below: number): void
  /** Everything appended so far is in the file (it would survive kill -9). */
  flush(): Promise<void>
  /** Flushes, and lets the copy go. May be called twice. */
  close(): Promise<void>
  /** Deletes what is there and begins anew, empty. */
  discard(): Promise<void>
}

/** Opens the local copy of a store; finds out how far it reaches, and throws away what cannot be used. */
export type OpenLocalState = (options: LocalStateOptions) => Promise<LocalState>
