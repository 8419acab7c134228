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
  /** The change of the same key after this one. */
  next: Change<Value> | undefined
}

interface Packed<Value> {
  readonly value: Value | undefined
  readonly packed: Uint8Array | undefined
}

/** A key in its three layers. All of them in one place: to find a key is what most of a change costs. */
interface Slot<Value> {
  readonly key: string
  /** Committed; undefined where the key is not there. */
  base: Packed<Value> | undefined
  /** In the commit under way; undefined where that does not change the key. */
  sealed: Packed<Value> | undefined
  /** Open changes, from the first one to the last one. */
  first: Change<Value> | undefined
  last: Change<Value> | undefined
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
  readonly #slots = new Map<string, Slot<Value>>()
  /** Those with open changes. */
  #open: Slot<Value>[] = []
  /** Those in the commit under way. */
  #sealed: Slot<Value>[] | undefined
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
    return this.#baseBytes + KEY_BYTES * this.#open.length + CHANGE_BYTES * this.#changes
  }

  get(key: string): Value | undefined {
    const slot = this.#slots.get(key)
    return slot === undefined ? undefined : current(slot)
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
    this.#change(key, value, lineage, row)
  }

  delete(key: string, lineage: Lineage, row: number): void {
    if (this.get(key) !== undefined) this.#change(key, undefined, lineage, row)
  }

  committedValue(key: string): Value | undefined {
    return this.#slots.get(key)?.base?.value
  }

  isPending(key: string): boolean {
    const slot = this.#slots.get(key)
    return slot !== undefined && (slot.first !== undefined || slot.sealed !== undefined)
  }

  watch(listener: (key: string, value: Value | undefined) => void): void {
    this.#told = listener
  }

  *entries(): IterableIterator<[string, Value]> {
    for (const slot of [...this.#slots.values()]) {
      const value = current(slot)
      if (value !== undefined) yield [slot.key, value]
    }
  }

  seal(cut: Cut): { readonly blocks: readonly StateBlock[]; readonly expiredBelow: number | undefined } {
    if (this.#sealed !== undefined) {
      throw fatalError(
        'CONSERVATION_BROKEN',
        `The store ${this.name} was sealed again before its commit had ended: a defect of Millrace.`,
      )
    }
    const open = this.#open
    this.#open = []
    this.#sealed = []
    for (const slot of open) {
      const inside = this.#takeOut(slot, cut)
      if (slot.first !== undefined) this.#open.push(slot)
      if (inside === undefined) continue
      const { value } = inside
      slot.sealed = { value, packed: value === undefined ? undefined : this.#values.pack(value) }
      this.#sealed.push(slot)
    }
    const blocks = this.#pack(sealedPairs(this.#sealed))
    const isRewritten = this.#rewrites && this.#written > Math.max(LEAST_CHANGES_BYTES, 2 * this.#baseBytes)
    return isRewritten ? this.#rewritten(blocks) : { blocks, expiredBelow: undefined }
  }

  /** Takes the changes out of a slot that are in the cut, and answers the last of them. */
  #takeOut(slot: Slot<Value>, cut: Cut): Change<Value> | undefined {
    let inside: Change<Value> | undefined
    let change = slot.first
    while (change !== undefined && cut.has(change.lineage, change.row)) {
      inside = change
      change = change.next
      this.#changes--
    }
    slot.first = change
    if (change === undefined) slot.last = undefined
    return inside
  }

  #pack(pairs: Iterable<[string, Uint8Array | undefined]>): StateBlock[] {
    const blocks = packPairs(this.name, pairs, this.#bucket)
    for (const { bytes } of blocks) this.#written += bytes.length
    return blocks
  }

  /** All that the store holds with this cut, in place of all blocks before it. */
  #rewritten(changes: readonly StateBlock[]): {
    readonly blocks: readonly StateBlock[]
    readonly expiredBelow: number | undefined
  } {
    const all: [string, Uint8Array][] = []
    for (const { key, base, sealed } of this.#slots.values()) {
      const packed = sealed === undefined ? base?.packed : sealed.packed
      if (packed !== undefined) all.push([key, packed])
    }
    // Without any block the next life would not know which bucket it is in.
    if (all.length === 0) return { blocks: changes, expiredBelow: undefined }
    this.#bucket++
    this.#written = 0
    return { blocks: this.#pack(all), expiredBelow: this.#bucket }
  }

  committed(): void {
    const sealed = this.#sealed
    if (sealed === undefined) return
    this.#sealed = undefined
    for (const slot of sealed) {
      this.#setBase(slot, slot.sealed!)
      slot.sealed = undefined
      this.#dropEmpty(slot)
    }
    for (const { key, base } of sealed) this.#told(key, base?.value)
  }

  restore(block: StateBlock): void {
    // What a later rewriting has replaced may still be there, and not all of it.
    if (block.bucket < this.#bucket) return
    if (block.bucket > this.#bucket) this.#clear()
    this.#bucket = block.bucket
    this.#written += block.bytes.length
    readPairs(block, this.name, (key, packed) => {
      const slot = this.#slotOf(key)
      this.#size += Number(packed !== undefined) - Number(slot.base !== undefined)
      if (packed === undefined) this.#setBase(slot, { value: undefined, packed })
      // The block is shared; a copy lets it go.
      else this.#setBase(slot, { value: this.#values.unpack(packed), packed: new Uint8Array(packed) })
      this.#dropEmpty(slot)
      this.#told(key, slot.base?.value)
    })
  }

  snapshot(): readonly StateBlock[] {
    return packPairs(this.name, basePairs(this.#slots.values()), this.#bucket)
  }

  #clear(): void {
    const keys = [...this.#slots.keys()]
    this.#slots.clear()
    this.#baseBytes = 0
    this.#written = 0
    this.#size = 0
    for (const key of keys) this.#told(key, undefined)
  }

  #slotOf(key: string): Slot<Value> {
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      slot = { key, base: undefined, sealed: undefined, first: undefined, last: undefined }
      this.#slots.set(key, slot)
    }
    return slot
  }

  #change(key: string, value: Value | undefined, lineage: Lineage, row: number): void {
    const slot = this.#slotOf(key)
    this.#size += Number(value !== undefined) - Number(current(slot) !== undefined)
    const change: Change<Value> = { value, lineage, row, next: undefined }
    if (slot.last === undefined) {
      slot.first = change
      this.#open.push(slot)
    } else slot.last.next = change
    slot.last = change
    this.#changes++
  }

  #setBase(slot: Slot<Value>, value: Packed<Value>): void {
    const { key, base: old } = slot
    if (old !== undefined) this.#baseBytes -= KEY_BYTES + 2 * key.length + 2 * old.packed!.length
    slot.base = value.packed === undefined ? undefined : value
    if (value.packed !== undefined) this.#baseBytes += KEY_BYTES + 2 * key.length + 2 * value.packed.length
  }

  #dropEmpty({ key, base, first }: Slot<Value>): void {
    if (base === undefined && first === undefined) this.#slots.delete(key)
  }
}

/** The value as the last change left it. */
function current<Value>({ base, sealed, last }: Slot<Value>): Value | undefined {
  if (last !== undefined) return last.value
  return sealed === undefined ? base?.value : sealed.value
}

function* sealedPairs<Value>(
  slots: Iterable<Slot<Value>>,
): IterableIterator<[string, Uint8Array | undefined]> {
  for (const { key, sealed } of slots) yield [key, sealed!.packed]
}

function* basePairs<Value>(slots: Iterable<Slot<Value>>): IterableIterator<[string, Uint8Array]> {
  for (const { key, base } of slots) if (base !== undefined) yield [key, base.packed!]
}
