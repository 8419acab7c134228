import type { KeyValueStore } from '../contracts/state.ts'
import type { Lineage } from '../lineage.ts'

const MARK = '@applied/'
const markId = (input: number, offset: number): string => `${MARK}${input}/${offset}`

/**
 * The positions of records that a node took in and whose letters are open, in the node's store: another node failed at
 * them. When such a letter is released, the record is passed over.
 */
export class LetterMarks {
  readonly #entries: KeyValueStore
  readonly #marks = new Set<string>()

  constructor(entries: KeyValueStore) {
    this.#entries = entries
  }

  /** True if the record was taken in before. */
  has(input: number, offset: number): boolean {
    return this.#marks.size > 0 && this.#marks.has(markId(input, offset))
  }

  /** The record was taken in, and its letter is, or may be, still there. */
  set(input: number, offset: number, lineage: Lineage, row: number): void {
    this.#marks.add(markId(input, offset))
    this.#entries.put(markId(input, offset), true, lineage, row)
  }

  /** The letter does not come any more. */
  close(input: number, offset: number, lineage: Lineage, row: number): void {
    if (!this.#marks.delete(markId(input, offset))) return
    this.#entries.delete(markId(input, offset), lineage, row)
  }

  /** To be told of what is committed: marks of an earlier life are among it. */
  committed(id: string, value: unknown): void {
    if (id.startsWith(MARK) && value !== undefined && this.#entries.get(id) !== undefined) this.#marks.add(id)
  }
}
