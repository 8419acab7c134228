import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { exitRows } from './exit-codes.ts'
import { commonFlags, placeholderOf, type FlagOption } from './flags.ts'

/** What `millrace --help` prints. */
export function overview(version: string): string[] {
  return [
    `millrace ${version}: runs declarative stream topologies.`,
    '',
    'Usage: millrace COMMAND [ARGUMENTS] [FLAGS]',
    '',
    ...table(commands.map(({ name, summary }) => [name, summary])),
    '',
    ...table([
      ['--help, -h', 'show this, or the help of a command'],
      ['--version', 'show the version'],
    ]),
    '',
    'Exit codes: 0 done, 1 something is wrong, 2 the command line is, 3 something is left to do, 4 a server is away.',
    'New here? millrace demo',
  ]
}

/** What `millrace COMMAND --help` prints. */
export function commandHelp(command: Command): string[] {
  return [
    command.summary,
    '',
    `Usage: ${command.usage}`,
    '',
    ...table(flagRows(command)),
    '',
    ...command.help.trim().split('\n'),
    ...exitLines(command),
  ]
}

function exitLines({ exits, options }: Command): string[] {
  if (exits === undefined) return []
  const rows = exitRows(exits, options['env'] !== undefined)
  return ['', 'Exit codes:', ...table(rows.map(([code, meaning]) => [String(code), meaning]))]
}

function flagRows(command: Command): [string, string][] {
  const flags = Object.entries<Command['options'][string]>({ ...command.options, help: commonFlags.help })
  return flags.map(([name, option]) => {
    const value = option.type === 'string' ? ` ${placeholderOf(name, option)}` : ''
    const short = option.short === undefined ? '' : `, -${option.short}`
    const known = (commonFlags as Readonly<Record<string, FlagOption>>)[name]
    return [
      `--${name}${short}${value}`,
      (option as Partial<FlagOption>).description ?? known?.description ?? '',
    ]
  })
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())
}
