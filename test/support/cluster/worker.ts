// A worker of a proof or a chaos run: runs TOPOLOGIES in an environment until SIGTERM (or, with UNTIL_END, to the end), and
// kills itself at the asked-for moment: CRASH_POINT=sealed CRASH_AT=3 dies, by SIGKILL, when `sealed` is reached for the
// third time. With FREEZE=1 it stops itself by SIGSTOP instead, and tells what it does when it is woken up. Bad events fail
// until the folder MENDED has a file with their id, or the file `all`. It ends when its standard input does: whoever started
// it is gone.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { openEnvironment } from '../../../cli/project/environment-file.ts'
import { openProject } from '../../../cli/project/project.ts'
import { loadPlans, runTopologies } from '../../../cli/run/topologies.ts'
import type { SinkDefinition } from '../../../engine/component/define.ts'
import { defineProcessor, mapValue, mapValueAsync, permanentError } from '../../../engine/component/index.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'

const { CRASH_POINT, CRASH_AT, FREEZE, MENDED, TOPOLOGIES, ENVIRONMENT, PROJECT, UNTIL_END, PROBE_MS } =
  process.env as Record<string, string>

const tell = (sentence: string): void => console.error(`${new Date().toISOString()} ${sentence}`)

let left = Number(CRASH_AT ?? 0)
/** The points that were reached since it was woken up. */
let reached: Set<string> | undefined
subscribe('millrace.point', (message) => {
  const { point } = message as { point: string }
  if (reached !== undefined && !reached.has(point)) {
    reached.add(point)
    tell(`then ${point}`)
  }
  if (point !== CRASH_POINT || --left !== 0) return
  console.error(`reached ${CRASH_POINT}`)
  process.kill(process.pid, FREEZE === '1' ? 'SIGSTOP' : 'SIGKILL')
  tell('woken up')
  reached = new Set()
})

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
tell('listens')
process.stdin.on('end', () => process.exit(1)).resume()

/** An event of either kind of run. */
interface Event {
  readonly id?: string
  readonly eventId?: string
  readonly action: string
}

const idOf = ({ id, eventId }: Event): string => (eventId ?? id)!
const isMended = (id: string): boolean => existsSync(join(MENDED!, id)) || existsSync(join(MENDED!, 'all'))

const trial = defineProcessor({
  name: 'trial',
  summary: 'Throws once at some events.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () => {
    const tried = new Set<string>()
    return mapValue((event: Event) => {
      if (event.action === 'wobble' && !tried.has(idOf(event))) {
        tried.add(idOf(event))
        throw new Error('The event wobbles.')
      }
      return event
    })
  },
})

const hop = defineProcessor({
  name: 'hop',
  summary: 'Takes a moment for some events, and fails for good at bad ones until they are mended.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () =>
    mapValueAsync((event: Event) => {
      if (event.action === 'slow') return wait(20, event)
      if (event.action !== 'bad' || isMended(idOf(event))) return event
      // Late enough that records behind it have failed before.
      return wait(60).then(() => Promise.reject(permanentError('RECORD_INVALID', 'The event is bad.')))
    }),
})

/** Like the probe, and slower where that is asked for: a commit can come in between. */
const slowProbe: SinkDefinition = {
  ...sinks.probe,
  async open(config, context) {
    const writer = await sinks.probe.open(config, context)
    if (Number(PROBE_MS) === 0) return writer
    return { ...writer, write: async (batch) => writer.write((await wait(Number(PROBE_MS)), batch)) }
  },
}

const environment = await openEnvironment(
  { env: ENVIRONMENT! },
  { cwd: PROJECT!, root: PROJECT!, env: process.env },
)
const project = await openProject({ cwd: PROJECT!, project: PROJECT!, environment, trouble: tell })
const registry = { sources, processors: { ...processors, trial, hop }, sinks: { ...sinks, probe: slowProbe } }
try {
  const plans = await loadPlans(TOPOLOGIES!.split(','), registry, process.env)
  await runTopologies({
    plans,
    project,
    untilEnd: UNTIL_END === '1',
    signal: stopping.signal,
    print: console.log,
    trouble: (topology, sentence) => tell(`${topology}: ${sentence}`),
    committed: (topology, outcome, seconds) => {
      // Of a run that lasts for hours, what is worth a line.
      if (FREEZE === '1' || outcome !== 'committed' || seconds > 1)
        tell(`${topology}: commit ${outcome} after ${seconds.toFixed(3)} s`)
    },
  })
} catch (error) {
  tell(`failed: ${(error as Error).stack ?? String(error)}`)
  process.exitCode = 1
} finally {
  await project.close()
}
process.stdin.destroy()
