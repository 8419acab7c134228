import { fatalError, type SourceContext } from '../../engine/component/index.ts'
import type { CommitPlace, Span } from './history.ts'

type Notes = SourceContext['notes']

/** A span of the history, with the offsets that its changes have. Never changed once it was noted. */
export interface Segment extends Span {
  readonly start: number
}

/** A commit whose first change has this offset. */
export interface Checkpoint extends CommitPlace {
  readonly segment: number
  readonly offset: number
}

const version = 1
const keptCheckpoints = 16

/**
 * What a source remembers of the history that it has read, so that each change keeps its offset: over restarts, and when
 * commits are added. The history is cut into segments: what there was at first, then what each later look found new.
 */
export class HistoryMemory {
  readonly #notes: Notes
  readonly #segments: Segment[] = []
  #checkpoints: Checkpoint[]

  /** `settings` are those that decide which records a history has. Throws a fatal error when they were others before. */
  constructor(notes: Notes, settings: string) {
    this.#notes = notes
    const header = JSON.stringify({ version, settings })
    const before = notes.get('history')
    if (before === undefined) notes.set('history', header)
    else if (before !== header) throw otherSettings(before, header)
    for (;;) {
      const text = notes.get(`segment ${this.#segments.length}`)
      if (text === undefined) break
      this.#segments.push(JSON.parse(text) as Segment)
    }
    this.#checkpoints = JSON.parse(notes.get('checkpoints') ?? '[]') as Checkpoint[]
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Remembers a segment: before any of its changes is delivered. */
  add(segment: Segment): void {
    this.#notes.set(`segment ${this.#segments.length}`, JSON.stringify(segment))
    this.#segments.push(segment)
  }

  /** Remembers a place to begin at. */
  mark(checkpoint: Checkpoint): void {
    const last = this.#checkpoints.at(-1)
    // While a part is read again, nothing is known that was not known before.
    if (last !== undefined && last.offset >= checkpoint.offset) return
    this.#checkpoints = [...this.#checkpoints, checkpoint].slice(-keptCheckpoints)
    this.#notes.set('checkpoints', JSON.stringify(this.#checkpoints))
  }

  /** The segment that holds the offset, and the nearest known commit before it. */
  find(offset: number): { readonly segment: number; readonly from: Checkpoint | undefined } {
    const segment = this.#segments.findLastIndex(({ start }) => start <= offset)
    const from = this.#checkpoints.findLast((one) => one.segment === segment && one.offset <= offset)
    return { segment, from }
  }
}

function otherSettings(before: string, now: string): Error {
  const told = (text: string): string => text.replaceAll('"', '').replaceAll('\\', '')
  return fatalError(
    'SOURCE_FAILED',
    `This history was read with other settings before (${told(before)}, now ${told(now)}): change them back, or begin anew under another topology name.`,
  )
}
