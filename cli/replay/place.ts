import type { CommandArgs } from '../command-line/command.ts'
import { openPositions } from '../positions/open.ts'
import { projectOptions } from '../project/options.ts'
import { needStore, openProject, type Project } from '../project/project.ts'
import type { Positions } from '../positions/positions.ts'

/** A project, and where the groups of its environment are. */
export interface ReplayPlace {
  readonly project: Project
  readonly positions: Positions
}

/**
 * Opens the project that the flags mean for `use`, and closes it. `worker`: this process is the one that commits.
 *
 * @throws STORE_LOCKED where it is to be, and another one is
 */
export async function inPlace<Answer>(
  args: CommandArgs,
  { file, worker }: { readonly file: string | undefined; readonly worker: boolean },
  use: (place: ReplayPlace) => Promise<Answer>,
): Promise<Answer> {
  const project = await openProject(await projectOptions(args, file))
  let positions: Positions | undefined
  try {
    needStore(project)
    if (worker) project.acquireWorkerLock()
    positions = await positionsOf(project, args)
    return await use({ project, positions })
  } finally {
    await positions?.close()
    await project.close()
  }
}

async function positionsOf(project: Project, args: CommandArgs): Promise<Positions> {
  if (project.environment !== undefined) return openPositions(args, project.root)
  const { positionsIn } = await import('../positions/embedded.ts')
  return positionsIn(project, args.cwd, () => Promise.resolve())
}
