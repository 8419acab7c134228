import { dirname, join } from 'node:path'
import { MillraceError } from '../engine/errors.ts'
import type { Coverage } from '../engine/testing/coverage.ts'
import type { ReadCases } from '../engine/testing/read-cases.ts'
import type { CaseResult, FileResult } from '../engine/testing/report.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { CommandArgs } from './command.ts'
import { textFlag } from './flags.ts'
import { openEmbeddedPlace } from './test-place.ts'
import { loadTopologyPlan } from './topology-plan.ts'

/** How the cases of a file are run. */
export interface RunFileOptions {
  readonly args: CommandArgs
  /** Only cases whose name has this in it. */
  readonly filter: string | undefined
  readonly coverage: boolean
}

/** Runs the cases of a file, one after the other. What is wrong with the files themselves is the result's `problem`. */
export async function runFile(file: string, options: RunFileOptions): Promise<FileResult> {
  const { args, filter, coverage } = options
  const [{ readCases }, { Coverage }] = await Promise.all([
    import('../engine/testing/read-cases.ts'),
    import('../engine/testing/coverage.ts'),
  ])
  try {
    const cases = await readCases(file, args.env)
    const plan = await loadTopologyPlan(topologyOf(cases), args.registry, args.env)
    cases.check(plan)
    const reached = new Coverage(plan)
    const results: CaseResult[] = []
    for (const [index, { name }] of cases.cases.entries()) {
      if (args.signal.aborted || (filter !== undefined && !name.includes(filter))) continue
      results.push(await runOne(index, { cases, plan, reached, args }))
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

async function runOne(
  index: number,
  what: {
    readonly cases: ReadCases
    readonly plan: TopologyPlan
    readonly reached: Coverage
    readonly args: CommandArgs
  },
): Promise<CaseResult> {
  const { cases, plan, reached, args } = what
  const { runCase } = await import('../engine/testing/run-case.ts')
  const testCase = cases.cases[index]!
  const began = performance.now()
  const place = { cwd: args.cwd, topology: plan.file, project: textFlag(args.values, 'project') }
  const findings = await runCase({
    plan,
    testCase,
    now: testCase.now ?? cases.now,
    values: cases.values,
    openPlace: (clock) => openEmbeddedPlace(place, clock),
    passed: (passed) => reached.passed(passed),
  })
  return {
    topology: plan.name,
    name: testCase.name,
    ms: Math.round(performance.now() - began),
    ...cases.place(index),
    findings: findings.map((finding) => ({ ...finding, ...cases.place(index, finding.step) })),
  }
}
