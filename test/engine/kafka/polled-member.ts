// A member that is polled in the background, as a worker does it, and what it was told.

import {
  nameOf,
  type CommittedPosition,
  type TopicPartition,
} from '../../../engine/component/contracts/position.ts'
import type { SourceEvent } from '../../../engine/component/contracts/reader.ts'
import { plainRecord } from '../../../engine/component/packed-records.ts'
import { KafkaMember, type MemberOptions } from '../../../engine/kafka/member.ts'
import type { MillraceError } from '../../../engine/errors.ts'

export interface PolledOptions {
  /** Where partitions begin: by default after what is committed. */
  readonly position?: (partition: TopicPartition) => CommittedPosition | undefined
  /** Called for each event before it is answered; the next poll waits for it. `false`: it is not answered. */
  readonly onEvent?: (event: SourceEvent, member: PolledMember) => Promise<boolean | void> | boolean | void
}

// More than the session of 45 s after which a group gives up a member whose farewell got lost.
const patienceMs = 90_000
const open = new Set<PolledMember>()

/** Closes all that are open: for `afterEach`. */
export async function closeMembers(): Promise<void> {
  await Promise.all([...open].map((member) => member.close()))
}

export class PolledMember {
  readonly member: KafkaMember
  readonly events: SourceEvent[] = []
  readonly errors: MillraceError[] = []
  readonly troubles: string[]
  /** `topic/partition` → the values of its records, in order. */
  readonly values = new Map<string, string[]>()
  readonly offsets = new Map<string, number[]>()
  /** `topic/partition` that are held, with their epochs. */
  readonly held = new Map<string, number>()
  maxBytes = 1 << 20
  readonly #options: PolledOptions
  #stopped = true
  #polling: Promise<void> = Promise.resolve()
  #changed = Promise.withResolvers<void>()
  #failure: Error | undefined

  private constructor(member: KafkaMember, troubles: string[], options: PolledOptions) {
    this.member = member
    this.troubles = troubles
    this.#options = options
  }

  static async open(
    options: Omit<MemberOptions, 'onTrouble'>,
    polled: PolledOptions = {},
  ): Promise<PolledMember> {
    const troubles: string[] = []
    const member = await KafkaMember.open({ ...options, onTrouble: (sentence) => troubles.push(sentence) })
    const one = new PolledMember(member, troubles, polled)
    open.add(one)
    one.go()
    return one
  }

  /** Polls on after `stop`. */
  go(): void {
    this.#stopped = false
    this.#polling = this.#loop()
  }

  /** Polls no more; resolves when the last poll is answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#polling
  }

  async close(): Promise<void> {
    open.delete(this)
    this.#stopped = true
    await this.member.close()
    await this.#polling
  }

  /** Resolves when `done` holds, which is looked at after each poll. */
  async until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + patienceMs
    while (!done()) {
      if (this.#failure !== undefined) throw this.#failure
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`It did not come to: ${what}. ${this.summary()}`)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(left, 200))))
      await Promise.race([this.#changed.promise, late])
      clearTimeout(timer)
    }
  }

  async event<Type extends SourceEvent['type']>(type: Type): Promise<Extract<SourceEvent, { type: Type }>> {
    const find = (): SourceEvent | undefined => this.events.find((event) => event.type === type)
    await this.until(() => find() !== undefined, `an event ${type}`)
    return find() as Extract<SourceEvent, { type: Type }>
  }

  async error(fits: (error: MillraceError) => boolean = () => true): Promise<MillraceError> {
    await this.until(() => this.errors.some(fits), 'an error')
    return this.errors.find(fits)!
  }

  summary(): string {
    const told = this.events.slice(-20).map((event) => {
      if ('partitions' in event) return `${event.type} ${event.partitions.map(nameOf).join(' ')}`
      if (event.type === 'failed') return `failed (${(event.error as Error).message})`
      return event.type
    })
    return `Events: ${told.join(', ')}; held: ${[...this.held.keys()].join(' ')}; troubles: ${this.troubles.join(' ')}`
  }

  async #loop(): Promise<void> {
    try {
      while (!this.#stopped) {
        const events = await this.member.poll({ maxBytes: this.maxBytes, waitMs: 50 })
        for (const event of events) await this.#take(event)
        const { resolve } = this.#changed
        this.#changed = Promise.withResolvers<void>()
        resolve()
      }
    } catch (error) {
      this.#failure = error as Error
    }
  }

  async #take(event: SourceEvent): Promise<void> {
    if (event.type !== 'records') this.events.push(event)
    if (event.type === 'failed') this.errors.push(event.error as MillraceError)
    if (event.type === 'records') {
      const name = nameOf(event.records)
      const values = this.values.get(name) ?? []
      const offsets = this.offsets.get(name) ?? []
      for (let row = 0; row < event.records.count; row++) {
        values.push(Buffer.from(plainRecord(event.records, row).value ?? '').toString())
        offsets.push(event.records.offsets[row]!)
      }
      this.values.set(name, values)
      this.offsets.set(name, offsets)
    }
    if (event.type === 'assigned') for (const one of event.partitions) this.held.set(nameOf(one), event.epoch)
    if (event.type === 'lost') for (const one of event.partitions) this.held.delete(nameOf(one))
    if ((await this.#options.onEvent?.(event, this)) === false) return
    if (event.type === 'assigned')
      for (const one of event.partitions) await this.member.start(one, await this.#positionOf(one))
    if (event.type === 'revoked') await this.release(event.partitions)
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    for (const one of partitions) this.held.delete(nameOf(one))
    await this.member.release(partitions)
  }

  async #positionOf(partition: TopicPartition): Promise<CommittedPosition | undefined> {
    if (this.#options.position !== undefined) return this.#options.position(partition)
    const [position] = await this.member.committed([partition])
    return position
  }
}
