import { keyText, plainRecord } from '../engine/component/packed-records.ts'
import type { Log } from '../engine/component/contracts/log.ts'
import type { LetterCommand } from '../engine/runtime/letters.ts'

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
  const { parkedTopic } = await import('../engine/runtime/letters.ts')
  const name = parkedTopic(group, topic)
  const found = new ParkedPositions()
  const partitions = (await log.partitionsOf(name)) ?? 0
  for (let partition = 0; partition < partitions; partition++)
    await readPartition(log, group, name, partition, found)
  return found
}

interface Letter {
  readonly partition: number
  readonly offset: number
  readonly key: string | undefined
  discarded: boolean
}

async function readPartition(
  log: Log,
  group: string,
  topic: string,
  partition: number,
  found: ParkedPositions,
): Promise<void> {
  const [{ decodeParked, isParkedEntry }, { decodeMetadata }] = await Promise.all([
    import('../engine/runtime/letters.ts'),
    import('../engine/runtime/commit-metadata.ts'),
  ])
  const letters = new Map<number, Letter>()
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
      if (entry.type === 'command') discard(entry.command, key, letters)
      else {
        const { partition: from, offset } = entry.info
        letters.set(records.offsets[row]!, { partition: from, offset, key, discarded: false })
      }
    }
  }
  const frontier = committed?.offset ?? 0
  const settled = decodeMetadata(frontier, committed?.metadata ?? '')
  for (const [place, letter] of letters) {
    const open = place >= frontier && !settled.has(place)
    found.set(letter.partition, letter.offset, open ? 'open' : letter.discarded ? 'discarded' : 'released')
  }
}

function discard(
  { act, letters: meant }: LetterCommand,
  key: string | undefined,
  letters: Map<number, Letter>,
): void {
  if (act !== 'discard') return
  if (meant !== undefined) {
    for (const place of meant) {
      const letter = letters.get(place)
      if (letter !== undefined) letter.discarded = true
    }
    return
  }
  for (const letter of letters.values()) if (letter.key === key) letter.discarded = true
}
