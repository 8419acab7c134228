import type { StateBlock } from '../component/contracts/commit.ts'
import type { Cut, StateStore } from '../component/contracts/state.ts'
import type { Lineage } from '../component/lineage.ts'
import { fatalError, permanentError } from '../errors.ts'
import { jsonValues, packPairs, readPairs, type ValuePacker } from './key-value-blocks.ts'

/**
 * State by key. Changes carry their record, and follow the records of their key: a key's records settle in order, so
 * that a cut holds a beginning of each key's changes. All changes of a settled record count, whatever its verdict:
 * later ones were built on them. Values are the store's once they are put: nobody changes them afterwards.
 */
export interface KeyValueStore<Value = unknown> extends StateStore {
  /** The value as the last change left it, sealed or not; undefined where there is none. */
  get(key: string): Value | undefined
  /** Throws RECORD_INVALID (permanent) for a key that is not well-formed Unicode. */
  put(key: string, value: Value, lineage: Lineage, row: number): void
  delete(key: string, lineage: Lineage, row: number): void
  /** All keys and values as the last changes left them, in no order that may be relied on. */
  entries(): IterableIterator<[string, Value]>
  /** Keys held. */
  readonly size: number
  /** The committed state packed anew: may take the place of all blocks that were committed so far. */
  snapshot(): readonly StateBlock[]
}

/** How a key-value store is set up. */
export interface KeyValueStoreOptions<Value> {
  /** Unique in its topology: `{node}` or `{node}.{name}`. */
  readonly name: string
  /** How values become bytes; JSON if not given (so no bigint, and no undefined). */
  readonly values?: ValuePacker<Value>
}

/** Makes an empty key-value store for one partition. */
export function createKeyValueStore<Value = unknown>(
  options: KeyValueStoreOptions<Value>,
): KeyValueStore<Value> {
  return new LayeredStore(options.name, options.values ?? (jsonValues as ValuePacker<Value>))
}

interface Change<Value> {
  /** Undefined for a deletion. */
  readonly value: Value | undefined
  readonly lineage: Lineage
  readonly row: number
}

interface Packed<Value> {
  readonly value: Value | undefined
  readonly packed: Uint8Array | undefined
}

// What V8 needs for a key in a Map, its value and a change, roughly, beside the bytes of key and value.
const KEY_BYTES = 96
const CHANGE_BYTES = 64

class LayeredStore<Value> implements KeyValueStore<Value> {
  readonly kind = 'keyValue'
  readonly name: string
  readonly #values: ValuePacker<Value>
  readonly #base = new Map<string, Packed<Value>>()
  readonly #open = new Map<string, Change<Value>[]>()
  #sealed: Map<string, Packed<Value>> | undefined
  #baseBytes = 0
  #changes = 0
  #size = 0

  constructor(name: string, values: ValuePacker<Value>) {
    this.name = name
    this.#values = values
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#baseBytes + KEY_BYTES * this.#open.size + CHANGE_BYTES * this.#changes
  }

  get(key: string): Value | undefined {
    const changes = this.#open.get(key)
    if (changes !== undefined) return changes.at(-1)!.value
    const sealed = this.#sealed?.get(key)
    return sealed === undefined ? this.#base.get(key)?.value : sealed.value
  }

  put(key: string, value: Value, lineage: Lineage, row: number): void {
    if (!key.isWellFormed()) {
      throw permanentError(
        'RECORD_INVALID',
        `The store ${this.name} takes no key that is not well-formed Unicode.`,
      )
    }
    if (value === undefined)
      throw fatalError('PROCESSOR_FAILED', `The store ${this.name} was given undefined to keep.`)
    this.#change(key, { value, lineage, row })
  }

  delete(key: string, lineage: Lineage, row: number): void {
    if (this.get(key) !== undefined) this.#change(key, { value: undefined, lineage, row })
  }

  *entries(): IterableIterator<[string, Value]> {
    const keys = new Set([...this.#base.keys(), ...(this.#sealed?.keys() ?? []), ...this.#open.keys()])
    for (const key of keys) {
      const value = this.get(key)
      if (value !== undefined) yield [key, value]
    }
  }

  seal(cut: Cut): { readonly blocks: readonly StateBlock[]; readonly expiredBelow: undefined } {
    if (this.#sealed !== undefined) {
      throw fatalError(
        'CONSERVATION_BROKEN',
        `The store ${this.name} was sealed again before its commit had ended: a defect of Millrace.`,
      )
    }
    this.#sealed = new Map()
    for (const [key, changes] of this.#open) {
      let inside = 0
      while (inside < changes.length && cut.has(changes[inside]!.lineage, changes[inside]!.row)) inside++
      if (inside === 0) continue
      const { value } = changes[inside - 1]!
      this.#sealed.set(key, { value, packed: value === undefined ? undefined : this.#values.pack(value) })
      this.#changes -= inside
      if (inside === changes.length) this.#open.delete(key)
      else changes.splice(0, inside)
    }
    return { blocks: packPairs(this.name, this.#packed(this.#sealed)), expiredBelow: undefined }
  }

  committed(): void {
    for (const [key, value] of this.#sealed ?? []) this.#setBase(key, value)
    this.#sealed = undefined
  }

  restore(block: StateBlock): void {
    readPairs(block, this.name, (key, packed) => {
      const had = this.#base.has(key)
      if (packed === undefined) this.#setBase(key, { value: undefined, packed })
      // The block is shared; a copy lets it go.
      else this.#setBase(key, { value: this.#values.unpack(packed), packed: new Uint8Array(packed) })
      this.#size += Number(packed !== undefined) - Number(had)
    })
  }

  snapshot(): readonly StateBlock[] {
    return packPairs(this.name, this.#packed(this.#base))
  }

  #change(key: string, change: Change<Value>): void {
    this.#size += Number(change.value !== undefined) - Number(this.get(key) !== undefined)
    const changes = this.#open.get(key)
    if (changes === undefined) this.#open.set(key, [change])
    else changes.push(change)
    this.#changes++
  }

  #setBase(key: string, value: Packed<Value>): void {
    const old = this.#base.get(key)
    if (old !== undefined) this.#baseBytes -= KEY_BYTES + 2 * key.length + 2 * old.packed!.length
    if (value.packed === undefined) {
      this.#base.delete(key)
      return
    }
    this.#base.set(key, value)
    this.#baseBytes += KEY_BYTES + 2 * key.length + 2 * value.packed.length
  }

  *#packed(layer: ReadonlyMap<string, Packed<Value>>): IterableIterator<[string, Uint8Array | undefined]> {
    for (const [key, { packed }] of layer) yield [key, packed]
  }
}
