import fc from 'fast-check'
import { type Cut, type IdStore, sighting } from '../../../engine/component/contracts/state.ts'
import type { Lineage, Verdict } from '../../../engine/component/lineage.ts'
import { bodyHash, fingerprint } from '../../../engine/state/fingerprint.ts'
import type {
  Answer,
  StoreModel,
  StoreSubject,
  StoreUnderTest,
  TestRecord,
} from '../../support/contracts/store-contract.ts'

/** A record with an id, or one that asks to forget the id of a position. */
export type IdChange = { readonly id: string; readonly body: string } | { readonly forget: number }

// Positions differ in the input only, or beyond the 32nd bit of the offset only.
const inputOf = (position: number): number => position & 1
const offsetOf = (position: number): number => (position >> 2) + (position & 2) * 2 ** 44

/** Writes id and body into the probe of a store. */
export function writeProbe(store: IdStore, id: string, body: string): void {
  const bytes = Buffer.from(id + body)
  const middle = Buffer.byteLength(id)
  fingerprint(bytes, 0, middle, store.probe)
  store.probe.body = bodyHash(bytes, middle, bytes.length)
}

const says = ['fresh', 'replay', 'duplicate']

function underTest(store: IdStore): StoreUnderTest<IdChange> {
  const apply = ({ change, position, lineage, row }: TestRecord<IdChange>): Answer => {
    if ('forget' in change) {
      const found = store.forget(inputOf(change.forget), offsetOf(change.forget), lineage, row)
      return { says: `forgot ${found}` }
    }
    writeProbe(store, change.id, change.body)
    const found = store.see(inputOf(position), offsetOf(position), lineage, row)
    if (found === sighting.pending) return { waits: { lineage: store.twinLineage, row: store.twinRow } }
    if (found === sighting.fresh) return { says: 'fresh' }
    return { says: `${says[found]}${store.bodyDiffers ? ', another body' : ''}` }
  }
  return {
    store,
    advance: (streamTime) => void store.advance(streamTime),
    apply,
    content: () => ({ size: store.size }),
    probe: (_change, record) => apply(record),
  }
}

interface Binding {
  readonly lineage: Lineage
  readonly row: number
}

interface Holder {
  readonly position: number
  readonly body: string
  bucket: number
  /** The record that must settle before the id is stored; undefined once it is sealed. */
  claim: Binding | undefined
}

interface Removal extends Binding {
  readonly id: string
  readonly position: number
}

type Entry = {
  readonly bucket: number
  readonly id: string
  readonly position: number
  readonly body: string | undefined
}

const frees = (verdict: Verdict | undefined): boolean => verdict === 'skipped' || verdict === 'discarded'

/** Dedup as one would write it without a thought for speed or memory. */
class IdModel implements StoreModel<IdChange> {
  readonly #bucketMs: number
  readonly #buckets: number
  #live = new Map<string, Holder>()
  #removals: Removal[] = []
  #current: number | undefined
  #sealed: Entry[] = []
  #disk: Entry[] = []
  readonly #witness: Witness

  constructor(windowMs: number, buckets: number) {
    this.#bucketMs = Math.ceil(windowMs / buckets)
    this.#buckets = buckets
    this.#witness = new Witness(windowMs)
  }

  advance(streamTime: number): void {
    this.#enter(Math.floor(streamTime / this.#bucketMs))
  }

