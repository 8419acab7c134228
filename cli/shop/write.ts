import { join } from 'node:path'
import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { readCatalogue } from '../../engine/config/catalogue.ts'
import { kinds, shopTopics, type ShopEvent } from '../../platform/shop/shop-event.ts'
import type { Pacer } from '../produce/timetable.ts'
import type { Project } from '../project/project.ts'

const batchRecords = 1000

/** Writes events of the shop into their topics, each with the newest version of its schema. */
export interface ShopWriter {
  /** Resolves when the events are written; they come out in this order within each key. */
  write(events: readonly ShopEvent[], options?: ShopWriteOptions): Promise<void>
}

export interface ShopWriteOptions {
  /** The records' own time, in milliseconds since 1970; that of the events, if it is not given. */
  readonly writtenAt?: number
}

/** Opens the topics of the shop, which are made where they are missing, as `schemas/catalogue.yaml` says. */
export async function openShopWriter(project: Project): Promise<ShopWriter> {
  const catalogue = await readCatalogue(join(project.root, 'schemas', 'catalogue.yaml'))
  const encoders = new Map<string, ValueEncoder>()
  for (const { schema, domain } of Object.values(kinds))
    encoders.set(schema, await project.schemas.encoder(schema, shopTopics[domain].topic))
  for (const { topic } of Object.values(shopTopics)) {
    const partitions = catalogue.get(topic)?.partitions
    await project.log.ensureTopic(topic, partitions === undefined ? {} : { partitions })
  }
  return {
    write: async (events, options = {}) => {
      await project.log.append(events.map((one) => recordOf(one, encoders.get(one.schema)!, options)))
    },
  }
}

function recordOf(
  { topic, key, event }: ShopEvent,
  encoder: ValueEncoder,
  { writtenAt = event.timestamp }: ShopWriteOptions,
): OutgoingRecord {
  const value = encoder.encode(event)
  return { topic, key: Buffer.from(key), value, headers: [], timestamp: writtenAt }
}

/** Cuts a stream of events into batches of what is due, and waits for the next ones. Ends with the pacer's signal. */
export async function* pacedBatches(
  events: Iterable<ShopEvent>,
  pacer: Pick<Pacer, 'isDue' | 'until'>,
): AsyncGenerator<readonly ShopEvent[]> {
  let batch: ShopEvent[] = []
  let number = 0
  for (const event of events) {
    if (batch.length === batchRecords || (batch.length > 0 && !pacer.isDue(number))) {
      yield batch
      batch = []
    }
    await pacer.until(number++)
    batch.push(event)
  }
  if (batch.length > 0) yield batch
}

/** Cuts a stream of events into batches. */
export function* batchesOf(events: Iterable<ShopEvent>): Generator<readonly ShopEvent[]> {
  let batch: ShopEvent[] = []
  for (const event of events) {
    batch.push(event)
    if (batch.length < batchRecords) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
