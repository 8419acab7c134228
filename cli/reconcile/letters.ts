import { keyText, plainRecord } from '../../engine/component/packed-records.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { LetterCommand, LetterInfo } from '../../engine/runtime/letters.ts'

/** What became of a letter: `released` ones went through the topology again. */
export type LetterState = 'open' | 'released' | 'discarded'

/** The letters of a group and topic, by the position of their records. */
export class ParkedPositions {
  readonly #states = new Map<string, LetterState>()

  set(partition: number, offset: number, state: LetterState): void {
    this.#states.set(`${partition}@${offset}`, state)
  }

  get(partition: number, offset: number): LetterState | undefined {
    return this.#states.size === 0 ? undefined : this.#states.get(`${partition}@${offset}`)
  }

  count(state: LetterState): number {
    let count = 0
    for (const one of this.#states.values()) if (one === state) count++
    return count
  }
}

const recordsAtOnce = 1000

/** Reads all letters of a group and topic, and what became of them. */
export async function parkedPositions(log: Log, group: string, topic: string): Promise<ParkedPositions> {
  const { parkedTopic } = await import('../../engine/runtime/letters.ts')
  const name = parkedTopic(group, topic)
  const found = new ParkedPositions()
  const partitions = (await log.partitionsOf(name)) ?? 0
  for (let partition = 0; partition < partitions; partition++)
    await readPartition(log, group, name, partition, found)
  return found
}

/** A letter of a parked partition, whatever became of it. */
export interface ReadLetter<Kept> {
  /** Its offset in the parked partition. */
  readonly place: number
  readonly state: LetterState
  /** A command about it was written that the worker has not carried out yet. */
  readonly asked: LetterCommand['act'] | undefined
  readonly kept: Kept
}

interface OpenLetter<Kept> {
  readonly key: string | undefined
  readonly kept: Kept
  discarded: boolean
  asked: LetterCommand['act'] | undefined
}

async function readPartition(
  log: Log,
  group: string,
  topic: string,
  partition: number,
  found: ParkedPositions,
): Promise<void> {
  const keep = ({ partition: from, offset }: LetterInfo): { from: number; offset: number } => ({
    from,
    offset,
  })
  for (const { state, kept } of await lettersOf(log, group, { topic, partition }, keep))
    found.set(kept.from, kept.offset, state)
}

/** All letters of a parked partition, in their order. `keep` says what is kept of each; undefined passes it over. */
export async function lettersOf<Kept extends object>(
  log: Log,
  group: string,
  { topic, partition }: TopicPartition,
  keep: (info: LetterInfo, key: string | undefined) => Kept | undefined,
): Promise<ReadLetter<Kept>[]> {
  const [{ decodeParked, isParkedEntry }, { decodeMetadata }] = await Promise.all([
    import('../../engine/runtime/letters.ts'),
    import('../../engine/runtime/commit-metadata.ts'),
  ])
  const letters = new Map<number, OpenLetter<Kept>>()
  const committed = await log.committed(group, { topic, partition })
  const { first, end } = await log.bounds({ topic, partition })
  for (let at = first; at < end;) {
    const { records, next } = await log.fetch({ topic, partition }, at, recordsAtOnce)
    if (next <= at) break
    at = next
    for (let row = 0; row < records.count; row++) {
      const record = plainRecord(records, row)
      if (!isParkedEntry(record)) continue
      const entry = decodeParked(record)
      const key = keyText(records, row)
      if (entry.type === 'command') carryOut(entry.command, key, letters)
      else if (entry.type === 'letter') {
        const kept = keep(entry.info, key)
        if (kept !== undefined)
          letters.set(records.offsets[row]!, { key, kept, discarded: false, asked: undefined })
      }
    }
  }
  const frontier = committed?.offset ?? 0
  const settled = decodeMetadata(frontier, committed?.metadata ?? '')
  return [...letters].map(([place, { kept, discarded, asked }]) => {
    const open = place >= frontier && !settled.has(place)
    const state = open ? 'open' : discarded ? 'discarded' : 'released'
    return { place, state, asked: open ? asked : undefined, kept }
  })
}

function carryOut<Kept>(
  { act, letters: meant }: LetterCommand,
  key: string | undefined,
  letters: Map<number, OpenLetter<Kept>>,
): void {
  const those =
    meant === undefined
      ? [...letters.values()].filter((letter) => letter.key === key)
      : meant.map((place) => letters.get(place))
  for (const letter of those) {
    if (letter === undefined) continue
    letter.asked = act
    if (act === 'discard') letter.discarded = true
  }
}
