import {
  fatalError,
  type Clock,
  type CommittedPosition,
  type PollRequest,
  type SourceEvent,
  type SourceReader,
  type TopicPartition,
} from '../../engine/component/index.ts'
import { History, type Renames } from './history.ts'
import type { HistoryMemory } from './memory.ts'
import { ChangePacker, identify, type IdentifiedChange } from './packer.ts'
import type { Change } from './parser.ts'
import { commitOf, isAncestor, type Repository } from './repository.ts'
import { Signal } from './signal.ts'
import { runLength, withTrouble, type Sent, type Trouble } from './trouble.ts'

export interface GitReaderOptions {
  readonly topic: string
  readonly repository: Repository
  readonly repositoryName: string
  readonly ref: string
  readonly renames: Renames
  readonly trouble: Trouble | undefined
  readonly followMs: number
  readonly memory: HistoryMemory
  readonly clock: Clock
}

// How far apart the remembered places are: what is read again after a restart, and not delivered, is at most this.
const changesBetweenMarks = 20_000
const mostPerBatch = 4096
const mostBytesPerBatch = 1024 * 1024

/** Reads one repository as one partition that belongs to this worker alone. */
export class GitReader implements SourceReader {
  readonly #options: GitReaderOptions
  readonly #partition: TopicPartition
  readonly #packer: ChangePacker
  readonly #signal: Signal
  #state: 'new' | 'assigned' | 'reading' | 'at-end' | 'failed' | 'closed' = 'new'
  #paused = false
  #history: History | undefined
  #segment = -1
  /** The offset of the next change, and of the first one to be delivered. */
  #next = 0
  #wanted = 0
  #marked = 0
  #commit = -1
  #run: IdentifiedChange[] = []
  #lookedAt = 0
  #endTold = false

  constructor(options: GitReaderOptions) {
    this.#options = options
    this.#partition = { topic: options.topic, partition: 0 }
    this.#signal = new Signal(options.clock)
    this.#packer = new ChangePacker(options.topic, options.repositoryName)
  }

