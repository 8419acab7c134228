import { setTimeout as delay } from 'node:timers/promises'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import type { TopicPartition } from '../../native/positions.ts'
import type { AddressedRecord } from '../../native/plain-batches.ts'
import { Writer } from '../../native/writer.ts'
import { shopEvents, shopSpan } from '../../platform/shop/shop.ts'
import type { ShopEvent } from '../../platform/shop/shop-event.ts'
import { Latencies } from '../cluster/latencies.ts'
import { BenchFailure } from '../clients/options.ts'
import type { Due } from './effects.ts'
import { phaseNames, type PhaseName, type Schedule } from './schedule.ts'

/** How often the writer looks what is due, in milliseconds. */
const tickMs = 5

export interface LoadOptions {
  readonly bootstrap: string
  readonly schedule: Schedule
  readonly seed: number
  readonly encoderOf: (event: ShopEvent) => ValueEncoder
  /** Called for each record before it is written, in the order of writing. */
  readonly written: (event: ShopEvent, due: Due) => void
  readonly acknowledged: (place: TopicPartition, offset: number, due: Due) => void
}

/** What the writer itself has to say. */
export interface LoadResult {
  readonly written: number
  /** From when a record was due to the broker's acknowledgement, by phase: that much is not the platform's. */
  readonly acknowledged: Readonly<Partial<Record<PhaseName, ReturnType<Latencies['summary']>>>>
}

/** Writes the events of a made-up shop, each when it is due, without waiting for earlier ones to be acknowledged. */
export class Load {
  readonly #options: LoadOptions
  readonly #events: Iterator<ShopEvent, void>
  readonly #latencies = new Map<PhaseName, Latencies>()
  readonly #under = new Set<Promise<void>>()
  #began = 0
  #written = 0
  #done = false
  #fault: Error | undefined

  constructor(options: LoadOptions) {
    this.#options = options
    const { seed, schedule } = options
    const shop = { seed, events: schedule.total }
    // Its last event happens when the load begins: the platform refuses what is to come.
    this.#events = shopEvents({ ...shop, begin: Date.now() - shopSpan(shop) })[Symbol.iterator]()
  }

  /** Records so far. */
  get written(): number {
    return this.#written
  }

  /** When the first event is due, milliseconds since 1970; 0 before the start. */
  get began(): number {
    return this.#began
  }

  /** @throws BenchFailure where a record is not written */
  async run(): Promise<LoadResult> {
    const writer = await Writer.open({
      settings: { 'bootstrap.servers': this.#options.bootstrap, 'linger.ms': 0 },
    })
    try {
      this.#began = Date.now() + 100
      while (!this.#done && this.#fault === undefined) {
        this.#write(writer)
        await delay(tickMs)
      }
      await Promise.all(this.#under)
    } finally {
      await writer.close()
    }
    if (this.#fault !== undefined)
      throw new BenchFailure(`A record could not be written: ${this.#fault.message}`)
    const summaries = phaseNames.map((name) => [name, this.#latencies.get(name)?.summary()] as const)
    return { written: this.#written, acknowledged: Object.fromEntries(summaries) }
  }

  /** Writes what is due by now. */
  #write(writer: Writer): void {
    const { schedule, encoderOf, written } = this.#options
    const now = Date.now() - this.#began
    const dues: Due[] = []
    const records: AddressedRecord[] = []
    while (schedule.dueOf(this.#written) <= now) {
      const next = this.#events.next()
      if (next.done === true) {
        this.#done = true
        break
      }
      const event = next.value
      const due = { at: this.#began + schedule.dueOf(this.#written), phase: schedule.phaseOf(this.#written) }
      this.#written++
      written(event, due)
      dues.push(due)
      const { topic, key } = event
      // The record has the time at which it is written; what happened when, its value says.
      records.push({
        topic,
        key: Buffer.from(key),
        value: encoderOf(event).encode(event.event),
        timestamp: due.at,
      })
    }
    if (records.length === 0) return
    const under = writer
      .writePlain(records)
      .then(({ failed, partitions, offsets }) => {
        if (failed.length > 0) throw failed[0]!.error
        const now = Date.now()
        for (const [row, due] of dues.entries()) {
          this.#acknowledged(due.phase, now - due.at)
          const place = { topic: records[row]!.topic, partition: partitions[row]! }
          this.#options.acknowledged(place, offsets[row]!, due)
        }
      })
      .catch((error: unknown) => void (this.#fault ??= error as Error))
      .finally(() => this.#under.delete(under))
    this.#under.add(under)
  }

  #acknowledged(phase: PhaseName, milliseconds: number): void {
    let latencies = this.#latencies.get(phase)
    if (latencies === undefined) this.#latencies.set(phase, (latencies = new Latencies(0)))
    latencies.add(milliseconds)
  }
}
