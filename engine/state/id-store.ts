import type { StateBlock } from '../component/contracts/commit.ts'
import {
  type Cut,
  type IdProbe,
  type IdStore,
  type Sighting,
  sighting,
} from '../component/contracts/state.ts'
import type { Lineage } from '../component/lineage.ts'
import { fatalError } from '../errors.ts'
import { BucketLabels } from './bucket-labels.ts'
import { IdBlockWriter, readIdBlock } from './id-blocks.ts'
import { IdBuckets } from './id-buckets.ts'
import { frees, IdClaims } from './id-claims.ts'
import {
  BODY,
  CLAIM_MASK,
  ENTRY_SHIFT,
  highWord,
  INPUT_MASK,
  MAX_INPUTS,
  META,
  OFFSET_HIGH,
  OFFSET_LOW,
  OPEN,
} from './id-entry.ts'
import { IdRemovals } from './id-removals.ts'
import { endOf } from './state-frame.ts'

/** How an id store is set up. */
export interface IdStoreOptions {
  /** Unique in its topology: `{node}` or `{node}.{name}`. */
  readonly name: string
  /** How long an id is remembered after it was first seen: stream time, milliseconds. */
  readonly windowMs: number
  /**
   * Into how many time buckets the window is divided (1 … 31, default 8). An id is remembered for the window and at
   * most one bucket more.
   */
  readonly buckets?: number
}

/**
 * Makes an empty id store for one partition. An id is eight words (id-entry.ts): with all that belongs to it 43
 * to 60 bytes in the time bucket that is being filled, 36 to 40 in those that have ended.
 *
 * @throws CONFIG_INVALID (fatal) for a window or number of buckets that cannot be.
 */
export function createIdStore(options: IdStoreOptions): IdStore {
  const { name, windowMs, buckets = 8 } = options
  if (!(windowMs > 0) || !(buckets >= 1 && buckets <= 31 && Number.isInteger(buckets))) {
    throw fatalError('CONFIG_INVALID', `The store ${name} needs a window above 0 and 1 to 31 buckets.`)
  }
  return new BucketIdStore(name, windowMs, buckets)
}

/**
 * Claims are the open layer; an id without claim is stored. Sealed and committed ids look alike in memory, since a
 * commit that does not take effect is sent again or takes the store with it.
 */
class BucketIdStore implements IdStore {
  readonly kind = 'ids'
  readonly name: string
  readonly probe: IdProbe = { id0: 0, id1: 0, id2: 0, id3: 0, body: 0 }
  bodyDiffers = false
  readonly #bucketMs: number
  readonly #buckets: IdBuckets
  readonly #labels = new BucketLabels()
  readonly #claims = new IdClaims()
  readonly #removals = new IdRemovals()
  #sealed = false
  #twinLineage: Lineage | undefined
  #twinRow = 0

  constructor(name: string, windowMs: number, buckets: number) {
    this.name = name
    this.#buckets = new IdBuckets(buckets)
    this.#bucketMs = Math.ceil(windowMs / buckets)
  }

  get twinLineage(): Lineage {
    return this.#twinLineage!
  }

  get twinRow(): number {
    return this.#twinRow
  }

  get size(): number {
    return this.#settledBuckets.size
  }

  get bytes(): number {
    return this.#buckets.bytes + this.#claims.bytes + this.#removals.bytes
  }

  touch(words: Int32Array, count: number): void {
    this.#buckets.touch(words, count << ENTRY_SHIFT)
  }

  see(input: number, offset: number, lineage: Lineage, row: number): Sighting {
    const { probe } = this
    const id0 = probe.id0 | 0
    const id1 = probe.id1 | 0
    const id2 = probe.id2 | 0
    const id3 = probe.id3 | 0
    const buckets = this.#buckets
    if (!buckets.settled) buckets.settle()
    const { active } = buckets
    if (active.find(id0, id1, id2, id3)) {
      const meta = active.words[active.at + META]!
      if (meta < 0) return this.#seeClaimed(meta & CLAIM_MASK, input, offset, lineage, row)
      return this.#seeStored(active.words, active.at, input, offset)
    }
    if (buckets.findEnded(id0, id1, id2, id3))
      return this.#seeStored(buckets.words, buckets.at, input, offset)
    if (input >= MAX_INPUTS) throw this.#defect(`was given the input ${input}`)
    buckets.insert(id0, id1, id2, id3)
    this.#place(offset, OPEN | this.#claims.add(active.entry, input, lineage, row))
    return sighting.fresh
  }