  async poll({ maxBytes, waitMs }: PollRequest): Promise<SourceEvent[]> {
    if (this.#state === 'new') {
      this.#state = 'assigned'
      return [{ type: 'assigned', partitions: [this.#partition], epoch: 1 }]
    }
    if (this.#state === 'closed') return []
    try {
      if (this.#state === 'at-end') {
        if (!this.#endTold) return this.#tellEnd()
        await this.#look()
      }
      if (this.#state === 'reading' && !this.#paused && maxBytes > 0)
        return await this.#read(maxBytes, waitMs)
      await this.#signal.wait(waitMs)
      return []
    } catch (error) {
      // Closing ends the git processes in the middle of things.
      if (this.#isClosed()) return []
      this.#state = 'failed'
      return [{ type: 'failed', error }]
    }
  }

  async start(_partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    const { memory } = this.#options
    this.#stopReading()
    this.#wanted = position?.offset ?? 0
    this.#segment = -1
    this.#next = 0
    if (memory.segments.length === 0) {
      if (this.#wanted > 0) throw forgotten(this.#wanted)
      await this.#look(true)
      return
    }
    const { segment, from } = memory.find(this.#wanted)
    this.#open(segment, from)
  }

  release(): Promise<void> {
    return Promise.resolve()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  /** The end is known only when the history has been read: until then it is what was read so far. */
  bounds(): Promise<{ readonly first: number; readonly end: number }> {
    // How many changes there are is known when they have been read.
    const end = this.#state === 'at-end' ? this.#next : Number.POSITIVE_INFINITY
    return Promise.resolve({ first: 0, end })
  }

  async close(): Promise<void> {
    if (this.#isClosed()) return
    this.#stopReading()
    this.#state = 'closed'
    this.#signal.stop()
    await this.#options.repository.close()
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #stopReading(): void {
    this.#history?.close()
    this.#history = undefined
    this.#run = []
    if (this.#packer.count > 0) this.#packer.take()
  }

  /** Some records; or none, when there are none within the time. */
  async #read(maxBytes: number, waitMs: number): Promise<SourceEvent[]> {
    const { clock } = this.#options
    const enough = Math.min(maxBytes, mostBytesPerBatch)
    for (const until = clock.now() + waitMs; ;) {
      this.#take(enough)
      if (this.#packer.count > 0) return [{ type: 'records', records: this.#packer.take() }]
      if (this.#history!.ended) return this.#endSegment()
      const left = until - clock.now()
      if (left <= 0) return []
      await this.#signal.wait(left)
      if (this.#isClosed()) return []
    }
  }

  /** Packs what is at hand, up to a batch. */
  #take(enough: number): void {
    while (this.#packer.bytes < enough && this.#packer.count < mostPerBatch) {
      const change = this.#history!.next()
      if (change === undefined) return
      this.#accept(change)
    }
  }

  #accept(change: Change): void {
    const { trouble, memory } = this.#options
    const { index, sha } = change.commit
    if (index !== this.#commit) {
      this.#commit = index
      if (this.#run.length === 0 && this.#next - this.#marked >= changesBetweenMarks) {
        this.#marked = this.#next
        memory.mark({ segment: this.#segment, offset: this.#next, index, sha })
      }
    }
    if (trouble === undefined) {
      if (this.#next >= this.#wanted)
        this.#packer.add({ item: identify(change), damage: undefined }, this.#next)
      this.#next++
      return
    }
    this.#run.push(identify(change))
    if (this.#run.length === runLength) this.#endRun(trouble)
  }

  #endRun(trouble: Trouble): void {
    for (const sent of withTrouble(this.#run, trouble)) this.#deliver(sent)
    this.#run = []
  }

  #deliver(sent: Sent<IdentifiedChange>): void {
    if (this.#next >= this.#wanted) this.#packer.add(sent, this.#next)
    this.#next++
  }

  async #endSegment(): Promise<SourceEvent[]> {
    const { memory, trouble } = this.#options
    if (trouble !== undefined) this.#endRun(trouble)
    const events: SourceEvent[] = []
    if (this.#packer.count > 0) events.push({ type: 'records', records: this.#packer.take() })
    this.#stopReading()
    if (this.#segment + 1 < memory.segments.length) {
      this.#open(this.#segment + 1, undefined)
      return events
    }
    await this.#look(true)
    return [...events, ...this.#tellEnd()]
  }

  /** Says once that the end is reached, if it is. */
  #tellEnd(): SourceEvent[] {
    if (this.#state !== 'at-end' || this.#endTold) return []
    this.#endTold = true
    return [{ type: 'end', partition: this.#partition, offset: this.#next }]
  }

  /** Begins a new segment if there are new commits; otherwise the end is reached. */
  async #look(now = false): Promise<void> {
    const { memory, repository, ref, clock, followMs } = this.#options
    if (!now && clock.now() - this.#lookedAt < followMs) return
    this.#lookedAt = clock.now()
    const head = await commitOf(repository, ref)
    if (head === undefined && ref !== 'HEAD') throw noSuchRef(ref, repository)
    const known = head === undefined ? undefined : await this.#newKnown(head)
    if (this.#isClosed()) return
    if (head === undefined || known === undefined) {
      this.#state = 'at-end'
      return
    }
    memory.add({ head, known, start: this.#next })
    this.#open(memory.segments.length - 1, undefined)
  }

  /** What is known already of the history of `head`: the tips of what was read. Undefined if that is all of it. */
  async #newKnown(head: string): Promise<readonly string[] | undefined> {
    const { memory, repository } = this.#options
    const last = memory.segments.at(-1)
    if (last === undefined) return []
    const tips = [last.head]
    for (const tip of last.known) if (!(await isAncestor(repository, tip, last.head))) tips.push(tip)
    for (const tip of tips) if (tip === head || (await isAncestor(repository, head, tip))) return undefined
    return tips
  }

  #open(
    segment: number,
    from: { readonly index: number; readonly sha: string; readonly offset: number } | undefined,
  ) {
    const { memory, repository, renames } = this.#options
    const span = memory.segments[segment]!
    this.#history = new History(repository, span, from, renames, () => this.#signal.wake())
    this.#segment = segment
    this.#next = from?.offset ?? span.start
    this.#marked = this.#next
    this.#commit = -1
    this.#state = 'reading'
    this.#endTold = false
  }
}

function forgotten(offset: number): Error {
  return fatalError(
    'SOURCE_FAILED',
    `The source was read up to offset ${offset}, but what it remembered of the history is gone: reset the topology.`,
  )
}

function noSuchRef(ref: string, { folder }: Repository): Error {
  return fatalError(
    'SOURCE_FAILED',
    `There is no commit ${ref} in ${folder}: name a branch, tag or commit of it.`,
  )
}
