import type { TopicPartition } from '../component/contracts/position.ts'
import type { SourceReader } from '../component/contracts/reader.ts'
import { kindOf, sentenceOf } from '../errors.ts'
import type { ReadStage } from '../topology/stages.ts'
import type { SourcePartition } from './assignments.ts'
import { OthersWatch, type OthersOptions } from './others-watch.ts'
import { placesText, Reminder } from './reminder.ts'
import type { Task } from './task.ts'

/** How often it is told that the brokers cannot say where the end is, milliseconds. */
const tellEveryMs = 10_000

/** How far an input is. */
interface InputProgress {
  readonly node: string
  readonly partition: TopicPartition
  /** The offset after the last record that was taken in. */
  readonly end: number
  /** True when nothing of its task is under way. */
  readonly idle: boolean
  /** True where so much is parked that it is read no further: for now this is its end. */
  readonly halted: boolean
  readonly reader: SourceReader
}

export interface EndOptions extends Omit<OthersOptions, 'target' | 'concerns'> {
  /** True when the session ends: its readers are closed, and nobody wants to know any more. */
  readonly over: () => boolean
  readonly stages: readonly ReadStage[]
}

/**
 * Finds out when everything that was in the sources, at the moment that it was asked for, is settled: by this worker, or by
 * other members of its group. Where the topology reads what it writes, the end of that is asked for when it is all there.
 */
export class EndWatch {
  wanted = false
  readonly #options: EndOptions
  readonly #stages: readonly { readonly sources: readonly string[]; readonly others: OthersWatch }[]
  #told = Number.NEGATIVE_INFINITY
  readonly #reminder: Reminder
  readonly #assigned = new Set<string>()
  readonly #targets = new Map<string, number>()
  readonly #reached = new Map<string, number>()

  constructor(options: EndOptions) {
    this.#options = options
    this.#reminder = new Reminder(options)
    this.#stages = options.stages.map(({ sources, topics }) => ({
      sources,
      others: new OthersWatch({
        ...options,
        target: (reader, partition) => this.#target(reader, partition),
        concerns: (topic) => topics.includes(topic),
      }),
    }))
  }

  /** These are to be read from where the group has come to: what was reached before is reached no more. */
  begun(partitions: readonly SourcePartition[]): void {
    for (const { node, partition } of partitions) this.#reached.delete(`${node}/${partition}`)
  }

  /** A source has had its partitions assigned. */
  assigned(source: string): void {
    this.#assigned.add(source)
  }

  /** True when all of these sources have. */
  knows(sources: readonly string[]): boolean {
    return sources.every((source) => this.#assigned.has(source))
  }

  /** A reader says that it delivered all there is, up to this offset. */
  reached(source: string, partition: number, offset: number): void {
    this.#reached.set(`${source}/${partition}`, offset)
  }

  /** `tasks` are all that this worker has; `readers` those that they are read by. False while nobody can tell. */
  async isReached(
    tasks: Iterable<Task>,
    readers: readonly SourceReader[],
    readerOf: (source: string) => SourceReader,
  ): Promise<boolean> {
    const inputs = [...tasks].flatMap((task) => progressOf(task, readerOf))
    try {
      const own = inputs.map(({ partition }) => partition)
      for (const { sources, others } of this.#stages) {
        if (!(await this.#allReached(inputs.filter(({ node }) => sources.includes(node))))) return false
        if (!(await others.allDone(readers, own))) return false
      }
      return true
    } catch (error) {
      if (kindOf(error) !== 'downstream') throw error
      const { clock, trouble, over } = this.#options
      if (over() || clock.now() - this.#told < tellEveryMs) return false
      this.#told = clock.now()
      trouble(`Whether the end is reached cannot be told: ${sentenceOf(error)}`)
      return false
    }
  }

  async #allReached(inputs: readonly InputProgress[]): Promise<boolean> {
    // At once: each question is a request to the brokers, and there may be a hundred partitions.
    const targets = await Promise.all(inputs.map(({ reader, partition }) => this.#target(reader, partition)))
    let all = true
    const open: TopicPartition[] = []
    for (const [n, input] of inputs.entries()) {
      const target = targets[n]!
      const reached = this.#reached.get(`${input.node}/${input.partition.partition}`)
      const atItsEnd = reached !== undefined && (reached >= target || target === Number.POSITIVE_INFINITY)
      // The last offsets of a topic with transactions are those of their markers: no record has them.
      if ((input.end >= target || atItsEnd || input.halted) && input.idle) continue
      all = false
      if (input.idle && reached !== undefined) open.push(input.partition)
    }
    this.#reminder.waits(
      open.length > 0 &&
        `This worker has read all that is committed. It waits for the end of transactions that are open in ${placesText(open)}.`,
    )
    return all
  }

  /** Where a partition ended when that was first asked for: behind what is about to be committed there, too. */
  async #target(reader: SourceReader, partition: TopicPartition): Promise<number> {
    const id = `${partition.topic}/${partition.partition}`
    const known = this.#targets.get(id)
    if (known !== undefined) return known
    const end = (await reader.writtenTo?.(partition)) ?? (await reader.bounds(partition)).end
    if (Number.isFinite(end)) this.#targets.set(id, end)
    return end
  }
}

function progressOf(
  { inputs, open, holds }: Task,
  readerOf: (source: string) => SourceReader,
): InputProgress[] {
  return inputs.map(({ node, partition, ledger, parking }) => ({
    node,
    partition,
    end: ledger.end,
    idle: open === 0 && !holds,
    halted: parking.halt !== undefined,
    reader: readerOf(node),
  }))
}
