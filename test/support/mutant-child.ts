import { loadMutant } from './load-mutant.ts'
import { mutants } from './mutants.ts'
import type { Outcome } from './model-runs.ts'

// Runs one mutant (its number is the argument; -1 = none, then also a run and a seed) and prints what was noticed.

const [number = '-1', run = '', seed = '0'] = process.argv.slice(2)
const mutant = mutants[Number(number)]

if (mutant !== undefined) loadMutant(mutant)

const { storm } = await import('./model-runs.ts')
const { aggregateRuns, aggregateStorm } = await import('./aggregate-runs.ts')
const { joinRuns, joinStorm } = await import('./join-runs.ts')
const { mergeRuns, mergeStorm } = await import('./merge-runs.ts')
const { resequenceRuns, resequenceStorm } = await import('./resequence-runs.ts')
const { scheduleRuns, scheduleStorm } = await import('./schedule-runs.ts')

/** What is wrong after this storm: names of runs are unique over all kinds. */
function blow(name: string, drawn: number): Promise<Pick<Outcome, 'wrong'>> {
  if (aggregateRuns[name] !== undefined) return aggregateStorm(aggregateRuns[name], drawn)
  if (joinRuns[name] !== undefined) return joinStorm(joinRuns[name], drawn)
  if (mergeRuns[name] !== undefined) return mergeStorm(mergeRuns[name], drawn)
  if (resequenceRuns[name] !== undefined) return resequenceStorm(resequenceRuns[name], drawn)
  if (scheduleRuns[name] !== undefined) return scheduleStorm(scheduleRuns[name], drawn)
  return storm(name, drawn)
}

for (const each of mutant?.seeds ?? [Number(seed)]) {
  const { wrong } = await blow(mutant?.run ?? run, each)
  if (wrong.length === 0) continue
  process.stdout.write(JSON.stringify({ seed: each, wrong: wrong.slice(0, 20) }))
  process.exit(0)
}
process.exit(0)
