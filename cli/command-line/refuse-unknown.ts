import { configOf, readTopologyFile } from '../../engine/config/load.ts'
import { fatalError } from '../../engine/errors.ts'
import type { LintFinding } from '../../engine/topology/lint-findings.ts'
import { lintPlan } from '../../engine/topology/lint.ts'
import { missingCast } from '../../engine/topology/lint-rules/missing-cast.ts'
import { unknownField } from '../../engine/topology/lint-rules/unknown-field.ts'
import { unknownSchema } from '../../engine/topology/lint-rules/unknown-schema.ts'
import { unknownTable } from '../../engine/topology/lint-rules/unknown-table.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from './command.ts'
import { projectFacts } from '../lint/facts.ts'

const rules = [unknownSchema, unknownField, unknownTable, missingCast]

/**
 * Refuses topologies that name a schema, a field or a table that is not there: with the place, and before a worker
 * parks a whole topic over it. Rejects with one CONFIG_INVALID, or with what is wrong in schemas/ or cql/.
 */
export async function refuseUnknownNames(
  plans: readonly TopologyPlan[],
  root: string,
  { registry, env, cwd }: CommandArgs,
): Promise<void> {
  const naming = plans.filter(namesSomething)
  if (naming.length === 0) return
  const facts = await projectFacts(root, cwd)
  const problems: LintFinding[] = []
  for (const plan of naming) {
    const { allowances } = configOf(await readTopologyFile(plan.file, registry, env))
    const used = allowances.filter(({ code }) => rules.some((rule) => rule.code === code))
    problems.push(...lintPlan(plan, facts, used, rules).filter(({ severity }) => severity === 'error'))
  }
  if (problems.length === 0) return
  const sentences = problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
  throw fatalError('CONFIG_INVALID', sentences.join('\n'), { facts: { problems } })
}

/** A topology of topics without schemas runs whatever lies in schemas/ and cql/. */
function namesSomething(plan: TopologyPlan): boolean {
  return [...plan.nodes.values()].some(
    ({ config }) => config['schema'] !== undefined || config['table'] !== undefined,
  )
}
