// The process that keeps the shared servers of one test run. It starts a server when the first test asks for it,
// and ends with all of them when its standard input does: the run is over, or was killed.

import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { startKafka, type KafkaServer } from './kafka.ts'
import { type KeeperAnswer, type KeeperRequest } from './shared.ts'

const started = new Map<number, Promise<KafkaServer>>()

function kafka(brokers: 1 | 3): Promise<KafkaServer> {
  let server = started.get(brokers)
  if (server === undefined) {
    server = startKafka({ brokers, name: `shared-kafka-${brokers}`, tls: brokers === 1, sasl: brokers === 1 })
    started.set(brokers, server)
  }
  return server
}

async function answer(line: string): Promise<KeeperAnswer> {
  try {
    const { brokers } = JSON.parse(line) as KeeperRequest
    return { addresses: await kafka(brokers) }
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
