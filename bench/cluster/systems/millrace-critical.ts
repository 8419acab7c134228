// The command line of Millrace with a topic sink that notes when the copies of alarms are acknowledged, as long as the orders
// beside them are under way. Ends by itself, like on a signal, when the last order is there, and prints the latencies.
import { runCommandLine } from '../../../cli/command-line/main-loop.ts'
import { processHost } from '../../../cli/command-line/process-host.ts'
import type { SinkDefinition } from '../../../engine/component/index.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'
import { Latencies } from '../latencies.ts'

const [total = '0', distinct = '0', ...words] = process.argv.slice(2)
const orders = Number(distinct)
/** Before a fifth of the orders is there, everything is cold. */
const warm = orders / 5
const latencies = new Latencies(0)
let written = 0

const topic: SinkDefinition = {
  ...sinks.topic,
  async open(config, context) {
    const writer = await (sinks.topic as SinkDefinition).open(config, context)
    const isAlarms = context.node === 'alarmed'
    return {
      ...writer,
      async write(batch) {
        // Its records are good during the call.
        const times = isAlarms
          ? Array.from({ length: batch.length }, (_, n) => batch.record(n).timestamp)
          : []
        const { length } = batch
        const result = await writer.write(batch)
        const now = Date.now()
        if (isAlarms && written >= warm && written < orders)
          for (const time of times) latencies.add(now - time)
        if (!isAlarms && (written += length) >= orders) stopOnce()
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

process.exitCode = await runCommandLine(words, {
  ...processHost(),
  loadRegistry: () => Promise.resolve({ sources, processors, sinks: { ...sinks, topic } }),
})
console.log(JSON.stringify({ records: Number(total), latency: latencies.summary() }))
