// The process that keeps the shared servers of one test run. It starts a server when the first test asks for it,
// and ends with all of them when its standard input does: the run is over, or was killed.

import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { startCassandra } from './cassandra.ts'
import { startKafka } from './kafka.ts'
import { startRegistry } from './registry.ts'
import { type KeeperAnswer, type KeeperRequest } from './shared.ts'

interface Kept {
  close(options: { keepLogs: boolean }): Promise<void>
}

const started = new Map<string, Promise<Kept>>()

function start(request: KeeperRequest): Promise<Kept> {
  switch (request.server) {
    case 'cassandra':
      return startCassandra({ name: 'shared-cassandra' })
    case 'kafka': {
      const { brokers } = request
      return startKafka({ brokers, name: `shared-kafka-${brokers}`, tls: brokers === 1, sasl: brokers === 1 })
    }
    case 'registry':
      return startRegistry({ name: 'shared-registry' })
  }
}

async function answer(line: string): Promise<KeeperAnswer<Kept>> {
  try {
    const request = JSON.parse(line) as KeeperRequest
    const key = JSON.stringify(request)
    const server = started.get(key) ?? start(request)
    started.set(key, server)
    return { addresses: await server }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function serve(socket: Socket): void {
  socket.on('error', () => undefined)
  createInterface({ input: socket }).once('line', (line) => {
    void answer(line).then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
  })
}

async function endWith(status: number, path: string): Promise<never> {
  rmSync(path, { force: true })
  // One that is still starting has no handle yet: its brokers see the end of their standard input.
  const soon = new Promise((resolve) => setTimeout(resolve, 2000))
  const all = [...started.values()].map((server) => server.then((one) => one.close({ keepLogs: true })))
  await Promise.race([Promise.allSettled(all), soon])
  process.exit(status)
}

const path = process.argv[2]
if (path === undefined) throw new Error('keeper.ts is started by setup.ts, with the path of its socket')
process.stdin.resume()
process.stdin.once('close', () => void endWith(0, path))
process.once('SIGINT', () => void endWith(130, path))
process.once('SIGTERM', () => void endWith(143, path))
createServer(serve).listen(path, () => process.stdout.write('ready\n'))
