import type { Effect } from './lives.ts'
import type { Written } from './workload.ts'

/** What is wrong with a history of effects; empty if nothing is. */
export type Verdict = string[]

/** The events that must have an effect when nothing is parked any more: the first of each id in its partition. */
export function firsts(written: readonly Written[]): Written[] {
  const seen = new Set<string>()
  return inOrder(written).filter((event) => {
    if (seen.has(event.id)) return false
    seen.add(event.id)
    return true
  })
}

/** Those that must not have one while bad events are parked: the first bad event of each key and all behind it. */
export function parked(written: readonly Written[]): Written[] {
  const blocked = new Set<string>()
  return inOrder(written).filter((event) => {
    if (blocked.has(event.key)) return true
    if (!event.bad || !isFirst(event, written)) return false
    blocked.add(event.key)
    return true
  })
}

function isFirst(event: Written, written: readonly Written[]): boolean {
  return written.every((other) => other.id !== event.id || other.offset >= event.offset)
}

/** No effect of one id from two positions; effects of a key in the order of offsets, repeats aside. */
export function judgeEffects(effects: readonly Effect[]): Verdict {
  const wrong: Verdict = []
  const positions = new Map<string, string>()
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const { id, key, partition, offset } of effects) {
    const position = `${partition}@${offset}`
    const known = positions.get(id)
    if (known !== undefined && known !== position)
      wrong.push(`${id} had effects from ${known} and ${position}`)
    positions.set(id, position)
    if (seen.has(position)) continue
    seen.add(position)
    if (offset < (last.get(key) ?? -1)) wrong.push(`${key}: offset ${offset} came after ${last.get(key)}`)
    last.set(key, Math.max(offset, last.get(key) ?? -1))
  }
  return wrong
}

/** Exactly these events had an effect. */
export function judgeSet(effects: readonly Effect[], expected: readonly Written[]): Verdict {
  const had = new Set(effects.map(({ partition, offset }) => `${partition}@${offset}`))
  const should = new Set(expected.map(({ partition, offset }) => `${partition}@${offset}`))
  const lost = [...should].filter((position) => !had.has(position))
  const phantom = [...had].filter((position) => !should.has(position))
  return [
    ...lost.map((position) => `${position} is lost`),
    ...phantom.map((position) => `${position} is a phantom`),
  ]
}

/** The letters of each key are in the order of their offsets, and none is there twice. */
export function judgeLetters(letters: readonly { readonly offset: number; readonly key: string }[]): Verdict {
  const last = new Map<string, number>()
  const wrong: Verdict = []
  for (const { key, offset } of letters) {
    if (offset <= (last.get(key) ?? -1))
      wrong.push(`${key}: letter ${offset} stands behind letter ${last.get(key)}`)
    last.set(key, offset)
  }
  return wrong
}

function inOrder(written: readonly Written[]): Written[] {
  return written.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}