  advance(streamTimeMs: number): boolean {
    const bucket = Math.floor(streamTimeMs / this.#bucketMs)
    return bucket > this.#buckets.clock && this.#settledBuckets.advance(bucket, this.#claims)
  }

  /** An id whose claim is not sealed yet is not stored: nothing is forgotten. A record of several pieces has several ids. */
  forget(input: number, offset: number, lineage: Lineage, row: number): boolean {
    const removed = (words: Int32Array, at: number): void => this.#removals.add(words, at, lineage, row)
    const buckets = this.#settledBuckets
    let forgotten = 0
    while (buckets.removePosition(input, offset | 0, highWord(offset), removed)) forgotten++
    return forgotten > 0
  }

  seal(cut: Cut): { readonly blocks: readonly StateBlock[]; readonly expiredBelow: number | undefined } {
    if (this.#sealed) throw this.#defect('was sealed again before its commit had ended')
    const expected = this.#claims.count + this.#removals.count
    const bucket = this.#buckets.current
    if (bucket === undefined && expected > 0) throw this.#defect('has ids but was never told the stream time')
    const label = this.#labels.labelOf(bucket ?? 0)
    const writer = new IdBlockWriter(this.name, label, expected, this.#endOf(bucket ?? 0))
    this.#removals.seal(cut, writer)
    this.#sealClaims(cut, writer)
    const blocks = writer.finish()
    if (blocks.length > 0) this.#labels.packed(label, bucket!)
    this.#sealed = true
    const { oldest } = this.#buckets
    return {
      blocks,
      expiredBelow: bucket === undefined ? undefined : this.#labels.takeExpired(oldest, bucket),
    }
  }

  committed(): void {
    this.#sealed = false
  }

  restore(block: StateBlock): void {
    if (this.#claims.count > 0) throw this.#defect('was restored after records had been seen')
    const buckets = this.#buckets
    readIdBlock(block, this.name, (words) => {
      const end = endOf(block) ?? (block.bucket + 1) * this.#bucketMs
      // Of a bucket of another length, ids go where none is forgotten too early.
      const bucket = Math.ceil(Math.abs(end) / this.#bucketMs) - 1
      const exact = end === (block.bucket + 1) * this.#bucketMs
      buckets.restore(bucket, exact, words, this.#claims)
      this.#labels.packed(block.bucket, bucket)
    })
  }

  /** What a block says of its bucket's end: negative where stream time has not reached that bucket yet. */
  #endOf(bucket: number): number {
    const end = (bucket + 1) * this.#bucketMs
    return this.#buckets.clock < bucket ? -end : end
  }

  get #settledBuckets(): IdBuckets {
    if (!this.#buckets.settled) this.#buckets.settle()
    return this.#buckets
  }

  /** Writes the rest of the entry at which the active table stands. */
  #place(offset: number, meta: number): void {
    const { words, at } = this.#buckets.active
    words[at + OFFSET_LOW] = offset | 0
    words[at + OFFSET_HIGH] = highWord(offset)
    words[at + BODY] = this.probe.body
    words[at + META] = meta
  }

  #seeStored(words: Int32Array, at: number, input: number, offset: number): Sighting {
    this.bodyDiffers = words[at + BODY] !== (this.probe.body | 0)
    const same = isAt(words, at, offset) && (words[at + META]! & INPUT_MASK) === input
    return same ? sighting.replay : sighting.duplicate
  }

  /** The active table stands at the entry of the claim. */
  #seeClaimed(claim: number, input: number, offset: number, lineage: Lineage, row: number): Sighting {
    const claims = this.#claims
    const { words, at } = this.#buckets.active
    const verdict = claims.verdict(claim)
    if (frees(verdict)) {
      claims.bind(claim, input, lineage, row)
      this.#place(offset, OPEN | claim)
      this.bodyDiffers = false
      return sighting.fresh
    }
    this.bodyDiffers = words[at + BODY] !== (this.probe.body | 0)
    if (isAt(words, at, offset) && claims.inputs[claim] === input) {
      // A record that is settled keeps its claim, which must be sealed with it; one under way hands it over.
      if (verdict === undefined) claims.bind(claim, input, lineage, row)
      return sighting.replay
    }
    if (verdict !== undefined) return sighting.duplicate
    this.#twinLineage = claims.lineages[claim]
    this.#twinRow = claims.rows[claim]!
    return sighting.pending
  }

  #sealClaims(cut: Cut, writer: IdBlockWriter): void {
    const claims = this.#claims
    const { active } = this.#buckets
    let kept = 0
    for (let claim = 0; claim < claims.count; claim++) {
      active.go(claims.entries[claim]!)
      if (!cut.has(claims.lineages[claim]!, claims.rows[claim]!)) {
        active.words[active.at + META] = OPEN | kept
        claims.move(claim, kept++)
        continue
      }
      const verdict = claims.verdict(claim)
      if (verdict === undefined) throw this.#defect('was asked to seal a record that is not settled')
      if (frees(verdict)) active.remove(active.entry)
      else this.#sealClaim(active.words, active.at, claims.inputs[claim]!, writer)
    }
    claims.truncate(kept)
  }

  #sealClaim(words: Int32Array, at: number, input: number, writer: IdBlockWriter): void {
    words[at + META] = input
    writer.add(words, at, input)
    if (this.#removals.count > 0) this.#removals.overrule(words, at)
  }

  #defect(what: string): Error {
    return fatalError('CONSERVATION_BROKEN', `The store ${this.name} ${what}: a defect of Millrace.`)
  }
}

function isAt(words: Int32Array, at: number, offset: number): boolean {
  return words[at + OFFSET_LOW] === (offset | 0) && words[at + OFFSET_HIGH] === highWord(offset)
}
