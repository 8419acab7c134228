import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { sighting } from '../../../engine/component/contracts/state.ts'
import { fingerprint } from '../../../engine/state/fingerprint.ts'
import { createIdStore } from '../../../engine/state/id-store.ts'
import { FakeLineage } from '../fake-lineage.ts'
import { isCovered, type Committed, type Findings } from './judge.ts'
import { positionOf, type Oracle } from './oracle.ts'

/** What state is compared with. */
export interface Expected {
  readonly oracle: Oracle
  /** The window of the dedup, milliseconds. */
  readonly windowMs: number
}

/** An id store, made of the blocks that were restored for one partition. */
export function storeOf(blocks: readonly StateBlock[], windowMs: number): ReturnType<typeof createIdStore> {
  const store = createIdStore({ name: blocks[0]?.store ?? 'none', windowMs })
  for (const block of blocks) store.restore(block)
  return store
}

/**
 * The restored ids of a partition are a fold over its input: each id within the window is known by the position of its
 * first occurrence, and no id is known by another one. Parked ids, and those that have left the window, may be unknown.
 */
export function judgeState(
  blocks: readonly StateBlock[],
  partition: number,
  { oracle, windowMs }: Expected,
): Findings {
  const store = storeOf(blocks, windowMs)
  const { size } = store
  const lineage = new FakeLineage()
  const parked = new Set(oracle.letters.map(positionOf))
  const again = new Set(
    oracle.either.filter((one) => oracle.forgotten.has(positionOf(one))).map(({ id }) => id),
  )
  const wrong: Findings = []
  let known = 0
  let row = 0
  for (const first of oracle.firsts.values()) {
    if (first.partition !== partition) continue
    const id = Buffer.from(first.id)
    fingerprint(id, 0, id.length, store.probe)
    const seen = store.see(0, first.offset, lineage, row++)
    if (seen === sighting.replay || (seen === sighting.duplicate && again.has(first.id))) known++
    else if (seen !== sighting.fresh)
      wrong.push(`state: ${first.id} of ${positionOf(first)} is known by another position`)
    else if (first.at > oracle.newest[partition]! - windowMs && !parked.has(positionOf(first)))
      wrong.push(`state: ${first.id} of ${positionOf(first)} is not known`)
  }
  if (known !== size)
    wrong.push(`state: partition ${partition} holds ${size} ids, of which ${known} were ever sent`)
  return wrong
}

/** Between two lives: an id is known if its first occurrence is committed, and not known if it is not. */
export function judgeCut(
  blocks: readonly StateBlock[],
  committed: Committed,
  partition: number,
  { oracle, windowMs }: Expected,
): Findings {
  const store = storeOf(blocks, windowMs)
  const lineage = new FakeLineage()
  const parked = new Set(oracle.letters.map(positionOf))
  const covered = [...oracle.firsts.values()].filter(
    (one) => one.partition === partition && isCovered(committed, one.offset),
  )
  const newest = covered.reduce((latest, { at }) => Math.max(latest, at), 0)
  const wrong: Findings = []
  let row = 0
  for (const first of oracle.firsts.values()) {
    if (first.partition !== partition) continue
    const id = Buffer.from(first.id)
    fingerprint(id, 0, id.length, store.probe)
    const known = store.see(0, first.offset, lineage, row++) !== sighting.fresh
    const isCommitted = isCovered(committed, first.offset)
    if (known && !isCommitted)
      wrong.push(`cut: ${first.id} of ${positionOf(first)} is known, but not committed`)
    if (!known && isCommitted && first.at > newest - windowMs && !parked.has(positionOf(first)))
      wrong.push(`cut: ${first.id} of ${positionOf(first)} is committed, but not known`)
  }
  return wrong
}
