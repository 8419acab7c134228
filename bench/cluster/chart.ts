import { barChart } from '../clients/chart.ts'
import type { Results } from './rows.ts'
import type { Scenario } from './scenario.ts'

/** engine.svg: for each scenario a block of bars. */
export function engineChart({ medians }: Results, scenarios: readonly Scenario[]): string {
  const blocks = scenarios.map(({ name, title }) => ({
    title,
    bars: medians
      .filter(({ scenario }) => scenario === name)
      .map((one) => ({
        ...one,
        name: `${one.system}, ${one.guarantee}`,
        ours: one.system === 'millrace',
        pale: one.validRuns === 0,
      })),
  }))
  return barChart('CPU per million records and records per second of engines', blocks, 290)
}
