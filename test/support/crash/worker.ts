// Runs the crash topology to its end in a process of its own, and kills itself at the asked-for moment:
// CRASH_POINT=sealed CRASH_AT=3 dies, by SIGKILL, when `sealed` is reached for the third time.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { defineProcessor, mapValue, mapValueAsync, permanentError } from '../../../engine/component/index.ts'
import { loadPlans, runTopologies } from '../../../cli/run/topologies.ts'
import { openProject } from '../../../cli/project/project.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'
import type { CrashEvent } from './workload.ts'

const { CRASH_POINT, CRASH_AT, FIXED, STORE, TOPOLOGY } = process.env as Record<string, string>
let left = Number(CRASH_AT ?? 1)
subscribe('millrace.point', (message) => {
  if ((message as { point: string }).point === CRASH_POINT && --left === 0)
    process.kill(process.pid, 'SIGKILL')
})

const trial = defineProcessor({
  name: 'trial',
  summary: 'Fails as the event says: for good until it is mended, or once in a while.',
  config: z.strictObject({}),
  examples: [{ title: 'test', config: {} }],
  create: () => {
    const tried = new Set<string>()
    return mapValue((event: CrashEvent) => {
      if (event.bad && !existsSync(FIXED!)) throw permanentError('RECORD_INVALID', 'The event is bad.')
      if (event.wobbly && !tried.has(event.id)) {
        tried.add(event.id)
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
    mapValueAsync((event: { readonly slow: boolean | number }) =>
      event.slow === false ? event : new Promise((resolve) => setTimeout(resolve, msOf(event.slow), event)),
    ),
})

/** How long it takes: milliseconds. */
function msOf(slow: boolean | number): number {
  return typeof slow === 'number' ? slow : 3
}

const root = `${import.meta.dirname}/project`
const registry = { sources, processors: { ...processors, trial, hop }, sinks }
const project = await openProject({ cwd: root, project: root, store: STORE })
project.acquireWorkerLock()
const plans = await loadPlans([`${root}/${TOPOLOGY ?? 'topology'}.yaml`], registry, process.env)
const summaries = await runTopologies({
  plans,
  project,
  untilEnd: true,
  signal: new AbortController().signal,
  print: console.log,
  trouble: (_topology, sentence) => console.error(sentence),
})
console.log(JSON.stringify([...summaries.values()]))
await project.close()
