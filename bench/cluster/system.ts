import type { Command } from '../clients/measure.ts'
import type { Outcome, Task } from './task.ts'

/** A program, and what it did, from what it printed. */
export interface Invocation extends Pick<Command, 'program' | 'args'> {
  /** @throws Error where it printed something else */
  readonly outcome: (output: string) => Outcome
}

/** A system that is ready to be measured. */
export interface Ready {
  readonly version: string
  readonly invoke: (task: Task) => Invocation
}

/** One way to do what a scenario asks. */
export interface System {
  readonly name: string
  readonly guarantee: string
  /** How it is used. */
  readonly how: string
  /** It gets a part of the records: with all it would take too long. */
  readonly slow?: boolean
  /** It is measured only when it is named. */
  readonly extra?: boolean
  /** Gets it ready; a text says why that cannot be done. */
  readonly prepare: () => Promise<Ready | string>
}

/** The outcome that a process prints as its last line. */
export function lastLine(output: string): Outcome {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Outcome
}
