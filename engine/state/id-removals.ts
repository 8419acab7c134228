import type { Cut } from '../component/contracts/state.ts'
import type { Lineage } from '../component/lineage.ts'
import type { IdBlockWriter } from './id-blocks.ts'
import { ENTRY_WORDS, INPUT_MASK, META, OFFSET_HIGH, REMOVAL } from './id-entry.ts'

interface Removal {
  readonly words: Int32Array
  readonly lineage: Lineage
  readonly row: number
}

/** True if the removal at `removalAt` is about the fingerprint and the position of the stored entry at `at`. */
export function isRemovalOf(removal: Int32Array, removalAt: number, words: Int32Array, at: number): boolean {
  for (let word = 0; word <= OFFSET_HIGH; word++) {
    if (removal[removalAt + word] !== words[at + word]) return false
  }
  return (removal[removalAt + META]! & INPUT_MASK) === words[at + META]
}

/**
 * Ids that memory has forgotten, and that the committed state is to forget with the record that asked for it. A
 * removal names id and position, so that it does nothing to an id that another record has claimed since.
 */
export class IdRemovals {
  #open: Removal[] = []

  get count(): number {
    return this.#open.length
  }

  get bytes(): number {
    return 256 * this.#open.length
  }

  /** Notes the removal of the stored entry at `at`. */
  add(words: Int32Array, at: number, lineage: Lineage, row: number): void {
    const copy = words.slice(at, at + ENTRY_WORDS)
    copy[META]! |= REMOVAL
    this.#open.push({ words: copy, lineage, row })
  }

  /** Packs the removals of the records in the cut. */
  seal(cut: Cut, writer: IdBlockWriter): void {
    this.#open = this.#open.filter(({ words, lineage, row }) => {
      if (!cut.has(lineage, row)) return true
      writer.add(words, 0, words[META]!)
      return false
    })
  }

  /** The stored entry at `at` was claimed again from the position that was to be forgotten: it outlives the removal. */
  overrule(words: Int32Array, at: number): void {
    this.#open = this.#open.filter((removal) => !isRemovalOf(removal.words, 0, words, at))
  }
}
