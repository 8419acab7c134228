import { existsSync, readdirSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { suggestion } from '../../engine/config/suggest.ts'
import { fatalError } from '../../engine/errors.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage, type ParsedFlags } from '../command-line/flags.ts'
import { shownPath } from './files.ts'

/** What says where environments are looked for. */
export interface EnvironmentPlace {
  readonly cwd: string
  /** The project's folder: environments are in its `environments/`. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The name that stands for no environment: everything in the embedded store. */
const embedded = 'embedded'

/**
 * The environment that `--env NAME|FILE` or else the variable MILLRACE_ENV names; undefined where neither does, and for
 * `embedded`: then everything is in the embedded store. Rejects with CONFIG_UNREADABLE for one that is not there, with
 * those that are, and with CONFIG_INVALID for one that is wrong.
 */
export async function openEnvironment(
  values: ParsedFlags['values'],
  place: EnvironmentPlace,
): Promise<EnvironmentConfig | undefined> {
  const flag = textFlag(values, 'env')
  const given = flag ?? place.env['MILLRACE_ENV'] ?? ''
  if (given === '' || given === embedded) return undefined
  const path = isPath(given)
    ? resolve(place.cwd, given)
    : fileOf(given, flag === undefined ? 'MILLRACE_ENV' : '--env', place)
  const { loadEnvironment } = await import('../../engine/config/environment.ts')
  // As problems show it: near where one is.
  const shown = place.cwd === process.cwd() ? shownPath(path, place.cwd) : path
  return loadEnvironment(shown, place.env, { root: place.root })
}

/** The environment of a command that is about a cluster alone. Throws USAGE where none is given. */
export async function needEnvironment(
  command: string,
  { values, cwd, env }: CommandArgs,
  root: string,
): Promise<EnvironmentConfig> {
  const environment = await openEnvironment(values, { cwd, root, env })
  if (environment !== undefined) return environment
  throw usage(`${command} is about a cluster: say which with --env NAME, a file of environments/.`)
}

function isPath(given: string): boolean {
  return /[/\\]/.test(given) || ['.yaml', '.yml'].includes(extname(given))
}

function fileOf(name: string, from: string, { cwd, root }: EnvironmentPlace): string {
  const folder = join(root, 'environments')
  const found = ['.yaml', '.yml']
    .map((ending) => join(folder, name + ending))
    .find((path) => existsSync(path))
  if (found !== undefined) return found
  const names = environmentNames(folder)
  const where = shownPath(folder, cwd)
  const what = `${from} ${name}: there is no ${name}.yaml in ${where}`
  const hint =
    names.length === 0 ? ', which holds no environment yet.' : suggestion(name, [...names, embedded])
  throw fatalError('CONFIG_UNREADABLE', what + hint)
}

function environmentNames(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => ['.yaml', '.yml'].includes(extname(file)) && !file.startsWith('.'))
    .map((file) => file.slice(0, -extname(file).length))
    .sort()
}
