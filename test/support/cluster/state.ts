import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { sighting } from '../../../engine/component/contracts/state.ts'
import { fingerprint } from '../../../engine/state/fingerprint.ts'
import { createIdStore } from '../../../engine/state/id-store.ts'
import { FakeLineage } from '../fake-lineage.ts'
import { windowMs } from './events.ts'
import type { Findings } from './judge.ts'
import { positionOf, type Oracle } from './oracle.ts'

/** An id store, made of the blocks that were restored for one partition. */
export function storeOf(blocks: readonly StateBlock[]): ReturnType<typeof createIdStore> {
  const store = createIdStore({ name: blocks[0]?.store ?? 'none', windowMs })
  for (const block of blocks) store.restore(block)
  return store
}

/**
 * The restored ids of a partition are a fold over its input: each id within the window is known by the position of its
 * first occurrence, and no id is known by another one. Parked ids, and those that have left the window, may be unknown.
 */
export function judgeState(blocks: readonly StateBlock[], partition: number, oracle: Oracle): Findings {
  const store = storeOf(blocks)
  const { size } = store
  const lineage = new FakeLineage()
  const parked = new Set(oracle.letters.map(positionOf))
  const wrong: Findings = []
  let known = 0
  let row = 0
  for (const first of oracle.firsts.values()) {
    if (first.partition !== partition) continue
    const id = Buffer.from(first.id)
    fingerprint(id, 0, id.length, store.probe)
    const seen = store.see(0, first.offset, lineage, row++)
    if (seen === sighting.replay) known++
    else if (seen !== sighting.fresh)
      wrong.push(`state: ${first.id} of ${positionOf(first)} is known by another position`)
    else if (first.at > oracle.newest[partition]! - windowMs && !parked.has(positionOf(first)))
      wrong.push(`state: ${first.id} of ${positionOf(first)} is not known`)
  }
  if (known !== size) wrong.push(`state: partition ${partition} holds ${size} ids, of which ${known} were ever sent`)
  return wrong
}
