/** One defect that somebody could make: text in a file of the engine, and what it becomes. */
export interface Defect {
  readonly name: string
  /** Path in the repository. */
  readonly file: string
  readonly changes: readonly (readonly [from: string, to: string])[]
}

/** A defect that storms on the model cluster must notice. */
export interface Mutant extends Defect {
  /** The run (of model-runs.ts, or of the other files of runs) that must notice, with the seeds that it is tried with, and by what it is noticed. */
  readonly run: string
  readonly seeds: readonly number[]
  readonly noticed: RegExp
}
