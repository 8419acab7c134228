import { hash } from 'node:crypto'

/** What a producer may get wrong. Shares are from 0 to 1. */
export interface Trouble {
  readonly duplicates: number
  readonly disorder: number
  readonly broken: number
  readonly seed: number
}

/** How a record is broken. */
export type Damage = 'no-author' | 'far-future' | 'no-action'

const damages: readonly Damage[] = ['no-author', 'far-future', 'no-action']

/** One record to send. */
export interface Sent<Item> {
  readonly item: Item
  readonly damage: Damage | undefined
}

/** Records are shuffled within runs of this many, so that a run can be made again from its beginning. */
export const runLength = 64
const farthest = 32

/**
 * Sends some records of a run again a little later, some late, and some broken. It depends on nothing but the ids and
 * the seed: the same history has the same trouble, each time it is read.
 */
export function withTrouble<Item extends { readonly id: string }>(
  items: readonly Item[],
  trouble: Trouble,
): Sent<Item>[] {
  const placed: { readonly place: number; readonly sent: Sent<Item> }[] = []
  for (const [place, item] of items.entries()) {
    const draw = drawsOf(item.id, trouble.seed)
    const damage = draw.broken < trouble.broken ? damages[draw.distance % damages.length] : undefined
    const delay = draw.disorder < trouble.disorder ? 1.5 + (draw.distance % farthest) : 0
    placed.push({ place: place + delay, sent: { item, damage } })
    if (draw.duplicate < trouble.duplicates) {
      placed.push({ place: place + delay + 0.25 + (draw.distance % farthest), sent: { item, damage } })
    }
  }
  return placed.sort((left, right) => left.place - right.place).map(({ sent }) => sent)
}

/** Numbers that the id decides: three from 0 to 1, and a whole one. */
function drawsOf(id: string, seed: number) {
  const digest = hash('sha256', `${seed}:${id}`, 'hex')
  const part = (index: number): number => Number.parseInt(digest.slice(index * 8, index * 8 + 8), 16)
  return {
    duplicate: part(0) / 2 ** 32,
    disorder: part(1) / 2 ** 32,
    broken: part(2) / 2 ** 32,
    distance: part(3),
  }
}
