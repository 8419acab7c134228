import type { TopicPartition } from '../component/contracts/position.ts'
import type { SourceReader } from '../component/contracts/reader.ts'

/** How far an input is. */
export interface InputProgress {
  readonly node: string
  readonly partition: TopicPartition
  /** The offset after the last record that was taken in. */
  readonly end: number
  /** True when nothing of its task is under way. */
  readonly idle: boolean
  readonly reader: SourceReader
}

/** Finds out when everything that was in the sources, at the moment that it was asked for, is settled. */
export class EndWatch {
  wanted = false
  readonly #assigned = new Set<string>()
  readonly #targets = new Map<string, number>()
  readonly #reached = new Map<string, number>()

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

  async allReached(inputs: readonly InputProgress[]): Promise<boolean> {
    // At once: each question is a request to the brokers, and there may be a hundred partitions.
    const targets = await Promise.all(inputs.map((input) => this.#target(input)))
    let all = true
    for (const [n, input] of inputs.entries()) {
      const target = targets[n]!
      const reached = this.#reached.get(`${input.node}/${input.partition.partition}`)
      const atItsEnd = reached !== undefined && (reached >= target || target === Number.POSITIVE_INFINITY)
      const read = input.end >= target || (atItsEnd && input.end >= reached)
      if (!read || !input.idle) all = false
    }
    return all
  }

  /** Where the partition ended when the end was first asked for. */
  async #target(input: InputProgress): Promise<number> {
    const id = `${input.node}/${input.partition.partition}`
    const known = this.#targets.get(id)
    if (known !== undefined) return known
    const { end } = await input.reader.bounds(input.partition)
    if (Number.isFinite(end)) this.#targets.set(id, end)
    return end
  }
}
