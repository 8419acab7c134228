import type { StateBlock } from '../component/contracts/commit.ts'
import type { Cut, KeyValueStore } from '../component/contracts/state.ts'
import type { Lineage } from '../component/lineage.ts'
import { fatalError, permanentError } from '../errors.ts'
import { jsonValues, packPairs, readPairs, type ValuePacker } from './key-value-blocks.ts'

/** How a key-value store is set up. */
export interface KeyValueStoreOptions<Value> {
  /** Unique in its topology: `{node}` or `{node}.{name}`. */
  readonly name: string
  /** How values become bytes; JSON if not given (so no bigint, and no undefined). */
  readonly values?: ValuePacker<Value>
  /**
   * True where nobody else forgets overwritten values (a compacted changelog does): now and then all of the store is
   * written anew, in a bucket of its own, and the blocks in the buckets before it expire.
   */
  readonly rewrites?: boolean
}

/** Makes an empty key-value store for one partition. */
export function createKeyValueStore<Value = unknown>(
  options: KeyValueStoreOptions<Value>,
): KeyValueStore<Value> {
  const values = options.values ?? (jsonValues as ValuePacker<Value>)
  return new LayeredStore(options.name, values, options.rewrites ?? false)
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
/** The store is not written anew before so many bytes of changes, however small it is. */
const LEAST_CHANGES_BYTES = 4 * 1024 * 1024

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
  readonly #rewrites: boolean
  /** The bucket of the blocks: how often the store was written anew. */
  #bucket = 0
  /** Bytes of blocks in this bucket. */
  #written = 0
  #told: (key: string, value: Value | undefined) => void = () => undefined

  constructor(name: string, values: ValuePacker<Value>, rewrites: boolean) {
    this.name = name
    this.#rewrites = rewrites
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
    return changes === undefined ? this.#settled(key) : changes.at(-1)!.value
  }

  /** The value without what is open. */
  #settled(key: string): Value | undefined {
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

  committedValue(key: string): Value | undefined {
    return this.#base.get(key)?.value
  }

  isPending(key: string): boolean {
    return this.#open.has(key) || this.#sealed?.has(key) === true
  }

  watch(listener: (key: string, value: Value | undefined) => void): void {
    this.#told = listener
  }

  *entries(): IterableIterator<[string, Value]> {
    const keys = new Set([...this.#base.keys(), ...(this.#sealed?.keys() ?? []), ...this.#open.keys()])
    for (const key of keys) {
      const value = this.get(key)
      if (value !== undefined) yield [key, value]
    }
  }

  seal(cut: Cut): { readonly blocks: readonly StateBlock[]; readonly expiredBelow: number | undefined } {
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
    const blocks = this.#pack(this.#sealed)
    const isRewritten = this.#rewrites && this.#written > Math.max(LEAST_CHANGES_BYTES, 2 * this.#baseBytes)
    return isRewritten ? this.#rewritten(blocks) : { blocks, expiredBelow: undefined }
  }

  #pack(layer: ReadonlyMap<string, Packed<Value>>): StateBlock[] {
    const blocks = packPairs(this.name, this.#packed(layer), this.#bucket)
    for (const { bytes } of blocks) this.#written += bytes.length
    return blocks
  }

  /** All that the store holds with this cut, in place of all blocks before it. */
  #rewritten(changes: readonly StateBlock[]): {
    readonly blocks: readonly StateBlock[]
    readonly expiredBelow: number | undefined
  } {
    const all = new Map(this.#base)
    for (const [key, one] of this.#sealed!) {
      if (one.packed === undefined) all.delete(key)
      else all.set(key, one)
    }
    // Without any block the next life would not know which bucket it is in.
    if (all.size === 0) return { blocks: changes, expiredBelow: undefined }
    this.#bucket++
    this.#written = 0
    return { blocks: this.#pack(all), expiredBelow: this.#bucket }
  }

  committed(): void {
    const sealed = this.#sealed
    if (sealed === undefined) return
    for (const [key, value] of sealed) this.#setBase(key, value)
    this.#sealed = undefined
    for (const [key, { value }] of sealed) this.#told(key, value)
  }

  restore(block: StateBlock): void {
    // What a later rewriting has replaced may still be there, and not all of it.
    if (block.bucket < this.#bucket) return
    if (block.bucket > this.#bucket) this.#clear()
    this.#bucket = block.bucket
    this.#written += block.bytes.length
    readPairs(block, this.name, (key, packed) => {
      const had = this.#base.has(key)
      if (packed === undefined) this.#setBase(key, { value: undefined, packed })
      // The block is shared; a copy lets it go.
      else this.#setBase(key, { value: this.#values.unpack(packed), packed: new Uint8Array(packed) })
      this.#size += Number(packed !== undefined) - Number(had)
      this.#told(key, this.#base.get(key)?.value)
    })
  }

  snapshot(): readonly StateBlock[] {
    return packPairs(this.name, this.#packed(this.#base), this.#bucket)
  }

  #clear(): void {
    const keys = [...this.#base.keys()]
    this.#base.clear()
    this.#baseBytes = 0
    this.#written = 0
    this.#size = 0
    for (const key of keys) this.#told(key, undefined)
  }

  #change(key: string, change: Change<Value>): void {
    const changes = this.#open.get(key)
    const before = changes === undefined ? this.#settled(key) : changes.at(-1)!.value
    this.#size += Number(change.value !== undefined) - Number(before !== undefined)
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
