#!/usr/bin/env node
import { countBuffersWithHeap } from './cli/run/collector.ts'
import { keepCompiledModules } from './cli/command-line/compile-cache.ts'
import type { Registry } from './engine/component/define.ts'

countBuffersWithHeap()
// Before anything else is loaded: what is loaded earlier is compiled each time.
keepCompiledModules()
const [{ reportDefect, runCommandLine }, { processHost }] = await Promise.all([
  import('./cli/command-line/main-loop.ts'),
  import('./cli/command-line/process-host.ts'),
])

async function loadRegistry(): Promise<Registry> {
  const [{ sources }, { processors }, { sinks }] = await Promise.all([
    import('./sources/index.ts'),
    import('./processors/index.ts'),
    import('./sinks/index.ts'),
  ])
  return { sources, processors, sinks }
}

const host = processHost()

// An error that nobody waits for is a defect; going on after it could lose records.
process.on('uncaughtException', (error) => {
  reportDefect(error, host)
  process.exit(1)
})

process.exitCode = await runCommandLine(process.argv.slice(2), { ...host, loadRegistry })
