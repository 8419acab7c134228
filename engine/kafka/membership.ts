import type { KafkaError } from '../../native/errors.ts'
import { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import { kindOf, type MillraceError } from '../errors.ts'
import { answerToken } from './answer-token.ts'
import { clientError, isOver } from './client-errors.ts'
import type { Drives } from './drives.ts'
import { memberSettings, type GroupProtocol } from './member-settings.ts'
import type { TokenSource } from './oauth.ts'
import { userOf } from './rights.ts'
import type { KafkaSettings } from './settings.ts'

/** How long the brokers have to count the partitions of a topic, and how long a failed try waits for the next one. */
const countLimitMs = 10_000
const retryMs = 1000

/** How long a client that is replaced has to leave the group. */
const renewMs = 4000

export interface MembershipOptions {
  readonly settings: KafkaSettings
  readonly group: string
  readonly drives: Drives
  /** Gives tokens, where the brokers want OAUTHBEARER. */
  readonly tokens: TokenSource | undefined
  readonly onTrouble: (sentence: string) => void
}

/**
 * The client of one membership: joins the group when it is first polled, and finds out which protocol the brokers have.
 *
 * `auto` begins with KIP-848. Whether brokers speak it cannot be asked for reliably: they list the request even where the
 * feature `group.version` or `group.coordinator.rebalance.protocols` forbids it. So the member asks by joining, and a broker
 * that refuses the request (UNSUPPORTED_VERSION, before anything was assigned) is joined in the older way.
 */
export class Membership {
  readonly #options: MembershipOptions
  #protocol: GroupProtocol
  #reader: Reader
  #joining: Promise<void> | undefined
  #joined = false
  /** It was not polled for too long. */
  #silent = false
  #retryAt = 0
  #closed = false

  private constructor(options: MembershipOptions, protocol: GroupProtocol, reader: Reader) {
    this.#options = options
    this.#protocol = protocol
    this.#reader = reader
  }

  static async open(options: MembershipOptions): Promise<Membership> {
    const { settings, group } = options
    const protocol = settings.protocol === 'classic' ? 'classic' : 'consumer'
    const reader = await Reader.open({ settings: memberSettings(settings, group, protocol) })
    return new Membership(options, protocol, reader)
  }

  get reader(): Reader {
    return this.#reader
  }

  get protocol(): GroupProtocol {
    return this.#protocol
  }

  /**
   * Joins the group in the background, unless it has, or is about to: counts the partitions of all topics, and subscribes
   * to the driving ones. What is wrong is told by `failed`; what passes is tried again.
   */
  join(failed: (error: MillraceError) => void): void {
    if (this.#joined || this.#joining !== undefined || this.#closed || performance.now() < this.#retryAt)
      return
    this.#joining = this.#join()
      .catch((error: unknown) => {
        if (isOver(error) || this.#closed) return
        const told = clientError(error, `Group ${this.#options.group} cannot be joined`, 'SOURCE_FAILED', {
          user: userOf(this.#options.settings),
        })
        this.#retryAt = kindOf(told) === 'downstream' ? performance.now() + retryMs : Infinity
        failed(told)
      })
      .finally(() => {
        this.#joining = undefined
      })
  }

  async #join(): Promise<void> {
    await this.count()
    await this.#reader.subscribe(this.#options.drives.drivers)
    this.#joined = true
  }

  /** Counts the partitions of all topics. */
  async count(): Promise<void> {
    const { drives, group, settings } = this.#options
    const user = userOf(settings)
    const counted = await Promise.all(
      drives.topics.map(async (topic): Promise<[string, number]> => {
        try {
          return [topic, await this.#reader.partitionCount(topic, countLimitMs)]
        } catch (error) {
          throw clientError(error, `Topic ${topic}, which ${group} reads, cannot be read`, 'SOURCE_FAILED', {
            user,
          })
        }
      }),
    )
    drives.count(new Map(counted))
  }

  /**
   * What concerns the client alone: tokens, logs, statistics, and the refusal of the protocol. True if the event is dealt
   * with.
   */
  async deal(event: ReaderEvent): Promise<boolean> {
    if (event.type === 'log' || event.type === 'statistics') return true
    if (event.type === 'token') {
      answerToken(this.#reader, this.#options.tokens, this.#options.onTrouble)
      return true
    }
    if (event.type !== 'failed') return false
    const { code } = event.error
    if (code === '_MAX_POLL_EXCEEDED') this.#silent = true
    if (this.#isRefused(event.error)) this.#protocol = 'classic'
    else if (!this.#isStuck(event.error)) return false
    await this.renew()
    return true
  }

  /** Begins anew with another client: leaves the group, and joins it when it is polled next. */
  async renew(): Promise<void> {
    const { settings, group } = this.#options
    const before = this.#reader
    await before.close({ limitMs: renewMs })
    await this.#joining
    this.#reader = await Reader.open({ settings: memberSettings(settings, group, this.#protocol) })
    this.#joined = this.#silent = false
    this.#retryAt = 0
    if (this.#closed) await this.#reader.close()
  }

  /** Ends it. Never hangs; may be called twice. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#reader.close()
  }

  #isRefused({ code }: KafkaError): boolean {
    return (
      this.#options.settings.protocol === 'auto' &&
      this.#protocol === 'consumer' &&
      (code === 'UNSUPPORTED_VERSION' || code === '_UNSUPPORTED_FEATURE')
    )
  }

  /**
   * A client that was silent for too long while a revocation waited for its answer forgets to join the group of KIP-848 anew:
   * it goes on with heartbeats that the broker refuses (librdkafka 2.12: the answer to its leaving wipes what it had to do).
   */
  #isStuck(error: KafkaError): boolean {
    return this.#silent && error.code === 'INVALID_REQUEST' && error.class === 'fatal'
  }
}
