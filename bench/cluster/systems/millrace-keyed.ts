// The command line of Millrace with two components more: a processor whose work takes time, and a sink that does nothing.
// Prints at its end what the processor saw of the order within keys.
import { z } from 'zod'
import { runCommandLine } from '../../../cli/command-line/main-loop.ts'
import { processHost } from '../../../cli/command-line/process-host.ts'
import { defineProcessor, defineSink, mapValueAsync } from '../../../engine/component/index.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'
import { keyDigits, keyPrefix, readNumber } from '../orders.ts'

const outcome = { records: 0, outOfOrder: 0, atOnce: 0 }
let busy = new Uint8Array(0)
let last = new Float64Array(0)

const wait = defineProcessor({
  name: 'wait',
  summary: 'Waits for a timer with each record.',
  config: z.strictObject({
    ms: z.number().meta({ description: 'How long.' }),
    concurrency: z.int().meta({ description: 'How many records of a task at once.' }),
    keys: z.int().meta({ description: 'How many keys there are.' }),
  }),
  examples: [{ title: 'Ten milliseconds', config: { ms: 10, concurrency: 100, keys: 100_000 } }],
  create({ ms, concurrency, keys }) {
    if (last.length === 0) {
      busy = new Uint8Array(keys)
      last = new Float64Array(keys).fill(-1)
    }
    return mapValueAsync<unknown, unknown>(
      (value, { key, offset }) => {
        const number = readNumber(key!, keyPrefix.length, keyDigits)
        begin(number, offset)
        return new Promise((resolve) =>
          setTimeout(() => {
            busy[number] = 0
            outcome.records++
            resolve(value)
          }, ms),
        )
      },
      { concurrency },
    )
  },
})

/** A key's records lie in one partition: their offsets say their order. */
function begin(key: number, offset: number): void {
  if (busy[key] === 1) outcome.atOnce++
  if (last[key]! >= offset) outcome.outOfOrder++
  busy[key] = 1
  last[key] = offset
}

const nowhere = defineSink({
  name: 'nowhere',
  summary: 'Takes records and does nothing.',
  idempotent: true,
  config: z.strictObject({}),
  examples: [{ title: 'Nowhere', config: {} }],
  open: () =>
    Promise.resolve({
      order: 'batch',
      concurrency: 1,
      maxBatch: 5000,
      write: () => undefined,
      close: () => Promise.resolve(),
    }),
})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  ...processHost(),
  loadRegistry: () =>
    Promise.resolve({ sources, processors: { ...processors, wait }, sinks: { ...sinks, nowhere } }),
})
console.log(JSON.stringify(outcome))
