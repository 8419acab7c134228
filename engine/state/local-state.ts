import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../component/contracts/clock.ts'
import type { StateBlock } from '../component/contracts/commit.ts'
import type { LocalState, LocalStateOptions } from '../component/contracts/local-state.ts'
import { sentenceOf } from '../errors.ts'
import { LocalFiles } from './local-files.ts'
import { lockFolder } from './local-lock.ts'
import { PairMerge } from './pair-merge.ts'
import { scanFolder } from './local-scan.ts'
import { blockKind, describeFrame, FRAME_BYTES, joinBlocks } from './state-frame.ts'

/** Appended blocks wait this long, or for so many bytes, so that small ones can be put together. */
const FLUSH_MS = 2000
const FLUSH_BYTES = 256 * 1024
/** A disk that falls behind by this much is not waited for. */
const MOST_PENDING_BYTES = 256 * 1024 * 1024
/** Key-value blocks are merged when there are this many bytes of them, and twice as many as after the last time. */
const MERGE_BYTES = 16 * 1024 * 1024
/** How long another holder of the folder is waited for: it may be about to close it. */
const LOCK_ATTEMPTS = 20
const LOCK_PAUSE_MS = 50

/**
 * Opens the local copy of a store in one partition: segment files of frames (local-frame.ts) in the order of the commits.
 * Nothing is forced to the disk on the way, since the changelog is the truth: what a crash or a power loss leaves is a
 * beginning of what was appended, or is known for what it is not, and thrown away. Never rejects: a copy that cannot be
 * had is an empty one that keeps nothing.
 */
export async function openLocalState(options: LocalStateOptions): Promise<LocalState> {
  const folder = localFolder(options)
  const copy = new FolderState(folder, options)
  await copy.open()
  return copy
}

/** Where the copy of a store lies. Names that are no file names are written as in a URL. */
export function localFolder({
  dir,
  group,
  store,
  partition,
}: Pick<LocalStateOptions, 'dir' | 'group' | 'store' | 'partition'>): string {
  const name = (text: string): string =>
    encodeURIComponent(text).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'))
  return join(dir, name(group), name(store), String(partition))
}

interface PendingBatch {
  blocks: StateBlock[]
  bytes: number
  upTo: number
  below: number | undefined
}

class FolderState implements LocalState {
  readonly #folder: string
  readonly #options: LocalStateOptions
  readonly #files: LocalFiles
  readonly #tell: (sentence: string) => void
  #upTo: number | undefined
  #pending: PendingBatch[] = []
  #pendingBytes = 0
  #cancelTimer: (() => void) | undefined
  #work: Promise<void> = Promise.resolve()
  #release: (() => Promise<void>) | undefined
  /** False where nothing can be kept any more. */
  #keeps = false
  #failed = false

  constructor(folder: string, options: LocalStateOptions) {
    this.#folder = folder
    this.#options = options
    this.#files = new LocalFiles(folder, options, () => this.#clock.now())
    this.#tell = options.tell ?? (() => {})
  }

  get upTo(): number | undefined {
    return this.#upTo
  }

  get bytes(): number {
    return this.#files.bytes
  }

