// Real servers for people: the same Kafka and Cassandra that the integration tests start, until Ctrl-C.

import { parseArgs } from 'node:util'
import { cassandraClassPath, cassandraVersion } from '../test/support/servers/cassandra-jars.ts'
import { startCassandra, type CassandraAddresses } from '../test/support/servers/cassandra.ts'
import { makeArchive } from '../test/support/servers/kafka-archive.ts'
import { kafkaProgram, kafkaVersion } from '../test/support/servers/kafka-jars.ts'
import { startKafka, type KafkaAddresses, type KafkaOptions } from '../test/support/servers/kafka.ts'
import { pythonEnvironment } from '../test/support/servers/python-client.ts'
import { startRegistry, type RegistryAddresses } from '../test/support/servers/registry.ts'
import { registryClassPath } from '../test/support/servers/registry-jars.ts'
import { registryPythonEnvironment } from '../test/support/servers/registry-python.ts'
import { streamsClassPath } from '../test/support/servers/streams-jars.ts'

const help = `Starts Kafka ${kafkaVersion} (and Cassandra) on free ports of this machine and stops it at Ctrl-C; the data is deleted then.

  make servers
  make servers ARGS="--brokers 3"
  make servers ARGS="--tls --sasl --property message.max.bytes=2000000"
  make servers ARGS="--cassandra --registry"      what environments/local.yaml wants

  --brokers 1|3          how many brokers (1)
  --tls                  listeners with TLS, one of them with a certificate that ran out in 2020
  --sasl                 a listener with PLAIN, SCRAM and OAUTHBEARER for the user alice
  --port NUMBER          of the (first) broker's plaintext listener; a free one otherwise
  --property NAME=VALUE  a setting of server.properties, as often as you like
  --cassandra            Cassandra ${cassandraVersion} as well, with passwords where --sasl is given, TLS where --tls is
  --registry             a schema registry as well
  --fetch                only fetch and compile what the servers and their outside clients need
  --heap SIZE            of each JVM (512m for one broker, 320m for three)
  --help
`

class UsageError extends Error {}

interface Wanted {
  kafka: KafkaOptions
  cassandra: boolean
  registry: boolean
}

function optionsOf(args: string[]): Wanted | 'help' | 'fetch' {
  const { values } = parseArgs({
    args,
    options: {
      brokers: { type: 'string', default: '1' },
      tls: { type: 'boolean', default: false },
      sasl: { type: 'boolean', default: false },
      property: { type: 'string', multiple: true, default: [] },
      port: { type: 'string' },
      heap: { type: 'string' },
      cassandra: { type: 'boolean', default: false },
      registry: { type: 'boolean', default: false },
      fetch: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (values.fetch) return 'fetch'
  if (values.brokers !== '1' && values.brokers !== '3') {
    throw new UsageError(`--brokers ${values.brokers}: there can be 1 or 3 of them`)
  }
  const kafka: KafkaOptions = {
    brokers: values.brokers === '1' ? 1 : 3,
    tls: values.tls,
    sasl: values.sasl,
    properties: Object.fromEntries(values.property.map(property)),
    ...(values.port !== undefined && { port: portOf(values.port) }),
    ...(values.heap !== undefined && { heap: values.heap }),
    name: 'servers',
  }
  return { kafka, cassandra: values.cassandra, registry: values.registry }
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`--port ${text}: a port is 1 to 65535`)
  return port
}

function property(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals < 1) throw new UsageError(`--property ${text}: write it as NAME=VALUE`)
  return [text.slice(0, equals), text.slice(equals + 1)]
}

/** What a person wants to know, in columns. */
function describe(kafka: KafkaAddresses): string {
  const { internal: _, ...listeners } = kafka.listeners
  const users = Object.entries(kafka.users ?? {}).map(([user, password]) => `${user} / ${password}`)
  const lines = [
    ...Object.entries(listeners),
    ...(kafka.tls ? [['trust', kafka.tls.ca]] : []),
    ...(users.length > 0 ? [['user', users.join(', ')]] : []),
    ...kafka.brokers.map(({ id, log }) => [`log of ${id}`, log]),
  ]
  const table = lines.map(([name = '', value = '']) => `  ${name.padEnd(12)} ${value}\n`).join('')
  const first = kafka.bootstrap.split(',')[0] ?? ''
  return `
Kafka ${kafkaVersion} is ready, cluster ${kafka.clusterId}

${table}
  kcat -b ${first} -L
  MILLRACE_KAFKA=${first} make test-int
`
}

function describeCassandra(node: CassandraAddresses): string {
  const lines = [
    ['contact point', node.contactPoint],
    ['data center', node.datacenter],
    ...(node.username ? [['user', `${node.username} / ${node.password}`]] : []),
    ...(node.tls ? [['trust', node.tls.ca]] : []),
    ['log', node.log],
  ]
  const table = lines.map(([name = '', value = '']) => `  ${name.padEnd(14)} ${value}\n`).join('')
  return `
Cassandra ${cassandraVersion} is ready

${table}
`
}

/** For `--env local`, whose addresses are these variables. */
function exportsOf(
  kafka: KafkaAddresses,
  cassandra: CassandraAddresses | undefined,
  registry: RegistryAddresses | undefined,
): string {
  const words = [
    `MILLRACE_KAFKA=${kafka.bootstrap.split(',')[0] ?? ''}`,
    ...(cassandra === undefined ? [] : [`MILLRACE_CASSANDRA=${cassandra.contactPoint}`]),
    ...(registry === undefined ? [] : [`MILLRACE_REGISTRY=${registry.url}`]),
  ]
  return `\nFor millrace … --env local:\n\n  export ${words.join(' ')}\n\nCtrl-C stops it.\n`
}

interface Running {
  close(): Promise<void>
}

async function start({ kafka, cassandra, registry }: Wanted): Promise<Running[]> {
  const cluster = await startKafka(kafka)
  const { tls, sasl } = kafka
  const options = { tls: tls === true, auth: sasl === true, name: 'servers-cassandra' }
  const node = cassandra ? await startCassandra(options) : undefined
  if (node !== undefined) process.stdout.write(describeCassandra(node))
  const schemas = registry ? await startRegistry({ name: 'servers-registry' }) : undefined
  process.stdout.write(describe(cluster))
  process.stdout.write(exportsOf(cluster, node, schemas))
  return [cluster, node, schemas].filter((one) => one !== undefined)
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(help)
    return
  }
  if (options === 'fetch') {
    await makeArchive(await kafkaProgram())
    await pythonEnvironment()
    await cassandraClassPath()
    await registryClassPath()
    await registryPythonEnvironment()
    await streamsClassPath()
    return
  }
  process.stdout.write('Starting; the first time on a machine this fetches the servers …\n')
  const servers = await start(options)
  const stop = () => void Promise.all(servers.map((one) => one.close())).then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // The servers do not keep this process alive.
  setInterval(() => undefined, 60_000)
}

try {
  await main()
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  if (isUsage) process.stderr.write('See: make servers ARGS=--help\n')
  process.exitCode = isUsage ? 2 : 1
}
