import { plainRecord, type PlainRecord } from '../../../engine/component/packed-records.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import type { KafkaSettings } from '../../../engine/kafka/settings.ts'
import { decodeMetadata } from '../../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import { decodeParked, encodeCommand, parkedTopic } from '../../../engine/runtime/letters.ts'
import { isCovered, type Committed } from '../cluster/judge.ts'
import type { ParkedRecord } from './history.ts'

/** A record, and where it is. */
export interface Placed {
  readonly record: PlainRecord
  readonly partition: number
  readonly offset: number
}

/** The topics of a run as the harness sees them, past all proxies. */
export class ChaosTopics {
  readonly log: KafkaLog
  readonly admin: KafkaAdmin
  readonly partitions: number

  private constructor(log: KafkaLog, admin: KafkaAdmin, partitions: number) {
    this.log = log
    this.admin = admin
    this.partitions = partitions
  }

  static async open(brokers: string, partitions: number, replication: number): Promise<ChaosTopics> {
    const settings: KafkaSettings = {
      brokers: brokers.split(','),
      topics: { partitions, replication },
      protocol: 'auto',
      settings: {},
    }
    const log = new KafkaLog({ settings, onTrouble: () => undefined })
    return new ChaosTopics(log, await KafkaAdmin.open(settings), partitions)
  }

  /** What a group has committed of a topic, by partition. */
  async committed(group: string, topic: string): Promise<Committed[]> {
    const places = Array.from({ length: this.partitions }, (_, partition) => ({ topic, partition }))
    const found = await Promise.all(places.map((place) => this.log.committed(group, place)))
    return found.map((one) =>
      one === undefined
        ? { frontier: 0, ranges: new Intervals() }
        : { frontier: one.offset, ranges: decodeMetadata(one.offset, one.metadata) },
    )
  }

  /** The end of each partition. */
  async ends(topic: string): Promise<number[]> {
    const places = Array.from({ length: this.partitions }, (_, partition) => ({ topic, partition }))
    return [...(await this.admin.offsets(places, 'latest', 'read_committed'))].map((end) => end ?? 0)
  }

  /** The committed records of a topic, partition by partition, from these offsets on; none where there is no topic. */
  async *records(topic: string, from: readonly number[] = []): AsyncGenerator<Placed> {
    const partitions = (await this.log.partitionsOf(topic)) ?? 0
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic, partition }
      const { end } = await this.log.bounds(place)
      for (let at = from[partition] ?? 0; at < end;) {
        const { records, next } = await this.log.fetch(place, at, 5000)
        for (let row = 0; row < records.count; row++)
          yield { record: plainRecord(records, row), partition, offset: records.offsets[row]! }
        if (next <= at) break
        at = next
      }
    }
  }

  /** Letters and commands of a parked topic, from these offsets on. */
  async parked(group: string, topic: string, from: readonly number[] = []): Promise<ParkedRecord[]> {
    const all: ParkedRecord[] = []
    for await (const placed of this.records(parkedTopic(group, topic), from)) all.push(parkedOf(placed))
    return all
  }

  /** Asks for letters to be released or discarded, as `millrace dlq` does. */
  async command(
    { group, topic }: { readonly group: string; readonly topic: string },
    act: 'release' | 'discard',
    of: { readonly key: string; readonly partition: number; readonly letters?: readonly number[] },
  ): Promise<void> {
    const { key, partition, letters } = of
    const command = {
      act,
      at: Date.now(),
      ...(letters && { letters }),
      ...(act === 'discard' && { reason: 'chaos' }),
    }
    await this.log.append([
      { ...encodeCommand(command, Buffer.from(key)), topic: parkedTopic(group, topic), partition },
    ])
  }

  /** Letters and commands that a group has not dealt with yet. */
  async open(group: string, topic: string): Promise<ParkedRecord[]> {
    const committed = await this.committed(group, parkedTopic(group, topic))
    const rest = await this.parked(
      group,
      topic,
      committed.map(({ frontier }) => frontier),
    )
    return rest.filter(({ partition, parkedOffset }) => !isCovered(committed[partition]!, parkedOffset))
  }

  async close(): Promise<void> {
    await Promise.all([this.log.close(), this.admin.close()])
  }
}

function parkedOf({ record, partition, offset }: Placed): ParkedRecord {
  const entry = decodeParked(record)
  const key = textOf(record.key)
  if (entry.type === 'edit' || entry.type === 'halt')
    throw new Error('Nobody edits letters here, and nothing halts.')
  if (entry.type === 'command') {
    const { act, letters } = entry.command
    return { type: 'command', act, key, partition, parkedOffset: offset, ...(letters && { letters }) }
  }
  const { info } = entry
  return {
    type: 'letter',
    partition: info.partition,
    offset: info.offset,
    id: textOf(record.headers.find(({ name }) => name === 'id')?.value ?? null),
    key,
    follower: info.follower,
    parkedOffset: offset,
  }
}

export function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString()
}
