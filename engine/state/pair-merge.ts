import type { StateBlock } from '../component/contracts/commit.ts'
import { packPairs, readPairs } from './key-value-blocks.ts'

/** Merges key-value blocks, oldest first: of each key the last value remains, and of a deleted one nothing. */
export class PairMerge {
  readonly #store: string
  readonly #pairs = new Map<string, Uint8Array>()

  constructor(store: string) {
    this.#store = store
  }

  /** Takes a block, and keeps nothing of its memory. Throws STORE_UNREADABLE (fatal) as a restore would. */
  add(block: StateBlock): void {
    readPairs(block, this.#store, (key, value) => {
      if (value === undefined) this.#pairs.delete(key)
      else this.#pairs.set(key, new Uint8Array(value))
    })
  }

  /** What is left, in blocks. */
  blocks(): StateBlock[] {
    return packPairs(this.#store, this.#pairs)
  }
}
