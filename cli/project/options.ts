import type { CommandArgs } from '../command-line/command.ts'
import { openEnvironment } from './environment-file.ts'
import { textFlag } from '../command-line/flags.ts'
import type { ProjectOptions } from './contract.ts'
import { findRoot } from '../../project/root.ts'

/** The project that a command's flags mean, in the environment that they name. `topology` is a file of it. */
export async function projectOptions(
  { values, cwd, env, err }: Pick<CommandArgs, 'values' | 'cwd' | 'env' | 'err'>,
  topology?: string,
): Promise<ProjectOptions> {
  const project = textFlag(values, 'project')
  const place = { cwd, project, ...(topology !== undefined && { topology }) }
  const environment = await openEnvironment(values, { cwd, root: findRoot(place), env })
  return { ...place, store: textFlag(values, 'store'), environment, trouble: err }
}
