import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaProgram } from '../../test/support/servers/kafka-jars.ts'
import { BenchFailure } from './options.ts'

const clusterId = 'TWlsbHJhY2VCZW5jaDAwMA'

export interface Broker {
  readonly bootstrap: string
  readonly stop: () => Promise<void>
}

// Kafka's own recommendation, with a heap for a small machine. (The brokers of the tests start faster, and run slower.)
const jvm = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

/**
 * Starts a Kafka of its own: one broker, its data in a temporary folder. It ends with this process, however that ends.
 *
 * @throws BenchFailure where Java or Kafka's jars cannot be had, or the broker does not come up
 */
export async function startBroker(): Promise<Broker> {
  const classPath = await brokerClassPath()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  const removeData = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeData)
  const [port, controller] = await freePorts()
  const settings = join(folder, 'server.properties')
  writeFileSync(settings, properties(folder, port, controller))
  const log = join(folder, 'broker.log')
  const output = openSync(log, 'w')
  const format = ['--cluster-id', clusterId]
  // The pipe tells the broker that this process is gone.
  const child = spawn('java', [...jvm, '-cp', classPath, 'Broker', settings, ...format], {
    stdio: ['pipe', output, output],
  })
  closeSync(output)
  const stop = async (): Promise<void> => {
    await end(child)
    removeData()
  }
  if (!(await answers(child, port))) {
    const words = readFileSync(log, 'utf8').trim().split('\n').at(-1)
    await stop()
    throw new BenchFailure(`Kafka did not come up: ${words}`)
  }
  return { bootstrap: `127.0.0.1:${port}`, stop }
}

async function brokerClassPath(): Promise<string> {
  try {
    return (await kafkaProgram()).classPath
  } catch (error) {
    throw new BenchFailure(
      `${(error as Error).message}; or name a Kafka that runs with --bootstrap HOST:PORT`,
    )
  }
}

function properties(folder: string, port: number, controller: number): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // The topics of a run are gone before the next one needs the disk.
    'log.segment.delete.delay.ms': 1000,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Its data is thrown away: nothing needs to be put in order. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** Whether a connection succeeds within 60 s. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 300 && child.exitCode === null; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return true
    await delay(200)
  }
  return false
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        }),
    ),
  )
  for (const server of servers) server.close()
  return [ports[0]!, ports[1]!]
}
