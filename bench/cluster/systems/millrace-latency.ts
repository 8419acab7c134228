// The command line of Millrace with a table sink that notes when its rows are acknowledged. Ends by itself, like on a
// signal, when the task's rows are stored, and prints their latencies.
import { runCommandLine } from '../../../cli/command-line/main-loop.ts'
import { processHost } from '../../../cli/command-line/process-host.ts'
import type { SinkDefinition } from '../../../engine/component/index.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'
import { Latencies } from '../latencies.ts'

const [events = '0', countFrom = '0', ...words] = process.argv.slice(2)
const rows = 3 * Number(events)
const latencies = new Latencies(3 * Number(countFrom))

const table: SinkDefinition = {
  ...sinks.table,
  async open(config, context) {
    const writer = await (sinks.table as SinkDefinition).open(config, context)
    return {
      ...writer,
      async write(batch) {
        // Its records are good during the call.
        const times = Array.from({ length: batch.length }, (_, n) => batch.record(n).timestamp)
        const result = await writer.write(batch)
        const now = Date.now()
        for (const [n, time] of times.entries()) if (isStored(result?.[n])) latencies.add(now - time)
        if (latencies.count >= rows) stopOnce()
        return result
      },
    }
  },
}

let stopping = false

/** A second signal would end the process at once. */
function stopOnce(): void {
  if (!stopping) process.kill(process.pid, 'SIGTERM')
  stopping = true
}

function isStored(outcome: { readonly outcome: string } | undefined): boolean {
  return outcome === undefined || outcome.outcome === 'stored'
}

process.exitCode = await runCommandLine(words, {
  ...processHost(),
  loadRegistry: () => Promise.resolve({ sources, processors, sinks: { ...sinks, table } }),
})
console.log(JSON.stringify({ records: Number(events), latency: latencies.summary() }))
