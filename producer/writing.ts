import type { ValueEncoder } from '../engine/component/codec.ts'
import { valueAt } from '../engine/component/record-view.ts'
import type { OutgoingRecord } from '../engine/component/contracts/log.ts'
import { permanentError } from '../engine/errors.ts'
import { fillEnvelope, type EnvelopeFacts } from './envelope.ts'
import type { Place } from './place.ts'
import { RecordTypes, type RecordType } from './record-types.ts'

/** What a record of one type needs to become bytes, got once. */
export interface Maker {
  readonly type: RecordType
  readonly encoder: ValueEncoder
  readonly key: readonly string[] | undefined
  readonly sequence: readonly string[] | undefined
}

/** A record that is ready to be written. */
export interface MadeRecord {
  readonly record: OutgoingRecord
  readonly eventId: string | undefined
  /** The number that it has among the records of its key, where its topic numbers them. */
  readonly sequence: { readonly key: string; readonly number: bigint } | undefined
}

/** Turns values into records: envelope, key, number, bytes. */
export class Writing {
  readonly #place: Place
  readonly #facts: EnvelopeFacts
  readonly #types: RecordTypes
  readonly #makers = new Map<string, Promise<Maker>>()
  readonly #ready = new Map<string, Maker>()

  constructor(place: Place, facts: EnvelopeFacts) {
    this.#place = place
    this.#facts = facts
    this.#types = new RecordTypes(place.files.directory, place.files.files())
  }

  /** What writes records of that name; at once where it was asked for before, so that calls keep their order. */
  maker(name: string, topic?: string): Maker | Promise<Maker> {
    const id = JSON.stringify([name, topic])
    const ready = this.#ready.get(id)
    if (ready !== undefined) return ready
    const making = this.#makers.get(id) ?? this.#make(name, topic)
    this.#makers.set(id, making)
    // What failed may be mended: the next call asks again.
    making.then(
      (maker) => this.#ready.set(id, maker),
      () => this.#makers.delete(id),
    )
    return making
  }

  /** @throws permanent errors that say which field is wrong */
  record(
    { type, encoder, key, sequence }: Maker,
    value: object,
    headers: OutgoingRecord['headers'],
  ): MadeRecord {
    const filled = fillEnvelope(type, value, this.#facts)
    const keyText = key === undefined ? undefined : textAt(filled, key, type)
    const timestamp = filled['timestamp']
    const { eventId } = filled
    return {
      record: {
        topic: type.topic,
        key: keyText === undefined ? null : Buffer.from(keyText, 'utf8'),
        value: encoder.encode(filled),
        headers,
        timestamp: typeof timestamp === 'number' ? timestamp : this.#facts.now(),
      },
      eventId: typeof eventId === 'string' ? eventId : undefined,
      sequence:
        sequence === undefined || keyText === undefined
          ? undefined
          : { key: `${type.topic} ${keyText}`, number: numberAt(filled, sequence, type) },
    }
  }

  async #make(name: string, topic: string | undefined): Promise<Maker> {
    const type = this.#types.find(name, topic)
    await this.#place.ensure(type.topic)
    const encoder = await this.#place.schemas.encoder(name, type.topic)
    const catalogued = this.#place.topics.get(type.topic)
    return {
      type,
      encoder,
      key: catalogued?.key?.split('.'),
      sequence: catalogued?.sequence?.split('.'),
    }
  }
}

function textAt(value: object, path: readonly string[], { name, topic }: RecordType): string {
  const key = valueAt(value, path)
  if (typeof key === 'string' && key !== '') return key
  if (typeof key === 'number' || typeof key === 'bigint') return String(key)
  const what = key === undefined || key === null ? 'is not given' : 'is neither text nor a number'
  throw permanentError(
    'RECORD_INVALID',
    `${name}: its ${path.join('.')} ${what}, and it is the key of ${topic}: records of a key keep their order.`,
  )
}

function numberAt(value: object, path: readonly string[], { name, topic }: RecordType): bigint {
  const number = valueAt(value, path)
  if (typeof number === 'bigint' || Number.isSafeInteger(number)) return BigInt(number as number)
  throw permanentError(
    'RECORD_INVALID',
    `${name}: its ${path.join('.')} is no whole number, and records of a key are numbered by it in ${topic}: whoever owns the key counts them.`,
  )
}
