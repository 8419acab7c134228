import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readCatalogue } from '../../engine/config/catalogue.ts'
import { comparePlans, type Partitions } from '../../engine/topology/compare-plans.ts'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import type { Allowance, LintFinding } from '../../engine/topology/lint-findings.ts'
import { lintChanges } from '../../engine/topology/lint.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { usage } from '../command-line/flags.ts'
import { entryAt } from '../../project/root.ts'
import type { FilesToLint } from './files.ts'
import { partitionsIn, pastFolder, pastOf } from './past.ts'
import { topologyPath } from '../project/topology-path.ts'
import { loadTopologyPlan } from '../project/topology-plan.ts'

/** What topologies are compared with. */
export interface Baseline {
  /** What the change of a topology does. */
  changes(now: Now): Promise<LintFinding[]>
  /** The topologies of the folders that were there, and are not any more; `names` are those that there are. */
  gone(folders: readonly string[], names: ReadonlySet<string>): Promise<LintReport[]>
}

/** A topology as it is now. */
export interface Now {
  readonly plan: TopologyPlan
  readonly allowances: readonly Allowance[]
  readonly file: string
  /** The project's folder. */
  readonly root: string
}

/**
 * What `--against` names: a file, or else a revision of git. Rejects with USAGE where there is neither, and for one file
 * against several; with the errors of the file where it is no topology.
 */
export async function openBaseline(
  against: string,
  { files }: FilesToLint,
  args: CommandArgs,
): Promise<Baseline> {
  const { cwd } = args
  if (entryAt(resolve(cwd, against))?.isFile() === true) {
    if (files.length > 1)
      throw usage(
        `--against ${against} is one file, and ${files.length} are to be compared with it: name one.`,
      )
    return fileBaseline(await loadTopologyPlan(topologyPath(against, args), args.registry, args.env))
  }
  const { openRevision } = await import('./git.ts')
  const folder = dirname(resolve(cwd, topologyPath(files[0]!, args)))
  const revision = await openRevision(against, existsSync(folder) ? folder : cwd)
  return {
    async changes({ plan, allowances, file, root }) {
      const catalogue = cataloguePath(root)
      const path = resolve(cwd, topologyPath(file, args))
      const past = await pastOf({ plan, path, root, catalogue }, revision, args)
      if ('change' in past) return lintChanges(plan, [past.change], allowances)
      const changes = comparePlans(past.side, { plan, partitions: await partitionsNow(root) })
      return lintChanges(plan, changes, allowances)
    },
    async gone(folders, names) {
      const found = await Promise.all(folders.map((one) => pastFolder(one, names, revision, args)))
      return found.flat()
    },
  }
}

function fileBaseline(before: TopologyPlan): Baseline {
  return {
    async changes({ plan, allowances, root }) {
      const partitions = await partitionsNow(root)
      const changes = comparePlans({ plan: before, partitions }, { plan, partitions })
      return lintChanges(plan, changes, allowances)
    },
    gone: () => Promise.resolve([]),
  }
}

async function partitionsNow(root: string): Promise<Partitions> {
  return partitionsIn(await readCatalogue(cataloguePath(root)))
}

function cataloguePath(root: string): string {
  return join(root, 'schemas', 'catalogue.yaml')
}
