import type { KafkaError } from '../../native/errors.ts'
import type { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { downstreamError, fatalError, type MillraceError } from '../errors.ts'
import { boundsOf } from './bounds.ts'
import { clientError, isOver } from './client-errors.ts'
import type { Holding, Holdings } from './holdings.ts'
import type { Policies } from './policies.ts'

type Failed = Extract<ReaderEvent, { type: 'failed' }>

export interface FaultOptions {
  readonly group: string
  readonly instance: string | undefined
  /** Whom the brokers take the reader for. */
  readonly user: string
  readonly policies: Policies
  readonly holdings: Holdings
  readonly reader: () => Reader
  /** Has the tasks of a partition begin anew, from what is committed. */
  readonly again: (partition: TopicPartition) => Promise<void>
  readonly onTrouble: (sentence: string) => void
}

/** How long a partition that failed waits until it is read on, in milliseconds. */
const againMs = 1000

/** What becomes of the problems that a member's reader tells. */
export class ReaderFaults {
  readonly #options: FaultOptions

  constructor(options: FaultOptions) {
    this.#options = options
  }

  /** The problem as the engine sees it; undefined where it was dealt with, or is no longer one. */
  async look({ error, partition, tag }: Failed): Promise<MillraceError | undefined> {
    if (partition === undefined) return this.#ofClient(error)
    const holding = this.#options.holdings.get(partition)
    if (holding === undefined || holding.tag !== tag) return undefined
    try {
      if (error.class === 'reset') return await this.#outOfRange(holding, error)
      throw error
    } catch (failure) {
      if (failure !== error && isOver(failure)) return undefined
      const { topic, partition: number } = partition
      const told = clientError(failure, `Partition ${number} of ${topic} cannot be read`, 'SOURCE_FAILED', {
        user: this.#options.user,
      })
      if (told.kind === 'downstream') this.#readOn(holding)
      return told
    }
  }

  #ofClient(error: KafkaError): MillraceError | undefined {
    const { group, instance, user } = this.#options
    if (error.class === 'closed') return undefined
    if (error.code === '_MAX_POLL_EXCEEDED')
      return downstreamError(
        'SOURCE_FAILED',
        `This member of group ${group} was silent for too long (max.poll.interval.ms): its partitions go to others.`,
      )
    if (error.class === 'fenced') return fenced(error, group, instance)
    return clientError(error, `Group ${group} cannot be joined`, 'SOURCE_FAILED', { user })
  }

  /** Reads a partition on, after a while, from where it has come to. */
  #readOn(holding: Holding): void {
    const again = async (): Promise<void> => {
      if (this.#options.holdings.isCurrent(holding.partition, holding.tag))
        await this.#assign(holding, await this.#offsetOf(holding))
    }
    setTimeout(() => {
      again().catch((error: unknown) => {
        if (!isOver(error)) this.#readOn(holding)
      })
    }, againMs).unref()
  }

  /**
   * Forward, the reader goes on by itself: the records between are gone. Backward, offsets come again that were settled
   * before: so the new position is committed, without what was settled beyond the old one, and the task begins anew from it.
   */
  async #outOfRange(holding: Holding, error: KafkaError): Promise<MillraceError | undefined> {
    const { policies, group, reader, onTrouble, again } = this.#options
    const { partition } = holding
    const { outOfRange } = policies.of(partition.topic)
    const [{ first, end }, at] = await Promise.all([boundsOf(reader(), partition), this.#offsetOf(holding)])
    const what = `Offset ${at} of partition ${partition.partition} of ${partition.topic} is not in the topic, which has ${first} to ${end}`
    if (outOfRange === 'fail')
      return fatalError(
        'OFFSET_OUT_OF_RANGE',
        `${what}: set where ${group} goes on (millrace offsets set), or say outOfRange: earliest or latest in its source.`,
        { cause: error, facts: { ...partition, offset: at, first, end } },
      )
    const offset = outOfRange === 'earliest' ? first : end
    onTrouble(`${what}: ${group} goes on at ${offset} (outOfRange: ${outOfRange}).`)
    if (typeof at === 'number' && offset < at) {
      await reader().commit([{ ...partition, offset }])
      await again(partition)
    } else await this.#assign(holding, offset)
    return undefined
  }

  /** Where the partition has come to. */
  async #offsetOf({ partition, begun }: Holding): Promise<Holding['begun']> {
    const [position] = await this.#options.reader().position([partition])
    return position !== undefined && position.offset >= 0 ? position.offset : begun
  }

  #assign({ partition, given, tag }: Holding, offset: Holding['begun']): Promise<void> {
    const marks = { tag, ...(given !== undefined && { given }) }
    return this.#options.reader().assign([{ ...partition, offset, ...marks }])
  }
}

function fenced(error: KafkaError, group: string, instance: string | undefined): MillraceError {
  const who =
    instance === undefined
      ? `Another member has taken this one's place in group ${group}`
      : `Another worker of group ${group} runs as instance ${instance} (kafka.instance of the environment)`
  return fatalError('FENCED', `${who}: each worker needs a name of its own, or none.`, {
    cause: error,
    facts: { kafka: error.code, instance },
  })
}
