// A worker of the proof: runs one topology in an environment until SIGTERM (or, with UNTIL_END, to the end), and kills
// itself at the asked-for moment: CRASH_POINT=sealed CRASH_AT=3 dies, by SIGKILL, when `sealed` is reached for the third
// time. With FREEZE=1 it stops itself by SIGSTOP instead. It ends when its standard input does: its test is over.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { defineProcessor, mapValue, mapValueAsync, permanentError } from '../../../engine/component/index.ts'
import { openEnvironment } from '../../../cli/environment-file.ts'
import { openProject } from '../../../cli/project.ts'
import { loadPlans, runTopologies } from '../../../cli/run-topologies.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'

const { CRASH_POINT, CRASH_AT, FREEZE, MENDED, TOPOLOGY, ENVIRONMENT, PROJECT, UNTIL_END } =
  process.env as Record<string, string>

let left = Number(CRASH_AT ?? 1)
subscribe('millrace.point', (message) => {
  if ((message as { point: string }).point !== CRASH_POINT || --left !== 0) return
  console.error(`reached ${CRASH_POINT}`)
  process.kill(process.pid, FREEZE === '1' ? 'SIGSTOP' : 'SIGKILL')
})

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
process.stdin.on('end', () => process.exit(1)).resume()

interface Event {
  readonly eventId: string
  readonly action: string
}

const trial = defineProcessor({
  name: 'trial',
  summary: 'Fails as the event says: for good until it is mended, or once in a while.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () => {
    const tried = new Set<string>()
    return mapValue((event: Event) => {
      if (event.action === 'bad' && !existsSync(MENDED!))
        throw permanentError('RECORD_INVALID', 'The event is bad.')
      if (event.action === 'wobble' && !tried.has(event.eventId)) {
        tried.add(event.eventId)
        throw new Error('The event wobbles.')
      }
      return event
    })
  },
})

const hop = defineProcessor({
  name: 'hop',
  summary: 'Takes a moment for some events.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () =>
    mapValueAsync((event: Event) =>
      event.action === 'slow' ? new Promise<Event>((resolve) => setTimeout(resolve, 20, event)) : event,
    ),
})

const tell = (sentence: string): void => console.error(`${new Date().toISOString()} ${sentence}`)
const environment = await openEnvironment(
  { env: ENVIRONMENT! },
  { cwd: process.cwd(), root: PROJECT!, env: process.env },
)
const project = await openProject({ cwd: PROJECT!, project: PROJECT!, environment, trouble: tell })
const registry = { sources, processors: { ...processors, trial, hop }, sinks }
const plans = await loadPlans([TOPOLOGY!], registry, process.env)
try {
  const summaries = await runTopologies({
    plans,
    project,
    untilEnd: UNTIL_END === '1',
    signal: stopping.signal,
    print: console.log,
    trouble: (_topology, sentence) => tell(sentence),
    committed: (_topology, outcome, seconds) => tell(`commit ${outcome} after ${seconds.toFixed(3)} s`),
  })
  console.log(JSON.stringify([...summaries.values()][0]))
} catch (error) {
  tell(`failed: ${(error as Error).stack ?? String(error)}`)
  process.exitCode = 1
} finally {
  await project.close()
}
process.stdin.destroy()
