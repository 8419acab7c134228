import type { Due, Emission } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import type { Lineage, Verdict } from '../../lineage.ts'
import { fromOfEntry, keyOfEntry, type Entry } from './entry.ts'

/** A window of a session that readers may have. The version is 0 until it is known to have been sent. */
export type SentWindow = readonly [version: number, from: number, to: number]

export interface SessionUpdatesOptions {
  readonly entries: KeyValueStore
  /** By the id of an entry. Changed only when something was sent, or is about to be. */
  readonly sent: KeyValueStore<readonly SentWindow[]>
  /** What is sent of an entry. */
  readonly emission: (id: string, entry: Entry) => Emission
  /** The entry may owe something. */
  readonly again: (id: string) => void
  /** The window is closed, and sent: its entry goes. */
  readonly end: (id: string, lineage: Lineage, row: number) => void
}

/** What is under way for an entry. */
interface UnderWay {
  left: number
  failed: boolean
  readonly version: number
}

/**
 * What sessions owe that are sent as they change. The window is in the key of what is sent (`key/from/to`). A session that
 * grows, or is joined with another one, has another window: the one before gets a tombstone.
 *
 * A window is noted in the store, and that is committed, before it is sent for the first time. Otherwise a crash between
 * sending and noting would leave it to its readers for ever: by the time of the next life the session may have grown.
 * So that a session which grows with every commit is sent at all, what is sent is what it was when its window was noted,
 * and the next window is noted with the acknowledgement of the one before.
 */
export class SessionUpdates {
  readonly #options: SessionUpdatesOptions
  readonly #underWay = new Map<string, UnderWay>()
  /** Entries as they were when their windows were noted in this life; they were not sent since. */
  readonly #noted = new Map<string, Entry>()

  constructor(options: SessionUpdatesOptions) {
    this.#options = options
    options.sent.watch(options.again)
  }

  /** What is owed for an entry now. What is under way, or waits for a commit, comes again. */
  due(id: string, isOver: (entry: Entry) => boolean): readonly Due[] {
    const { entries, sent } = this.#options
    if (this.#underWay.has(id) || sent.isPending(id)) return []
    const entry = entries.committedValue(id) as Entry | undefined
    const known = sent.committedValue(id) ?? []
    if (entry === undefined) return this.#begin(id, 0, this.#retractions(id, known))
    const noted = this.#noted.get(id)
    if (noted === undefined && !known.some((one) => isOf(one, id, entry))) {
      return this.#begin(id, entry.n, [this.#note(id, entry)])
    }
    const now = noted === undefined || isSame(id, noted, entry) ? entry : noted
    const stale = known.filter((one) => !isOf(one, id, now))
    const version = known.find((one) => isOf(one, id, now))?.[0] ?? 0
    const dues = this.#retractions(id, stale)
    if (now.n > version) dues.push(this.#value(id, now))
    if (dues.length > 0) return this.#begin(id, now.n, dues)
    return isOver(entry) && !entries.isPending(id) ? this.#begin(id, entry.n, [this.#end(id)]) : []
  }

  #begin(id: string, version: number, dues: readonly Due[]): readonly Due[] {
    if (dues.length > 0) this.#underWay.set(id, { left: dues.length, failed: false, version })
    return dues
  }

  #due(id: string, emission: Emission | undefined, done: (lineage: Lineage, row: number) => void): Due {
    return {
      emission,
      settle: (verdict: Verdict, lineage, row) => {
        const underWay = this.#underWay.get(id)!
        if (verdict === 'parked') underWay.failed = true
        else done(lineage, row)
        underWay.left--
        if (underWay.left > 0) return
        this.#underWay.delete(id)
        // What failed stays owed: it is looked at again when its entry changes, and in the next life.
        const entry = this.#options.entries.committedValue(id) as Entry | undefined
        if (!underWay.failed || entry?.n !== underWay.version) this.#options.again(id)
      },
    }
  }

  #note(id: string, entry: Entry): Due {
    return this.#due(id, undefined, (lineage, row) => {
      this.#noted.set(id, entry)
      this.#change(id, [...this.#known(id), windowOf(0, id, entry)], lineage, row)
    })
  }

  #value(id: string, entry: Entry): Due {
    const { entries, emission } = this.#options
    const plain = emission(id, entry)
    const key = windowKey(id, windowOf(entry.n, id, entry))
    this.#noted.delete(id)
    return this.#due(id, { ...plain, key }, (lineage, row) => {
      const known = [...this.#known(id).filter((one) => !isOf(one, id, entry)), windowOf(entry.n, id, entry)]
      const next = entries.committedValue(id) as Entry | undefined
      if (next !== undefined && !isSame(id, next, entry)) {
        this.#noted.set(id, next)
        known.push(windowOf(0, id, next))
      }
      this.#change(id, known, lineage, row)
    })
  }

  /** Tombstones for windows that are no more. One that was noted and never sent needs none. */
  #retractions(id: string, windows: readonly SentWindow[]): Due[] {
    const noted = this.#noted.get(id)
    const timestamp = (this.#options.entries.committedValue(id) as Entry | undefined)?.t
    return windows.map((window) => {
      const [, from, to] = window
      const unsent = noted !== undefined && isOf(window, id, noted)
      if (unsent) this.#noted.delete(id)
      const emission = { key: windowKey(id, window), timestamp: timestamp ?? to, value: null }
      return this.#due(id, unsent ? undefined : emission, (lineage, row) => {
        const left = this.#known(id).filter((one) => one[1] !== from || one[2] !== to)
        this.#change(id, left, lineage, row)
      })
    })
  }

  #end(id: string): Due {
    return this.#due(id, undefined, (lineage, row) => {
      this.#options.sent.delete(id, lineage, row)
      this.#options.end(id, lineage, row)
    })
  }

  #known(id: string): readonly SentWindow[] {
    return this.#options.sent.get(id) ?? []
  }

  #change(id: string, windows: readonly SentWindow[], lineage: Lineage, row: number): void {
    const { sent } = this.#options
    if (windows.length === 0) sent.delete(id, lineage, row)
    else sent.put(id, windows, lineage, row)
  }
}

/** The key of what is sent of a session: the records' key, and the window. */
function windowKey(id: string, [, from, to]: SentWindow): Buffer {
  return Buffer.concat([Buffer.from(keyOfEntry(id), 'latin1'), Buffer.from(`/${from}/${to}`)])
}

function windowOf(version: number, id: string, entry: Entry): SentWindow {
  return [version, fromOfEntry(id, entry)!, entry.u!]
}

function isOf([, from, to]: SentWindow, id: string, entry: Entry): boolean {
  return from === fromOfEntry(id, entry) && to === entry.u
}

function isSame(id: string, one: Entry, other: Entry): boolean {
  return one.u === other.u && fromOfEntry(id, one) === fromOfEntry(id, other)
}
