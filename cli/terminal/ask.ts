import { createInterface } from 'node:readline/promises'
import { usage } from '../command-line/flags.ts'

/** Asks on the terminal; only `y` and `yes` are yes. Throws USAGE where nobody can answer. */
export async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw usage(
      'This asks before it goes on, and there is no terminal to ask on: add --yes, or --dry-run to look first.',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim())
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    terminal.close()
  }
}
