import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { readCatalogueText } from '../../engine/config/catalogue.ts'
import { readTopologyText } from '../../engine/config/load.ts'
import { fatalError, MillraceError } from '../../engine/errors.ts'
import { changeKinds, type PlanChange } from '../../engine/topology/change-kinds.ts'
import type { Partitions, PlanSide } from '../../engine/topology/compare-plans.ts'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { isTopologyName, nameIn } from './files.ts'
import type { Revision } from './git.ts'
import { loadTopologyPlan } from '../project/topology-plan.ts'

type Place = Pick<CommandArgs, 'cwd' | 'registry' | 'env'>

/** How a topology was: as it can be compared, or what keeps it from that. */
export type Past = { readonly side: PlanSide } | { readonly change: PlanChange }

/** What is looked for in a revision. */
export interface Wanted {
  /** The topology as it is now. */
  readonly plan: TopologyPlan
  /** Where its file is. */
  readonly path: string
  /** The project's folder. */
  readonly root: string
  /** Where the catalogue of topics is. */
  readonly catalogue: string
}

/** How a topology was in a revision: in the file of the folder that had its name, or else in its own. */
export async function pastOf(wanted: Wanted, revision: Revision, args: Place): Promise<Past> {
  const { plan, path, catalogue } = wanted
  const same = await textAt(revision, path)
  const named = nameIn(same?.text ?? '') === plan.name ? same : await textNamed(revision, path, plan.name)
  const found = named ?? same
  if (found === undefined) {
    const message = `Neither the file nor a topology named "${plan.name}" beside it is in ${revision.name}: it reads its topics from where they begin.`
    return { change: { code: 'MC016', message } }
  }
  try {
    const before = await planOf(found, wanted, revision, args)
    const topics = await textAt(revision, catalogue)
    const declared =
      topics === undefined ? new Map() : readCatalogueText(shown(catalogue, revision, args), topics.text)
    return { side: { plan: before, partitions: partitionsIn(declared) } }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const [why] = error.message.split('\n')
    return { change: { code: 'MC021', message: `It cannot be compared with ${revision.name}: ${why}` } }
  }
}

/** The numbers of partitions that a catalogue declares. */
export function partitionsIn(
  topics: ReadonlyMap<string, { readonly partitions?: number | undefined }>,
): Partitions {
  return (topic) => topics.get(topic)?.partitions
}

/** A report for each topology that was in a folder, and is there no more, neither as a file nor under its name. */
export async function pastFolder(
  folder: string,
  names: ReadonlySet<string>,
  revision: Revision,
  args: Place,
): Promise<LintReport[]> {
  const path = resolve(args.cwd, folder)
  const here = new Set(readdirSync(path))
  const reports: LintReport[] = []
  for (const name of await revision.list(path)) {
    if (!isTopologyName(name) || here.has(name)) continue
    const found = await textAt(revision, join(path, name))
    const topology = nameIn(found?.text ?? '')
    if (topology === undefined || names.has(topology)) continue
    reports.push(goneReport(join(folder, name), topology, revision))
  }
  return reports
}

function goneReport(file: string, name: string, revision: Revision): LintReport {
  const message =
    `"${name}", which ${revision.name} has, is gone: its group, its letters and its state stay, and what lies beyond its ` +
    'offsets is not read. Run it to the end (run --until-end) and see to its letters before its workers stop.'
  const { severity, title } = changeKinds.MC020
  return { file, findings: [{ file, line: 1, column: 1, code: 'MC020', severity, title, message }] }
}

interface Found {
  readonly path: string
  readonly text: string
}

async function textAt(revision: Revision, path: string): Promise<Found | undefined> {
  const text = await revision.read(path)
  return text === undefined ? undefined : { path, text }
}

async function textNamed(revision: Revision, path: string, name: string): Promise<Found | undefined> {
  const folder = resolve(path, '..')
  for (const other of await revision.list(folder)) {
    if (!isTopologyName(other) || other === basename(path)) continue
    const found = await textAt(revision, join(folder, other))
    if (found !== undefined && nameIn(found.text) === name) return found
  }
  return undefined
}

async function planOf(
  found: Found,
  { root }: Wanted,
  revision: Revision,
  args: Place,
): Promise<TopologyPlan> {
  const { path, text } = found
  if (namesOwnComponent(text)) return planWithCode(found, root, revision, args)
  return planReading(readTopologyText(shown(path, revision, args), text, args.registry, args.env))
}

/** True where the text may name a component by its path; what else looks like that does no harm. */
function namesOwnComponent(text: string): boolean {
  return /\btype:\s*["']?\.{0,2}\//.test(text)
}

/**
 * A topology with code of its own, as both were: the project of that revision is laid out in a folder of the project, where
 * the code finds the packages that it imports, and is gone afterwards.
 */
async function planWithCode(
  { path }: Found,
  root: string,
  revision: Revision,
  { registry, env }: Place,
): Promise<TopologyPlan> {
  const folder = mkdtempSync(join(root, '.millrace-past-'))
  try {
    await revision.extract(root, folder)
    return await loadTopologyPlan(join(folder, relative(root, path)), registry, env)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    // As files of a revision are called, not by the folder that is gone in a moment.
    throw fatalError(
      error.code,
      error.message.replaceAll(/[^\s:]*\.millrace-past-\w+\//g, `${revision.name}:`),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function shown(path: string, revision: Revision, { cwd }: Place): string {
  return `${revision.name}:${relative(cwd, path)}`
}
