import { z } from 'zod'
import { points } from '../../engine/component/points.ts'
import { defineProcessor, mapValue, type Registry } from '../../engine/component/index.ts'
import { Bench } from './harness.ts'
import { mergedTopics, MergeStorm, waits, type MergeRun, type Passed } from './merge-storm.ts'
import type { Life } from './model-life.ts'
import type { TestValue } from './model-parts.ts'
import type { Outcome } from './model-runs.ts'
import { rough, runStorm, shaken, stormSettings } from './storm-runs.ts'

const long = { wait: 'long' } as const
const short = { wait: 'short' } as const

/** The weathers of merges that tests and mutants share, by name. */
export const mergeRuns: Readonly<Record<string, MergeRun>> = {
  'left alone, merged': { ...long, exact: true, weather: {} },
  'left alone, merged in a hurry': { ...short, exact: true, weather: {} },
  'small budget, merged': { ...long, exact: true, budget: '64KiB', weather: {}, sinks: { slowest: 200 } },
  'crashes, merged': { ...long, weather: { crash: 0.02 } },
  'crashes, merged in a hurry': { ...short, weather: { crash: 0.02 } },
  'partitions asked back, merged': { ...long, exact: true, weather: { move: 0.04 } },
  'partitions asked back, merged in a hurry': { ...short, exact: true, weather: { move: 0.04 } },
  'partitions taken, merged': { ...long, weather: { take: 0.03 } },
  'workers fenced, merged': { ...long, weather: { fence: 0.02, expire: 0.01 } },
  'unknown outcomes, merged': {
    ...long,
    weather: { crash: 0.01 },
    faults: { unknown: 0.5, slowest: 120 },
  },
  'sinks without answer, merged': {
    ...short,
    weather: { crash: 0.01 },
    sinks: { noAnswer: 0.1, refused: 0.05, slowest: 300 },
  },
  'everything, merged': { ...long, weather: rough, faults: shaken },
  'everything, merged in a hurry': { ...short, weather: rough, faults: shaken },
  'exactly once, merged': { ...short, exactlyOnce: true, weather: rough, faults: shaken },
  ...Object.fromEntries(
    points.map((point) => [
      `crash at ${point}, merged`,
      { ...long, weather: { crashAt: point, move: 0.02 } },
    ]),
  ),
}

/** A node right behind the merge that notes what passes: a list for each task. */
function registryOf(bench: () => Bench, lives: Passed[][]): (life: Life) => Registry {
  const note = defineProcessor({
    name: 'note',
    summary: 'Notes what passes.',
    config: z.strictObject({}),
    examples: [{ title: 'Plain', config: {} }],
    create: () => {
      const own: Passed[] = []
      lives.push(own)
      return mapValue((value: TestValue, { topic, partition, offset }) => {
        own.push({ topic, partition, offset, time: value.time! })
        return value
      })
    },
  })
  return (life) => {
    const known = bench().world.registry(life)
    return { ...known, processors: { ...known.processors, note } }
  }
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function mergeStorm(run: MergeRun, seed: number): Promise<Outcome> {
  const source = (topic: string): string =>
    `  ${topic}: { type: topic, topic: ${topic}, format: json, timestamp: time }`
  const yaml = `name: merged
sources:
${mergedTopics.map(source).join('\n')}
processors:
  all: { type: merge, from: [${mergedTopics.join(', ')}], wait: ${waits[run.wait]}ms }
  noted: { type: note, from: all }
sinks:
  out: { type: effect, from: noted, order: record }
  ${run.exactlyOnce === true ? 'more: { type: topic, from: noted, topic: out }' : ''}
${run.budget === undefined ? '' : `budget: { partition: ${run.budget} }\n`}${stormSettings(run)}`
  const lives: Passed[][] = []
  const registry = registryOf(() => bench, lives)
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults }, registry })
  return runStorm(bench, run, () => new MergeStorm(bench, run, seed, lives))
}
