import type { Command } from '../../cli/command-line/command.ts'
import { exitCodes } from '../../cli/command-line/exit-codes.ts'
import { page, table } from './markdown.ts'

const notes = `
All commands of \`millrace\` answer with these. A second SIGINT or SIGTERM ends a command at once, with 130.

Code 4 is for errors of the kind _downstream_ ([errors.md](errors.md)): what a script may simply try again. A worker that runs waits
for what is away, and does not end.
`

/** The page of the exit codes: what they mean everywhere, and what more in each command. */
export function exitCodesPage(commands: readonly Command[]): string {
  const own = commands.flatMap(({ name, exits }) =>
    Object.entries(exits ?? {}).map(([code, meaning]) => [`\`${name}\``, code, meaning]),
  )
  return page('Exit codes', [
    notes.trim(),
    table(['exit code', 'means'], Object.entries(exitCodes)),
    'More precisely:',
    table(['command', 'exit code', 'means'], own),
  ])
}
