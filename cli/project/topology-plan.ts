import type { Registry } from '../../engine/component/define.ts'
import { readTopologyFile } from '../../engine/config/load.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'

/** Reads, checks and plans a topology file. Rejects with one error that holds everything that is wrong in it. */
export async function loadTopologyPlan(
  file: string,
  registry: Registry,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TopologyPlan> {
  return planReading(await readTopologyFile(file, registry, env))
}
