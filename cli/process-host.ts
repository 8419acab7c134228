import type { CommandLineHost } from './main-loop.ts'

/** The process as a command line sees it. */
export type ProcessHost = Omit<CommandLineHost, 'loadRegistry'>

/**
 * Connects to the process. The first SIGINT or SIGTERM aborts `signal`, a second one ends the process at once. A reader
 * that goes away (`| head`) ends the work as a signal would, without a word.
 */
export function processHost(): ProcessHost {
  const stop = new AbortController()
  quietSqlite()
  stopOnSignals(stop)
  return {
    out: lineWriter(process.stdout, () => stop.abort()),
    err: lineWriter(process.stderr, () => undefined),
    cwd: process.cwd(),
    env: process.env,
    signal: stop.signal,
  }
}

function stopOnSignals(stop: AbortController): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
}

function lineWriter(stream: NodeJS.WriteStream, onClosed: () => void): (line: string) => void {
  let open = true
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (open) onClosed()
    open = false
  })
  return (line) => {
    if (open) stream.write(`${line}\n`)
  }
}

/** Node calls its SQLite experimental; Millrace has chosen it knowingly. Every other warning is shown as usual. */
function quietSqlite(): void {
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning' && warning.message.startsWith('SQLite is')) return
    for (const listener of listeners) listener.call(process, warning)
  })
}