  get #clock() {
    return this.#options.clock ?? systemClock
  }

  async open(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true })
      this.#release = await this.#lock()
      if (this.#release === undefined) {
        this.#tell(
          `${this.#name} is in use by another worker: the changelog is read instead, and no copy is kept.`,
        )
        return
      }
      this.#keeps = true
      await this.#adopt()
    } catch (error) {
      await this.#fail(error)
    }
  }

  async read(apply: (block: StateBlock) => void): Promise<void> {
    await this.flush()
    if (this.#keeps && this.#upTo !== undefined) await this.#files.read(apply)
  }

  append(blocks: readonly StateBlock[], upTo: number): void {
    if (!this.#keeps) return
    this.#upTo = Math.max(upTo, this.#upTo ?? 0)
    const batch = this.#openBatch(this.#upTo)
    for (const block of blocks) {
      batch.blocks.push(block)
      batch.bytes += block.bytes.length
      this.#pendingBytes += block.bytes.length
    }
    if (this.#pendingBytes > MOST_PENDING_BYTES) {
      this.#fail(new Error('the disk is too slow')).catch(() => {})
    } else if (this.#pendingBytes >= FLUSH_BYTES) this.#startDrain()
    else this.#cancelTimer ??= this.#clock.after(FLUSH_MS, () => this.#startDrain())
  }

  expire(below: number): void {
    if (!this.#keeps || this.#upTo === undefined) return
    for (const batch of this.#pending) batch.blocks = batch.blocks.filter(({ bucket }) => bucket >= below)
    this.#openBatch(this.#upTo).below = below
  }

  flush(): Promise<void> {
    this.#startDrain()
    return this.#work
  }

  async close(): Promise<void> {
    await this.flush()
    this.#keeps = false
    await this.#files.close().catch(() => {})
    await this.#unlock()
  }

  async discard(): Promise<void> {
    this.#pending = []
    this.#pendingBytes = 0
    this.#upTo = undefined
    this.#work = this.#work.then(() => this.#files.discard()).catch((error: unknown) => this.#fail(error))
    await this.#work
  }

  get #name(): string {
    const { store, partition } = this.#options
    return `The local copy of the store ${store}, partition ${partition}, in ${this.#folder}`
  }

  /** The batch that takes what comes now. What expires is said at a batch's end. */
  #openBatch(upTo: number): PendingBatch {
    let batch = this.#pending.at(-1)
    if (batch === undefined || batch.below !== undefined || batch.bytes >= FLUSH_BYTES) {
      batch = { blocks: [], bytes: 0, upTo, below: undefined }
      this.#pending.push(batch)
    }
    batch.upTo = upTo
    return batch
  }

  async #lock(): Promise<(() => Promise<void>) | undefined> {
    for (let attempt = 1; ; attempt++) {
      const release = await lockFolder(this.#folder)
      if (release !== undefined || attempt === LOCK_ATTEMPTS) return release
      await new Promise<void>((resolve) => void this.#clock.after(LOCK_PAUSE_MS, resolve))
    }
  }

  async #unlock(): Promise<void> {
    const release = this.#release
    this.#release = undefined
    await release?.().catch(() => {})
  }

  async #adopt(): Promise<void> {
    const found = await scanFolder(this.#folder, this.#options)
    const why = typeof found === 'string' ? found : found && this.#whyStale(found.reach)
    if (why === undefined && typeof found === 'object') {
      await this.#files.adopt(found)
      this.#upTo = found.reach.upTo
      return
    }
    if (why !== undefined) this.#tell(`${this.#name} is not used: ${why}; it is rebuilt from the changelog.`)
    await this.#files.discard()
  }

  #whyStale({ upTo, time }: { readonly upTo: number; readonly time: number }): string | undefined {
    const { changelogEnd = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY } = this.#options
    if (upTo > changelogEnd) return `it reaches offset ${upTo}, and the changelog ends at ${changelogEnd}`
    if (this.#clock.now() - time > maxAgeMs)
      return `it is from ${new Date(time).toISOString()}, and the changelog may have forgotten deletions since`
    return undefined
  }

  #startDrain(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#pending.length === 0) return
    this.#work = this.#work.then(() => this.#drain()).catch((error: unknown) => this.#fail(error))
  }

  async #drain(): Promise<void> {
    while (this.#keeps && this.#pending.length > 0) {
      const batch = this.#pending.shift()!
      this.#pendingBytes -= batch.bytes
      await this.#files.write({ ...batch, blocks: joinBlocks(batch.blocks) })
      if (this.#isMergeable(batch) && this.#isMergeDue()) await this.#merge()
    }
  }

  #isMergeable({ blocks }: PendingBatch): boolean {
    const bytes = blocks[0]?.bytes
    return (
      bytes !== undefined && bytes.length >= FRAME_BYTES && describeFrame(bytes).kind === blockKind.keyValue
    )
  }

  #isMergeDue(): boolean {
    return this.#files.bytes > Math.max(MERGE_BYTES, 2 * this.#files.mergedBytes)
  }

  async #merge(): Promise<void> {
    const merge = new PairMerge(this.#options.store)
    await this.#files.read((block) => merge.add(block))
    await this.#files.replace(merge.blocks())
  }

  /** The disk does not do what it should: the copy ends where it is, and the worker goes on without. */
  async #fail(error: unknown): Promise<void> {
    if (this.#failed) return
    this.#failed = true
    this.#keeps = false
    this.#pending = []
    this.#pendingBytes = 0
    this.#upTo = undefined
    this.#tell(
      `${this.#name} is given up (${sentenceOf(error)}); the next start reads the changelog from where it ends.`,
    )
    await this.#files.close().catch(() => {})
    await this.#unlock()
  }
}
