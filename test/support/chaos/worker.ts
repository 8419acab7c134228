// A worker of a chaos run: runs all its topologies until SIGTERM. With CRASH_POINT and CRASH_AT it kills itself when the
// point is reached that often. Bad events fail until the folder MENDED has a file with their id, or the file `all`.
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
import type { ChaosEvent } from './history.ts'

const { CRASH_POINT, CRASH_AT, MENDED, PROBE_MS, TOPOLOGIES, ENVIRONMENT, PROJECT } = process.env as Record<
  string,
  string
>

const tell = (sentence: string): void => console.error(`${new Date().toISOString()} ${sentence}`)

let left = Number(CRASH_AT ?? 0)
subscribe('millrace.point', (message) => {
  if ((message as { point: string }).point !== CRASH_POINT || --left !== 0) return
  console.error(`reached ${CRASH_POINT}`)
  process.kill(process.pid, 'SIGKILL')
})

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
tell('listens')
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume()

const isMended = (id: string): boolean => existsSync(join(MENDED!, id)) || existsSync(join(MENDED!, 'all'))

const trial = defineProcessor({
  name: 'trial',
  summary: 'Fails at its first attempt where the event says so.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () => {
    const tried = new Set<string>()
    return mapValue((event: ChaosEvent) => {
      if (event.action === 'wobble' && !tried.has(event.id)) {
        tried.add(event.id)
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
    mapValueAsync((event: ChaosEvent) => {
      if (event.action === 'slow') return wait(30, event)
      if (event.action !== 'bad' || isMended(event.id)) return event
      return wait(40).then(() => Promise.reject(permanentError('RECORD_INVALID', 'The event is bad.')))
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
  { cwd: process.cwd(), root: PROJECT!, env: process.env },
)
const project = await openProject({ cwd: PROJECT!, project: PROJECT!, environment, trouble: tell })
const registry = { sources, processors: { ...processors, trial, hop }, sinks: { ...sinks, probe: slowProbe } }
try {
  const plans = await loadPlans(TOPOLOGIES!.split(','), registry, process.env)
  await runTopologies({
    plans,
    project,
    untilEnd: false,
    signal: stopping.signal,
    print: console.log,
    trouble: (topology, sentence) => tell(`${topology}: ${sentence}`),
    committed: (topology, outcome, seconds) => {
      if (outcome !== 'committed' || seconds > 1)
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
