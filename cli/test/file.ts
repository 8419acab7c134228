import { dirname, join } from 'node:path'
import { MillraceError } from '../../engine/errors.ts'
import type { TestCase } from '../../engine/testing/case-schema.ts'
import type { Coverage } from '../../engine/testing/coverage.ts'
import type { ReadCases } from '../../engine/testing/read-cases.ts'
import type { CaseResult, FileResult } from '../../engine/testing/report.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { needEnvironment } from '../project/environment-file.ts'
import { textFlag } from '../command-line/flags.ts'
import { findRoot } from '../../project/root.ts'
import type { Places } from '../../engine/testing/place.ts'
import { embeddedPlaces } from './place.ts'
import { loadTopologyPlan } from '../project/topology-plan.ts'

/** How the cases of a file are run. */
export interface RunFileOptions {
  readonly args: CommandArgs
  /** Only cases whose name has this in it. */
  readonly filter: string | undefined
  readonly coverage: boolean
  readonly on: Where
}

/**
 * Where cases are run: in a store that stays open (undefined), in one whose files every life of the worker opens anew, or in
 * the cluster of `--env`.
 */
export type Where = 'embedded' | 'cluster' | undefined

/** Runs the cases of a file, one after the other. What is wrong with the files themselves is the result's `problem`. */
export async function runFile(file: string, options: RunFileOptions): Promise<FileResult> {
  const { args, filter, coverage, on } = options
  const [{ readCases }, { Coverage }] = await Promise.all([
    import('../../engine/testing/read-cases.ts'),
    import('../../engine/testing/coverage.ts'),
  ])
  try {
    const cases = await readCases(file, args.env)
    const plan = await loadTopologyPlan(topologyOf(cases), args.registry, args.env)
    cases.check(plan)
    const reached = new Coverage(plan)
    const results: CaseResult[] = []
    const places = await openPlaces(plan, on, args)
    try {
      for (const [index, { name }] of cases.cases.entries()) {
        if (args.signal.aborted || (filter !== undefined && !name.includes(filter))) continue
        results.push(await runOne(index, { cases, plan, reached, places }))
      }
    } finally {
      await places.close()
    }
    return { file, cases: results, ...(coverage && { coverage: reached.report() }) }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    return { file, cases: [], problem: error.message }
  }
}

/** The topology beside the file, unless it names another. */
function topologyOf({ file, topology }: ReadCases): string {
  return topology === undefined ? file.replace(/\.test\.yaml$/, '.yaml') : join(dirname(file), topology)
}

async function openPlaces(plan: TopologyPlan, on: Where, args: CommandArgs): Promise<Places> {
  const project = textFlag(args.values, 'project')
  const options = { cwd: args.cwd, topology: plan.file, project }
  if (on !== 'cluster') return embeddedPlaces(options, on === 'embedded')
  const environment = await needEnvironment('test --on cluster', args, findRoot(options))
  const { openClusterPlaces } = await import('./cluster.ts')
  return openClusterPlaces(options, { plan, environment })
}

async function runOne(
  index: number,
  what: {
    readonly cases: ReadCases
    readonly plan: TopologyPlan
    readonly reached: Coverage
    readonly places: Places
  },
): Promise<CaseResult> {
  const { cases, plan, reached, places } = what
  const { runCase } = await import('../../engine/testing/run-case.ts')
  const testCase = cases.cases[index]!
  const known = { topology: plan.name, name: testCase.name, ...cases.place(index) }
  const impossible = faultsOf(testCase).find((fault) => (places.limits as readonly string[]).includes(fault))
  if (impossible !== undefined) return { ...known, ms: 0, findings: [], passedOver: impossible }
  const began = performance.now()
  const findings = await runCase({
    plan,
    testCase,
    now: testCase.now ?? cases.now,
    values: cases.values,
    openPlace: (clock) => places.open(clock),
    passed: (passed) => reached.passed(passed),
  })
  return {
    ...known,
    ms: Math.round(performance.now() - began),
    findings: findings.map((finding) => ({ ...finding, ...cases.place(index, finding.step) })),
  }
}

/** The faults of a case, in the words of `Places.limits`. */
function faultsOf({ faults, then }: TestCase): string[] {
  return [...faults, ...then.flatMap((step) => step.faults)].flatMap((fault) =>
    fault.commit === undefined ? Object.keys(fault) : [`commit: ${fault.commit.outcome}`],
  )
}
