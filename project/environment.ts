import { existsSync, readdirSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { suggestion } from '../engine/config/suggest.ts'
import { fatalError } from '../engine/errors.ts'
import { shownPath } from './root.ts'

/** What says where environments are looked for. */
export interface EnvironmentPlace {
  readonly cwd: string
  /** The project's folder: environments are in its `environments/`. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Which environment is meant, where somebody says so. */
export interface NamedEnvironment {
  /** Its name or its file. */
  readonly given: string | undefined
  /** What says so, as errors name it: `--env`. */
  readonly by: string
}

/** The name that stands for no environment: everything in the embedded store. */
const embedded = 'embedded'

/**
 * The environment that is named, or else the one of the variable MILLRACE_ENV; undefined where neither is, and for
 * `embedded`: then everything is in the embedded store. Rejects with CONFIG_UNREADABLE for one that is not there, with
 * those that are, and with CONFIG_INVALID for one that is wrong.
 */
export async function findEnvironment(
  named: NamedEnvironment,
  place: EnvironmentPlace,
): Promise<EnvironmentConfig | undefined> {
  const given = named.given ?? place.env['MILLRACE_ENV'] ?? ''
  if (given === '' || given === embedded) return undefined
  const by = named.given === undefined ? 'MILLRACE_ENV' : named.by
  const path = isPath(given) ? resolve(place.cwd, given) : fileOf(given, by, place)
  const { loadEnvironment } = await import('../engine/config/environment.ts')
  // As problems show it: near where one is.
  const shown = place.cwd === process.cwd() ? shownPath(path, place.cwd) : path
  return loadEnvironment(shown, place.env, { root: place.root })
}

function isPath(given: string): boolean {
  return /[/\\]/.test(given) || ['.yaml', '.yml'].includes(extname(given))
}

function fileOf(name: string, by: string, { cwd, root }: EnvironmentPlace): string {
  const folder = join(root, 'environments')
  const found = ['.yaml', '.yml']
    .map((ending) => join(folder, name + ending))
    .find((path) => existsSync(path))
  if (found !== undefined) return found
  const names = environmentNames(folder)
  const where = shownPath(folder, cwd)
  const what = `${by} ${name}: there is no ${name}.yaml in ${where}`
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
