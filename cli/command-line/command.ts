import type { ParseArgsConfig } from 'node:util'
import type { Registry } from '../../engine/component/index.ts'
import type { ExitMeanings } from './exit-codes.ts'

/** What a command gets. Everything from outside comes in here, so that a command can be run by a test. */
export interface CommandArgs {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly registry: Registry
  /** Prints a line of the answer. */
  readonly out: (line: string) => void
  /** Prints a line for people: progress, problems. */
  readonly err: (line: string) => void
  /** The folder that relative paths start from. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal
}

/** One command of the command line. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** One line: `millrace run FILE… [flags]`. */
  readonly usage: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** What the summary does not say, with an example. */
  readonly help: string
  /** What its exit codes mean, where that is more than they mean everywhere. For its help, and the reference. */
  readonly exits?: ExitMeanings
  /**
   * Answers the exit code. A MillraceError becomes one line on standard error, and the exit code of its kind
   * (`exitCodeOf`); anything else is a defect.
   */
  run(args: CommandArgs): Promise<number>
}
