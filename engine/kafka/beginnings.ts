import type { Reader } from '../../native/reader.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { ReadPolicy } from '../component/contracts/reader.ts'
import { fatalError, type MillraceError } from '../errors.ts'
import { boundsOf } from './bounds.ts'
import { clientError, isClosed, isOver } from './client-errors.ts'
import type { Holding } from './holdings.ts'

export interface BeginningOptions {
  readonly group: string
  readonly reader: () => Reader
  /** Commits, as `KafkaMember.commit` does. */
  readonly commit: (
    offsets: readonly (TopicPartition & { offset: number; metadata: string })[],
  ) => Promise<void>
  /** True while the partition is held, and has not begun anew. */
  readonly isCurrent: (holding: Holding) => boolean
  readonly assign: (holding: Holding, offset: number) => Promise<void>
  readonly failed: (error: MillraceError) => void
}

/** How long it waits until it tries again what failed; and what only came at a bad moment, in milliseconds. */
const againMs = 1000
const momentMs = 50

/**
 * Begins partitions of which nothing is committed elsewhere than with their first record. The brokers are asked in the
 * background, so that polling goes on; where a partition begins is committed before anything of it is read, since the end
 * is another one after a restart.
 */
export class Beginnings {
  readonly #options: BeginningOptions

  constructor(options: BeginningOptions) {
    this.#options = options
  }

  begin(holding: Holding, begin: Exclude<ReadPolicy['begin'], 'earliest' | undefined>): void {
    const { group, isCurrent, failed } = this.#options
    const { topic, partition } = holding.partition
    const later = (ms: number): void => void setTimeout(() => this.begin(holding, begin), ms).unref()
    if (!isCurrent(holding)) return
    if (begin === 'none') return failed(missing(group, holding.partition))
    this.#begin(holding, begin).catch((error: unknown) => {
      if (isClosed(error)) return
      // Another rebalance is under way: whether the partition is still held is seen then.
      if (isOver(error)) return later(momentMs)
      const about = `Partition ${partition} of ${topic}, which ${group} begins to read, cannot be read`
      const told = clientError(error, about, 'SOURCE_FAILED')
      failed(told)
      if (told.kind === 'downstream') later(againMs)
    })
  }

  async #begin(holding: Holding, begin: 'latest' | number): Promise<void> {
    const { reader, commit, isCurrent, assign } = this.#options
    const offset = await beginningOf(reader(), holding.partition, begin)
    if (!isCurrent(holding)) return
    await commit([{ ...holding.partition, offset, metadata: '' }])
    if (!isCurrent(holding)) return
    holding.begun = offset
    await assign(holding, offset)
  }
}

async function beginningOf(
  reader: Reader,
  partition: TopicPartition,
  begin: 'latest' | number,
): Promise<number> {
  const [found] = begin === 'latest' ? [] : await reader.offsets([partition], begin)
  return found ?? (await boundsOf(reader, partition)).end
}

function missing(group: string, { topic, partition }: TopicPartition): MillraceError {
  return fatalError(
    'OFFSET_MISSING',
    `Group ${group} has committed no offset of partition ${partition} of ${topic}, and its source says begin: none: set ` +
      'where it begins (millrace offsets set), or have the source say it.',
    { facts: { topic, partition } },
  )
}
