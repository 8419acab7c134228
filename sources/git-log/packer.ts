import { hash } from 'node:crypto'
import type { PackedRecords } from '../../engine/component/index.ts'
import type { Change, Commit } from './parser.ts'
import type { Damage, Sent } from './trouble.ts'

/** A change with the id of its event. */
export interface IdentifiedChange extends Change {
  readonly id: string
}

const hundredYears = 100 * 365 * 86_400_000

/** The id of a change: the commit, and a hash of the path. The same whenever and wherever it is read. */
export function identify(change: Change): IdentifiedChange {
  return { ...change, id: `${change.commit.sha}-${hash('sha1', change.path, 'hex').slice(0, 16)}` }
}

/** Packs changes as records with JSON values. */
export class ChangePacker {
  readonly #topic: string
  readonly #repository: string
  #commit: Commit | undefined
  #commitJson = ''
  #bytes = Buffer.allocUnsafeSlow(64 * 1024)
  #length = 0
  #offsets: number[] = []
  #timestamps: number[] = []
  /** For each record: where its key begins, where key and value end. */
  #places: number[] = []

  constructor(topic: string, repository: string) {
    this.#topic = topic
    this.#repository = repository
  }

  get bytes(): number {
    return this.#length
  }

  get count(): number {
    return this.#offsets.length
  }

  add({ item, damage }: Sent<IdentifiedChange>, offset: number): void {
    const start = this.#length
    this.#write(item.path)
    const keyEnd = this.#length
    this.#write(this.#json(item, damage))
    this.#offsets.push(offset)
    this.#timestamps.push(item.commit.committedAt)
    this.#places.push(start, keyEnd, this.#length)
  }

  /** The records added since the last call, in a buffer of their own. */
  take(): PackedRecords {
    const count = this.count
    const places = this.#places
    const column = (which: number): Int32Array =>
      Int32Array.from({ length: count }, (_, row) => places[row * 3 + which]!)
    const keyEnds = column(1)
    const records: PackedRecords = {
      topic: this.#topic,
      partition: 0,
      count,
      bytes: Buffer.from(this.#bytes.subarray(0, this.#length)),
      offsets: Float64Array.from(this.#offsets),
      timestamps: Float64Array.from(this.#timestamps),
      keyStarts: column(0),
      keyEnds,
      valueStarts: keyEnds,
      valueEnds: column(2),
      headerStarts: new Int32Array(count),
      headerEnds: new Int32Array(count),
    }
    this.#length = 0
    this.#offsets = []
    this.#timestamps = []
    this.#places = []
    return records
  }

  #json(change: IdentifiedChange, damage: Damage | undefined): string {
    const { id, path, oldPath, action } = change
    if (damage !== undefined) return JSON.stringify(broken(this.#whole(change), damage))
    // The same for all changes of a commit, of which there may be thousands.
    if (this.#commit !== change.commit) {
      this.#commit = change.commit
      this.#commitJson = JSON.stringify(this.#commitFields(change.commit)).slice(0, -1)
    }
    const old = oldPath === null ? 'null' : JSON.stringify(oldPath)
    return `${this.#commitJson},"id":"${id}","action":"${action}","path":${JSON.stringify(path)},"oldPath":${old}}`
  }

  #whole({ commit, id, action, path, oldPath }: IdentifiedChange) {
    return { ...this.#commitFields(commit), id, action: action as string, path, oldPath }
  }

  #commitFields({ sha, committedAt, authorName, authorEmail, subject }: Commit) {
    const authorDomain = authorEmail.slice(authorEmail.lastIndexOf('@') + 1).toLowerCase()
    return {
      repository: this.#repository,
      commit: sha,
      committedAt,
      authorName,
      authorEmail,
      authorDomain,
      subject,
    }
  }

  #write(text: string): void {
    // A UTF-16 unit takes three bytes at most.
    const needed = this.#length + text.length * 3
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#length += this.#bytes.write(text, this.#length)
  }
}

type Whole = { readonly authorEmail: string; readonly action: string; readonly committedAt: number }

function broken<Fields extends Whole>(fields: Fields, damage: Damage): Fields {
  if (damage === 'no-author') return { ...fields, authorEmail: '' }
  if (damage === 'no-action') return { ...fields, action: '' }
  // A hundred years: the oldest commit must be in the future too.
  return { ...fields, committedAt: fields.committedAt + hundredYears }
}
