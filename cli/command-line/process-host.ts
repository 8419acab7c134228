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
  const err = lineWriter(process.stderr, () => undefined)
  return {
    out: lineWriter(process.stdout, () => stop.abort()),
    err: (line) => err(steerless(line)),
    cwd: process.cwd(),
    env: process.env,
    signal: stop.signal,
  }
}

/** Errors quote what stands in records and files, which may hold what steers a terminal. */
function steerless(line: string): string {
  return line.replaceAll(/(?![\n\t])\p{Cc}/gu, '\ufffd')
}

function stopOnSignals(stop: AbortController): void {
  // One of several processes of a `run`: it ends with the one that started it.
  if (process.channel !== undefined) {
    process.channel.unref()
    process.once('disconnect', () => stop.abort())
  }
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
    if (error.code !== 'EPIPE') endWithout(stream, error)
    if (open) onClosed()
    open = false
  })
  return (line) => {
    if (open) stream.write(`${line}\n`)
  }
}

/** A full disk behind `> file`: whoever counts on the answer must not take what is there for all of it. */
function endWithout(stream: NodeJS.WriteStream, error: NodeJS.ErrnoException): never {
  if (stream === process.stdout) {
    const why = error.code ?? error.message
    process.stderr.write(`millrace: The output could not be written (${why}): see where it is sent to.\n`)
  }
  process.exit(1)
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
