import type { Entry, GroupHistory, History } from './history.ts'

/** The class of what is wrong, and a sentence about one case of it. */
export interface Anomaly {
  readonly kind: AnomalyKind
  readonly what: string
}

/** What the checker looks for. */
export const anomalyKinds = [
  'lost write',
  'phantom write',
  'lost effect',
  'phantom effect',
  'two positions',
  'repeat after commit',
  'reordered key',
  'letter',
  'parked out of order',
  'output gap',
  'output twice',
  'output reordered',
  'table',
  'aggregate',
  'progress went back',
  'stuck',
] as const

export type AnomalyKind = (typeof anomalyKinds)[number]

/** A record's place as text: `partition@offset`. */
export const placeOf = ({ partition, offset }: { partition: number; offset: number }): string =>
  `${partition}@${offset}`

/** What the source topic says must be, whatever happened: the only thing that effects are compared with. */
export class Truth {
  readonly byPlace = new Map<string, Entry>()
  /** All occurrences of each id, in the order of the topic. Garbage has no id that anybody could read. */
  readonly occurrences = new Map<string, Entry[]>()

  constructor({ log }: Pick<History, 'log'>) {
    for (const entry of log) {
      this.byPlace.set(placeOf(entry), entry)
      if (entry.action === 'garbage') continue
      const known = this.occurrences.get(entry.id)
      if (known === undefined) this.occurrences.set(entry.id, [entry])
      else known.push(entry)
    }
  }

  /** The first occurrence of each id. */
  get firsts(): Entry[] {
    return [...this.occurrences.values()].map(([first]) => first!)
  }
}

/** Which records were given up: as letters, by command. */
export interface Discards {
  /** A discard names the letter, and nothing could have released it before. */
  readonly certain: ReadonlySet<string>
  /** A discard names it. It may have been released before, or not. */
  readonly possible: ReadonlySet<string>
}

/** What the commands of a parked topic have given up. */
export function discardsOf({ parked = [] }: Pick<GroupHistory, 'parked'>): Discards {
  const certain = new Set<string>()
  const possible = new Set<string>()
  const letters = new Map<string, { readonly place: string; readonly at: number }>()
  // The last release of each key, by where it is in its partition.
  const released = new Map<string, number>()
  for (const one of parked) {
    const key = `${one.partition} ${one.key}`
    if (one.type === 'letter')
      letters.set(`${one.partition}@${one.parkedOffset}`, { place: placeOf(one), at: one.parkedOffset })
    else if (one.act === 'release') released.set(key, one.parkedOffset)
    else
      for (const offset of one.letters ?? []) {
        const letter = letters.get(`${one.partition}@${offset}`)
        if (letter === undefined) continue
        possible.add(letter.place)
        // A release in front of the letter may still be at work when the letter comes.
        if (released.get(key) === undefined) certain.add(letter.place)
      }
  }
  return { certain, possible }
}
