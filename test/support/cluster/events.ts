import { join } from 'node:path'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { avroValueCodec, avroValueEncoder } from '../../../engine/avro/value-codec.ts'
import { packBatch } from '../../../engine/component/outgoing.ts'
import type { PlainRecord } from '../../../engine/component/packed-records.ts'
import { Writer } from '../../../native/writer.ts'
import { randomFrom } from '../crash/workload.ts'

/** What a record of the proof is. A `duplicate` has id, key and body of an earlier one; `garbage` does not decode. */
export type Kind = 'plain' | 'bad' | 'wobbly' | 'slow' | 'duplicate' | 'garbage'

/** One record of the proof, before it is written. */
export interface ProofEvent {
  readonly kind: Kind
  /** '' for garbage, which has none that anybody could read. */
  readonly id: string
  /** '' = a record without key. */
  readonly key: string
  /** Event time, milliseconds since 1970. A duplicate has that of its twin. */
  readonly at: number
  /** What the processor `trial` is told to do with it; a duplicate says the same as its twin. */
  readonly action: 'modified' | 'bad' | 'wobble' | 'slow'
}

/** An event, and where it was written. */
export interface Written extends ProofEvent {
  readonly partition: number
  readonly offset: number
}

/** How events are made. */
export interface EventsPlan {
  readonly seed: number
  readonly count: number
  /** Event time of the first one. */
  readonly from: number
  /** Share of records that the processor `trial` refuses for good. 0 for topologies without it. */
  readonly bad?: number
  /** Share of garbage, 0.01 if not given. */
  readonly garbage?: number
  /** Share of duplicates, 0.05 if not given. */
  readonly duplicates?: number
  /** How many keys there are; one for fifty events if not given. */
  readonly keys?: number
  /** Where events are written in several parts: which one this is. Ids of different parts differ. */
  readonly part?: number
  /** All events lie within this time, milliseconds. */
  readonly span?: number
}

/** The window of the proof's dedup. Events of a part lie within `spanMs`, duplicates within a window of their twins. */
export const windowMs = 2 * 3600_000
export const spanMs = 10 * 3600_000

/**
 * Makes events: 5 % duplicates, near and far; 1 % garbage, on one key of fifty or without key; and some that the processor
 * `trial` refuses, fails at once in a while, or takes a moment for. The same plan makes the same events.
 */
export function* makeEvents(plan: EventsPlan): Generator<ProofEvent> {
  const { seed, count, from, bad = 0.0005, garbage = 0.01, duplicates = 0.05, part = 0, span = spanMs } = plan
  const random = randomFrom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const keys = plan.keys ?? Math.max(100, Math.min(20_000, Math.floor(count / 50)))
  // Few keys are meant to fail often: then garbage is on all of them.
  const stride = plan.keys === undefined ? 50 : 1
  const farthest = Math.max(1, Math.floor(count / 11))
  const recent: ProofEvent[] = []
  for (let n = 0; n < count; n++) {
    const at = Math.floor(from + (n / count) * span)
    const dice = random()
    if (dice < garbage) {
      const key = random() < 0.3 ? '' : keyName(below(Math.ceil(keys / stride)) * stride)
      yield { kind: 'garbage', id: '', key, at, action: 'modified' }
      continue
    }
    if (dice < garbage + duplicates && recent.length > 0) {
      // One in three comes right behind its twin.
      const back = random() < 1 / 3 ? 1 : 1 + below(Math.min(recent.length, farthest))
      yield { ...recent[recent.length - back]!, kind: 'duplicate' }
      continue
    }
    const kind = kindOf(random(), bad)
    const event = {
      kind,
      id: `event-${part * partSize + n}`,
      key: keyName(below(keys)),
      at,
      action: actions[kind],
    }
    recent.push(event)
    if (recent.length > 2 * farthest) recent.splice(0, recent.length - farthest)
    yield event
  }
}

/** More than any part has events. */
const partSize = 1e8

const actions = { plain: 'modified', bad: 'bad', wobbly: 'wobble', slow: 'slow' } as const

function kindOf(dice: number, bad: number): keyof typeof actions {
  if (dice < bad) return 'bad'
  if (dice < bad + 0.005) return 'wobbly'
  return dice < bad + 0.015 ? 'slow' : 'plain'
}

function keyName(number: number): string {
  return `shop-${number % 7}/cart/${number}`
}

/** What is written of an event as audit.AuditEvent. */
export function auditEvent({ id, key, at, action }: ProofEvent): Record<string, unknown> {
  const [store, entityType, entityId] = key.split('/')
  const number = Number(id.slice(id.indexOf('-') + 1))
  return {
    eventId: id,
    store,
    entityType,
    entityId,
    action,
    userId: `user-${number % 200}@shop.example`,
    timestamp: at,
    before: '{"items":2}',
    after: `{"items":${number % 10}}`,
    source: 'cart-service',
    correlationId: `request-${Math.floor(number / 3)}`,
    retentionClass: retentionClasses[number % 4]!,
  }
}

const retentionClasses = ['standard', 'short', 'permanent', 'standard']
const atOnce = 10_000
const schemas = join(import.meta.dirname, '../../../schemas')

/** Writes events into a topic as audit.AuditEvent, packed; answers where each went. */
export async function writeEvents(
  bootstrap: string,
  topic: string,
  events: Iterable<ProofEvent>,
): Promise<Written[]> {
  const encode = await encoder()
  const writer = await Writer.open({ settings: { 'bootstrap.servers': bootstrap } })
  const written: Written[] = []
  const flush = async (batch: readonly ProofEvent[]): Promise<void> => {
    const records = batch.map((event) => recordOf(event, encode))
    const { partitions, offsets, failed } = await writer.write(topic, packBatch(topic, records))
    if (failed.length > 0) throw failed[0]!.error
    for (const [n, event] of batch.entries())
      written.push({ ...event, partition: partitions[n]!, offset: offsets[n]! })
  }
  try {
    let batch: ProofEvent[] = []
    for (const event of events) {
      batch.push(event)
      if (batch.length < atOnce) continue
      await flush(batch)
      batch = []
    }
    await flush(batch)
    return written
  } finally {
    await writer.close()
  }
}

/** Bytes that are no value of any schema, without the header that says which. */
const garbageBytes = Buffer.from('this is no event')

function recordOf(event: ProofEvent, encode: (value: unknown) => Uint8Array): PlainRecord {
  return {
    key: event.key === '' ? null : Buffer.from(event.key),
    value: event.kind === 'garbage' ? garbageBytes : encode(auditEvent(event)),
    headers: [],
    timestamp: event.at,
  }
}

async function encoder(): Promise<(value: unknown) => Uint8Array> {
  const registry = await openDirectoryRegistry(schemas)
  const made = avroValueEncoder(await registry.latest('audit.AuditEvent'))
  return (value) => made.encode(value)
}

/** Decodes values of audit.AuditEvent. */
export async function decoder(): Promise<(value: Uint8Array) => unknown> {
  const registry = await openDirectoryRegistry(schemas)
  const codec = avroValueCodec(registry, await registry.latest('audit.AuditEvent'))
  return (value) => codec.decode(Buffer.from(value), 0, value.length)
}
