import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { readCatalogue, readCatalogueText } from '../engine/config/catalogue.ts'
import { readTopologyText } from '../engine/config/load.ts'
import {
  changeKinds,
  comparePlans,
  type PlanChange,
  type Partitions,
} from '../engine/topology/compare-plans.ts'
import type { LintFinding } from '../engine/topology/lint.ts'
import { planReading } from '../engine/topology/plan.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { CommandArgs } from './command.ts'
import { usage } from './flags.ts'
import type { Revision } from './lint-git.ts'
import { topologyPath } from './topology-path.ts'
import { loadTopologyPlan } from './topology-plan.ts'

/** What a topology is compared with. */
export interface Baseline {
  /** What its change does; the plan is that of the file as it is now. */
  changes(plan: TopologyPlan, file: string, root: string): Promise<LintFinding[]>
}

/**
 * What `--against` names: a file, or else a revision of git. Rejects with USAGE where there is neither, and for one file
 * against several.
 */
export async function openBaseline(
  against: string,
  files: readonly string[],
  args: CommandArgs,
): Promise<Baseline> {
  const path = resolve(args.cwd, against)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
    if (files.length > 1)
      throw usage(
        `--against ${against} is one file, and ${files.length} are to be compared with it: name one.`,
      )
    return fileBaseline(against, args)
  }
  const { openRevision } = await import('./lint-git.ts')
  const folder = dirname(resolve(args.cwd, files[0]!))
  return revisionBaseline(await openRevision(against, existsSync(folder) ? folder : args.cwd), args)
}

function fileBaseline(against: string, args: CommandArgs): Baseline {
  return {
    async changes(plan, _file, root) {
      const before = await loadTopologyPlan(topologyPath(against, args), args.registry, args.env)
      const partitions = partitionsIn(await readCatalogue(cataloguePath(root)))
      return findings(plan, comparePlans({ plan: before, partitions }, { plan, partitions }))
    },
  }
}

function revisionBaseline(revision: Revision, { cwd, registry, env }: CommandArgs): Baseline {
  return {
    async changes(plan, file, root) {
      const text = await revision.read(resolve(cwd, file))
      if (text === undefined) return findings(plan, [isNew(plan, revision)])
      const reading = readTopologyText(
        `${revision.name}:${relative(cwd, resolve(cwd, file))}`,
        text,
        registry,
        env,
      )
      const old = await revision.read(cataloguePath(root))
      const declared =
        old === undefined ? new Map() : readCatalogueText(`${revision.name}:schemas/catalogue.yaml`, old)
      const before = { plan: planReading(reading), partitions: partitionsIn(declared) }
      const after = { plan, partitions: partitionsIn(await readCatalogue(cataloguePath(root))) }
      return findings(plan, comparePlans(before, after))
    },
  }
}

function cataloguePath(root: string): string {
  return join(root, 'schemas', 'catalogue.yaml')
}

function partitionsIn(topics: ReadonlyMap<string, { readonly partitions?: number | undefined }>): Partitions {
  return (topic) => topics.get(topic)?.partitions
}

function isNew({ name }: TopologyPlan, revision: Revision): PlanChange {
  const message = `The file is not in ${revision.name}: if "${name}" is new, it reads its topics from where they begin; if the file had another name, compare with --against FILE.`
  return { code: 'MC016', message }
}

function findings(plan: TopologyPlan, changes: readonly PlanChange[]): LintFinding[] {
  return changes.map(({ code, node: name, field, message }) => {
    const node = name === undefined ? undefined : plan.nodes.get(name)
    const fields = node === undefined ? plan.sectionPositions : node.fieldPositions
    const whole = node?.position ?? { file: plan.file, line: 1, column: 1 }
    const { file, line, column } = (field === undefined ? undefined : fields?.[field]) ?? whole
    return { file, line, column, code, ...changeKinds[code], message }
  })
}
