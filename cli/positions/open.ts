import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { openEnvironment } from '../project/environment-file.ts'
import { textFlag } from '../command-line/flags.ts'
import type { Positions } from './positions.ts'

/** The positions of the environment that a command names, or of the embedded store. */
export async function openPositions(
  args: CommandArgs,
  root: string,
  options: { readonly change?: boolean } = {},
): Promise<Positions> {
  const { values, cwd, env } = args
  const environment = await openEnvironment(values, { cwd, root, env })
  if (environment !== undefined) return clusterPositions(environment, args)
  const { embeddedPositions } = await import('./embedded.ts')
  const place = { cwd, project: textFlag(values, 'project') ?? root, store: textFlag(values, 'store') }
  return embeddedPositions(place, options.change === true)
}

async function clusterPositions(environment: EnvironmentConfig, args: CommandArgs): Promise<Positions> {
  const { openClusterPositions } = await import('./cluster.ts')
  return openClusterPositions(environment, (sentence) => args.err(sentence))
}
