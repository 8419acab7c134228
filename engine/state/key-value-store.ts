import type { StateBlock } from '../component/contracts/commit.ts'
import type { Cut, KeyValueStore } from '../component/contracts/state.ts'
import type { Lineage } from '../component/lineage.ts'
import { fatalError, permanentError } from '../errors.ts'
import { jsonValues, type Packed, packPairs, readPairs, type ValuePacker } from './key-value-blocks.ts'

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

interface Stored<Value> {
  /** Undefined for a deletion. */
  readonly value: Value | undefined
  /** How long it was when it was packed, roughly. */
  readonly length: number
}

/** A key in its three layers. All of them in one place: to find a key is what most of a change costs. */
interface Slot<Value> {
  readonly key: string
  /** Committed; undefined where the key is not there. */
  base: Stored<Value> | undefined
  /** In the commit under way; undefined where that does not change the key. */
  sealed: Stored<Value> | undefined
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
    const blocks = this.#pack(this.#sealOpen(cut))
    const isRewritten = this.#rewrites && this.#written > Math.max(LEAST_CHANGES_BYTES, 2 * this.#baseBytes)
    return isRewritten ? this.#rewritten(blocks) : { blocks, expiredBelow: undefined }
  }

  /** Seals what is in the cut; answers it, packed. */
  *#sealOpen(cut: Cut): IterableIterator<[string, Packed | undefined]> {
    const open = this.#open
    const sealed: Slot<Value>[] = []
    this.#open = []
    this.#sealed = sealed
    for (const slot of open) {
      const inside = this.#takeOut(slot, cut)
      if (slot.first !== undefined) this.#open.push(slot)
      if (inside === undefined) continue
      const { value } = inside
      const packed = value === undefined ? undefined : this.#values.pack(value)
      slot.sealed = { value, length: packed?.length ?? 0 }
      sealed.push(slot)
      yield [slot.key, packed]
    }
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

  #pack(pairs: Iterable<[string, Packed | undefined]>): StateBlock[] {
    const blocks = packPairs(this.name, pairs, this.#bucket)
    for (const { bytes } of blocks) this.#written += bytes.length
    return blocks
  }

  /** All that the store holds with this cut, in place of all blocks before it. */
  #rewritten(changes: readonly StateBlock[]): {
    readonly blocks: readonly StateBlock[]
    readonly expiredBelow: number | undefined
  } {
    const all: [string, Packed][] = []
    for (const { key, base, sealed } of this.#slots.values()) {
      const value = sealed === undefined ? base?.value : sealed.value
      if (value !== undefined) all.push([key, this.#values.pack(value)])
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
      const value = packed === undefined ? undefined : this.#values.unpack(packed)
      this.#setBase(slot, { value, length: packed?.length ?? 0 })
      this.#dropEmpty(slot)
      this.#told(key, slot.base?.value)
    })
  }

  snapshot(): readonly StateBlock[] {
    return packPairs(this.name, this.#basePairs(), this.#bucket)
  }

  *#basePairs(): IterableIterator<[string, Packed]> {
    for (const { key, base } of this.#slots.values())
      if (base !== undefined) yield [key, this.#values.pack(base.value!)]
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

  #setBase(slot: Slot<Value>, next: Stored<Value>): void {
    const { key, base: old } = slot
    if (old !== undefined) this.#baseBytes -= bytesOf(key, old)
    slot.base = next.value === undefined ? undefined : next
    if (next.value !== undefined) this.#baseBytes += bytesOf(key, next)
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

/** What a key and its value take, roughly: values take more than their text. */
function bytesOf(key: string, { length }: Stored<unknown>): number {
  return KEY_BYTES + 2 * key.length + 2 * length
}
