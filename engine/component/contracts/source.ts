import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** What a source gets to work with. */
export interface SourceContext {
  readonly clock: Clock
  /** The consumer group: the topology's name. */
  readonly group: string
  /** The name of the source in its topology. */
  readonly node: string
  /** The topics of this environment. */
  readonly log: Log
  /** Its records come before those of other sources. */
  readonly critical: boolean
  /** A small durable memory of the source: names to short texts, kept with the group's offsets. */
  readonly notes: Notes
}

export interface Notes {
  get(name: string): string | undefined
  /** Durable when it returns. */
  set(name: string, text: string): void
}
