import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearest } from '../../engine/config/suggest.ts'
import { fatalError, type MillraceError } from '../../engine/errors.ts'

type ParseArgsOptions = NonNullable<ParseArgsConfig['options']>

/** A flag, with what its line in `--help` says. */
export type FlagOption = ParseArgsOptions[string] & {
  readonly description: string
  /** What stands for the value in `--help`, such as `FILE`. */
  readonly placeholder?: string
}

/** The flags of a command, with their descriptions; what parseArgs does not know of, it does not see. */
export function describedFlags(flags: Readonly<Record<string, FlagOption>>): ParseArgsOptions {
  return flags
}

/** Flags that mean the same wherever they are. */
export const commonFlags = {
  output: {
    type: 'string',
    short: 'o',
    placeholder: 'FORMAT',
    description: 'json for machines; the default is for people',
  },
  project: {
    type: 'string',
    placeholder: 'DIR',
    description: 'the folder with schemas/ and cql/, or one in it (default: found upwards from here)',
  },
  store: {
    type: 'string',
    placeholder: 'DIR',
    description: 'the folder whose .millrace/ holds topics, tables and state (default: the project)',
  },
  env: {
    type: 'string',
    placeholder: 'NAME|FILE',
    description: 'the cluster of environments/NAME.yaml (default: MILLRACE_ENV, or else the embedded store)',
  },
  help: { type: 'boolean', short: 'h', description: 'show this' },
} as const satisfies Readonly<Record<string, FlagOption>>

/** A command line, taken apart. */
export interface ParsedFlags {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly help: boolean
}

/** Takes the words after a command's name apart. Throws USAGE with the flag that was probably meant. */
export function parseFlags(
  command: string,
  words: readonly string[],
  options: ParseArgsOptions,
): ParsedFlags {
  const known: ParseArgsOptions = { ...options, help: commonFlags.help }
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) if (token.kind === 'option') checkFlag(command, token, known)
  const { help, ...rest } = values
  return { positionals, values: rest, help: help === true }
}

interface FlagToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function checkFlag(command: string, token: FlagToken, known: ParseArgsOptions): void {
  const { name, rawName, value } = token
  const option = Object.hasOwn(known, name) ? known[name] : undefined
  if (option === undefined) throw unknownFlag(command, rawName, Object.keys(known))
  if (option.type === 'boolean') {
    if (value !== undefined) throw usage(`${rawName} takes no value: leave "${value}" out.`)
    return
  }
  if (value === undefined || value === '')
    throw usage(`${rawName} needs a value: give ${rawName} ${placeholderOf(name, option)}.`)
  if (token.inlineValue !== true && value.startsWith('-') && value.length > 1) {
    throw usage(
      `${rawName} needs a value and is followed by ${value}: write ${rawName}=${value} if that is the value.`,
    )
  }
}

function unknownFlag(command: string, rawName: string, known: readonly string[]): MillraceError {
  const found = rawName.startsWith('--') ? nearest(rawName.slice(2), known) : undefined
  const hint = found === undefined ? `see millrace ${command} --help.` : `did you mean --${found}?`
  return usage(`${command} has no flag ${rawName}: ${hint}`)
}

/** What stands for a flag's value in help and errors. */
export function placeholderOf(name: string, option: ParseArgsOptions[string]): string {
  return (option as Partial<FlagOption>).placeholder ?? name.toUpperCase()
}

/** An error in the command line: exit code 2. */
export function usage(sentence: string): MillraceError {
  return fatalError('USAGE', sentence)
}

/** The value of a string flag that may be given once. */
export function textFlag(values: ParsedFlags['values'], name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** A whole number within limits, or undefined where the flag is not given. */
export function numberFlag(
  values: ParsedFlags['values'],
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = textFlag(values, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d{1,15}$/.test(text) && number >= least && number <= most) return number
  throw usage(`--${name} ${text} is no whole number from ${least} to ${most}.`)
}

/** `-o`, as one of the formats that the command has; the first is the default. */
export function outputFlag<Format extends string>(
  values: ParsedFlags['values'],
  formats: readonly [Format, ...Format[]],
): Format {
  const text = textFlag(values, 'output')
  if (text === undefined) return formats[0]
  const format = formats.find((one) => one === text)
  if (format !== undefined) return format
  const near = nearest(text, formats)
  const hint = near === undefined ? `there are ${formats.join(', ')}.` : `did you mean ${near}?`
  throw usage(`-o ${text} is no format of this command: ${hint}`)
}
