import { kindOf, sentenceOf } from '../errors.ts'
import { tablesOfPlan } from '../topology/plan-facts.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import type { Environment } from './worker-options.ts'

/**
 * Looks at the tables of a topology before anything is read, so that what is wrong is said though there is nothing to write.
 * A store that is away is told, and waited for when it is needed. Rejects with the fatal errors of `Tables.check`.
 */
export async function checkTables(
  plan: TopologyPlan,
  { tables }: Pick<Environment, 'tables'>,
  trouble: (sentence: string) => void,
): Promise<void> {
  const names = tablesOfPlan(plan)
  if (names.length === 0) return
  try {
    await tables.check?.(names)
  } catch (error) {
    if (kindOf(error) !== 'downstream') throw error
    trouble(sentenceOf(error))
  }
}
