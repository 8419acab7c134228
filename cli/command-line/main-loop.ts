import type { Registry } from '../../engine/component/define.ts'
import { nearest } from '../../engine/config/suggest.ts'
import { MillraceError, sentenceOf } from '../../engine/errors.ts'
import type { CommandArgs } from './command.ts'
import { commands, type CommandEntry } from './commands.ts'
import { exitCodeOf } from './exit-codes.ts'
import { parseFlags, usage } from './flags.ts'
import { commandHelp, overview } from './help.ts'
import { millraceVersion } from './version.ts'

/** What the command line gets from its process, or from a test. */
export interface CommandLineHost extends Pick<CommandArgs, 'out' | 'err' | 'cwd' | 'env' | 'signal'> {
  /** The sources, processors and sinks; called only where a command needs them. */
  readonly loadRegistry: () => Promise<Registry>
}

const noComponents: Registry = { sources: {}, processors: {}, sinks: {} }

/** Carries out one command line (without `node` and the script); answers the exit code. Never rejects. */
export async function runCommandLine(words: readonly string[], host: CommandLineHost): Promise<number> {
  try {
    return await dispatch(words, host)
  } catch (error) {
    if (error instanceof MillraceError) {
      host.err(`millrace: ${oneLine(error.message)}`)
      if (host.env['MILLRACE_TRACE'] === '1') host.err(traceOf(error))
      return exitCodeOf(error)
    }
    reportDefect(error, host)
    return 1
  }
}

/** Tells of an error that Millrace did not throw on purpose. */
export function reportDefect(error: unknown, host: Pick<CommandLineHost, 'err' | 'env'>): void {
  const trace = host.env['MILLRACE_TRACE'] === '1'
  const remedy = trace ? '' : ' (set MILLRACE_TRACE=1 for the stack)'
  host.err(`millrace: internal error: ${oneLine(sentenceOf(error))}${remedy}`)
  if (trace) host.err(traceOf(error))
}

async function dispatch(words: readonly string[], host: CommandLineHost): Promise<number> {
  const [first, ...rest] = words
  if (first === undefined || first === '--help' || first === '-h')
    return showOverview(host, first === undefined)
  if (first === '--version' || first === '-v') return show([`millrace ${millraceVersion()}`], host)
  if (first === 'help')
    return rest[0] === undefined ? showOverview(host, false) : dispatch([rest[0], '--help'], host)
  if (first.startsWith('-'))
    throw usage(`${first} is no flag of millrace itself: give a command first, see millrace --help.`)
  return runCommand(entryOf(first), rest, host)
}

function showOverview(host: CommandLineHost, missing: boolean): number {
  // Without a command there is nothing to answer: the overview is then for people, and scripts see an error.
  for (const line of overview(millraceVersion())) (missing ? host.err : host.out)(line)
  return missing ? 2 : 0
}

function show(lines: readonly string[], host: CommandLineHost): number {
  for (const line of lines) host.out(line)
  return 0
}

function entryOf(name: string): CommandEntry {
  const entry = commands.find((one) => one.name === name)
  if (entry !== undefined) return entry
  const near = nearest(
    name,
    commands.map((one) => one.name),
  )
  const hint = near === undefined ? 'millrace --help lists them.' : `did you mean ${near}?`
  throw usage(`There is no command "${name}": ${hint}`)
}

async function runCommand(
  entry: CommandEntry,
  words: readonly string[],
  host: CommandLineHost,
): Promise<number> {
  const command = await entry.load()
  const { positionals, values, help } = parseFlags(entry.name, words, command.options)
  if (help) return show(commandHelp(command), host)
  const registry = entry.components ? await host.loadRegistry() : noComponents
  const { out, err, cwd, env, signal } = host
  return command.run({ positionals, values, registry, out, err, cwd, env, signal })
}

function oneLine(sentence: string): string {
  return sentence.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${traceOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
