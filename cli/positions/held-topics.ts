import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import type { LetterCommand } from '../../engine/runtime/letters.ts'
import type { HeldLetter, HeldRecord } from '../../engine/testing/place.ts'
import { openKeys, type OpenLetter, type ParkedTopic } from '../letters/parked.ts'

const recordsAtOnce = 1000

/** What the topics of a place hold, wherever they are. */
export class HeldTopics {
  readonly #log: Log
  readonly #clock: Clock

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** All records of a topic, partition by partition; undefined where there is no such topic. */
  async records(topic: string): Promise<HeldRecord[] | undefined> {
    const partitions = await this.#log.partitionsOf(topic)
    if (partitions === undefined) return undefined
    const found: HeldRecord[] = []
    for (let partition = 0; partition < partitions; partition++)
      found.push(...(await this.partition(topic, partition)))
    return found
  }

  /** All records of one partition. */
  async partition(topic: string, partition: number): Promise<HeldRecord[]> {
    const found: HeldRecord[] = []
    const { first, end } = await this.#log.bounds({ topic, partition })
    for (let next = first; next < end;) {
      const { records, next: after } = await this.#log.fetch({ topic, partition }, next, recordsAtOnce)
      for (let row = 0; row < records.count; row++)
        found.push({ ...plainRecord(records, row), partition, offset: records.offsets[row]! })
      if (after <= next) break
      next = after
    }
    return found
  }

  /** The open letters of a group, in the order in which they were parked. */
  async letters(group: string, topic: string): Promise<HeldLetter[]> {
    const letters = await this.#open(group, topic)
    return letters.map(({ key, info, asked }) => ({ key, info, asked: asked !== undefined }))
  }

  /** Asks for the letters of a key to be released or discarded. False where there are none. */
  async command(group: string, topic: string, key: string, act: LetterCommand['act']): Promise<boolean> {
    const { encodeCommand } = await import('../../engine/runtime/letters.ts')
    const bytes = Buffer.from(key)
    const meant = (await this.#open(group, topic)).find((letter) => letter.key?.equals(bytes) === true)
    if (meant === undefined) return false
    const record = encodeCommand({ act, at: this.#clock.now() }, bytes)
    await this.#log.append([{ ...record, topic: meant.parked.name, partition: meant.partition }])
    return true
  }

  async #open(group: string, topic: string): Promise<OpenLetter[]> {
    const { parkedTopic } = await import('../../engine/runtime/letters.ts')
    const name = parkedTopic(group, topic)
    const partitions = (await this.#log.partitionsOf(name)) ?? 0
    const parked: ParkedTopic = { name, group, topic, partitions }
    const keys = await openKeys({ log: this.#log }, parked)
    const letters = keys.flatMap((one) => one.letters)
    return letters.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }
}
