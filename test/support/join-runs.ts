import { points } from '../../engine/component/points.ts'
import type { JoinRun } from './join-storm.ts'

const shaken = { unknown: 0.3, aborted: 0.2, slowest: 120 }
const rough = { move: 0.01, take: 0.01, expire: 0.004, fence: 0.003, crash: 0.006 }

/** The weathers of joins that tests and mutants share, by name. */
export const joinRuns: Readonly<Record<string, JoinRun>> = {
  'left alone, joined': { weather: {} },
  'crashes, joined': { weather: { crash: 0.02 } },
  'partitions asked back, joined': { weather: { move: 0.04 } },
  'partitions taken, joined': { weather: { take: 0.03 } },
  'workers fenced, joined': { weather: { fence: 0.02, expire: 0.01 } },
  'unknown outcomes, joined': { weather: { crash: 0.01 }, faults: { unknown: 0.5, slowest: 120 } },
  'sinks without answer, joined': {
    weather: { crash: 0.01 },
    sinks: { noAnswer: 0.1, refused: 0.05, slowest: 300 },
  },
  'everything, joined': { weather: rough, faults: shaken },
  'exactly once, joined': { exactlyOnce: true, weather: rough, faults: shaken },
  ...Object.fromEntries(
    points.map((point) => [`crash at ${point}, joined`, { weather: { crashAt: point, move: 0.02 } }]),
  ),
}