  apply({ change, position, lineage, row }: TestRecord<IdChange>): Answer {
    if ('forget' in change) return this.#forget(change.forget, lineage, row)
    const holder = this.#live.get(change.id)
    const verdict = holder?.claim?.lineage.verdict(holder.claim.row)
    if (holder === undefined || (holder.claim !== undefined && frees(verdict))) {
      this.#live.set(change.id, {
        position,
        body: change.body,
        bucket: this.#current!,
        claim: { lineage, row },
      })
      return { says: 'fresh' }
    }
    const differs = holder.body === change.body ? '' : ', another body'
    if (holder.position === position) {
      if (holder.claim !== undefined && verdict === undefined) holder.claim = { lineage, row }
      return { says: `replay${differs}` }
    }
    if (holder.claim !== undefined && verdict === undefined) return { waits: holder.claim }
    return { says: `duplicate${differs}` }
  }

  content(): unknown {
    return { size: this.#live.size }
  }

  probe(_change: IdChange, record: TestRecord<IdChange>): Answer {
    return this.apply(record)
  }

  seal(cut: Cut): void {
    const bucket = this.#current!
    for (const { id, position, lineage, row } of this.#removals) {
      if (cut.has(lineage, row)) this.#sealed.push({ bucket, id, position, body: undefined })
    }
    this.#removals = this.#removals.filter(({ lineage, row }) => !cut.has(lineage, row))
    for (const [id, holder] of this.#live) {
      const { claim, position, body } = holder
      if (claim === undefined || !cut.has(claim.lineage, claim.row)) continue
      holder.claim = undefined
      if (frees(claim.lineage.verdict(claim.row))) {
        this.#live.delete(id)
        continue
      }
      this.#sealed.push({ bucket, id, position, body })
      // Stored again from the position that was to be forgotten: it outlives the removal. A claim that is freed does not.
      this.#removals = this.#removals.filter((one) => one.id !== id || one.position !== position)
    }
    this.#witness.seal(cut)
  }

  committed(): void {
    this.#disk.push(...this.#sealed)
    this.#sealed = []
    this.#witness.committed()
  }

  crash(deletedBelow: number): void {
    this.#live = new Map()
    this.#removals = []
    this.#sealed = []
    this.#current = undefined
    this.#disk = this.#disk.filter((entry) => entry.bucket >= deletedBelow)
    for (const { bucket, id, position, body } of this.#disk) {
      this.#enter(bucket)
      if (body !== undefined) this.#live.set(id, { position, body, bucket, claim: undefined })
      else if (this.#live.get(id)?.position === position) this.#live.delete(id)
    }
    this.#witness.crash()
  }

  judge(record: TestRecord<IdChange>, answer: Answer, streamTime: number): void {
    this.#witness.judge(record, answer, streamTime)
  }

  #enter(bucket: number): void {
    if (this.#current !== undefined && bucket <= this.#current) return
    this.#current = bucket
    for (const [id, holder] of this.#live) {
      if (holder.claim !== undefined) holder.bucket = bucket
      else if (holder.bucket < bucket - this.#buckets) this.#live.delete(id)
    }
  }

  #forget(position: number, lineage: Lineage, row: number): Answer {
    const found = [...this.#live].find(([, one]) => one.position === position && one.claim === undefined)
    if (found === undefined) return { says: 'forgot false' }
    this.#live.delete(found[0])
    this.#removals.push({ id: found[0], position, lineage, row })
    this.#witness.forgotten(found[0])
    return { says: 'forgot true' }
  }
}

interface Sight extends Binding {
  readonly id: string
  readonly position: number
  readonly at: number
}

/** Judges answers by what was answered and committed before, without knowing how ids are kept. */
class Witness {
  readonly #windowMs: number
  readonly #claimed = new Map<string, Set<number>>()
  #sights: Sight[] = []
  #sealed: Sight[] = []
  readonly #stored = new Map<string, Sight>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  judge({ change, position, lineage, row }: TestRecord<IdChange>, answer: Answer, streamTime: number): void {
    if (!('id' in change)) return
    const { id } = change
    const claimed = this.#claimed.get(id) ?? new Set()
    this.#claimed.set(id, claimed)
    const stored = this.#stored.get(id)
    const known = stored !== undefined && streamTime - stored.at < this.#windowMs
    const said = 'says' in answer ? answer.says.split(',')[0] : 'waits'
    if (said === 'fresh' && known) throw new Error(`${id} is stored and in the window, yet fresh`)
    if (said !== 'fresh' && claimed.size === 0) throw new Error(`${id} was never seen, yet ${said}`)
    const others = [...claimed].filter((other) => other !== position)
    if ((said === 'duplicate' || said === 'waits') && others.length === 0) {
      throw new Error(`${id} is a ${said} of itself`)
    }
    if (known && said !== (stored.position === position ? 'replay' : 'duplicate')) {
      throw new Error(`${id} is stored, yet ${said}`)
    }
    const earlier = this.#sights.find((one) => one.id === id && one.position === position)
    if (said === 'fresh' || (said === 'replay' && earlier !== undefined && !known)) {
      claimed.add(position)
      if (said === 'replay' && earlier!.lineage.verdict(earlier!.row) !== undefined) return
      this.#sights = this.#sights.filter((one) => one.id !== id)
      this.#sights.push({ id, position, at: said === 'fresh' ? streamTime : earlier!.at, lineage, row })
    }
  }

  forgotten(id: string): void {
    this.#stored.delete(id)
    this.#sealed = this.#sealed.filter((one) => one.id !== id)
  }

  seal(cut: Cut): void {
    const inside = this.#sights.filter((one) => cut.has(one.lineage, one.row))
    this.#sights = this.#sights.filter((one) => !inside.includes(one))
    this.#sealed = inside.filter((one) => !frees(one.lineage.verdict(one.row)))
  }

  committed(): void {
    for (const one of this.#sealed) this.#stored.set(one.id, one)
    this.#sealed = []
  }

  crash(): void {
    this.#sights = []
    this.#sealed = []
  }
}

const ids = Array.from({ length: 10 }, (_, n) => `id-${n}`)

/** Histories for an id store with a window of 100 ms in `buckets`. */
export function idSubject(
  open: (windowMs: number, buckets: number) => IdStore,
  buckets: number,
): StoreSubject<IdChange> {
  const windowMs = 100
  const body = fc.constantFrom('a body', 'another one')
  return {
    open: () => underTest(open(windowMs, buckets)),
    model: () => new IdModel(windowMs, buckets),
    change: fc.oneof(
      { weight: 9, arbitrary: fc.record({ id: fc.constantFrom(...ids), body }) },
      { weight: 1, arbitrary: fc.record({ forget: fc.nat(30) }) },
    ),
    order: () => undefined,
    universe: ids.map((id) => ({ id, body: 'a body' })),
    keepsMs: windowMs,
  }
}
