import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

// Below the ports that systems give to outgoing connections (Linux 32768, macOS 49152): the port of a broker
// that is down for a moment is then not taken by a client's connection.
const lowest = 15_000
const highest = 32_000

// Never twice in one process, also where the first owner has not bound it yet.
const given = new Set<number>()

/** A TCP port of 127.0.0.1 that was free a moment ago. Another process may take it: who binds it tries again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

/**
 * Waits until a port can be bound.
 *
 * @throws Error where somebody still has it after `patience` milliseconds
 */
export async function untilFree(port: number, patience = 20_000): Promise<void> {
  const deadline = Date.now() + patience
  while (!(await isFree(port))) {
    if (Date.now() > deadline)
      throw new Error(`test servers: port ${port} is taken by another process; stop that one`)
    await wait(25)
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
