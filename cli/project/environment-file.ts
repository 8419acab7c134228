import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { findEnvironment, type EnvironmentPlace } from '../../project/environment.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage, type ParsedFlags } from '../command-line/flags.ts'

/** The environment that `--env NAME|FILE` or else the variable MILLRACE_ENV names. Rejects as findEnvironment does. */
export function openEnvironment(
  values: ParsedFlags['values'],
  place: EnvironmentPlace,
): Promise<EnvironmentConfig | undefined> {
  return findEnvironment({ given: textFlag(values, 'env'), by: '--env' }, place)
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
