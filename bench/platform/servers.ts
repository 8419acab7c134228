import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistry, type RegistryServer } from '../../test/support/servers/registry.ts'
import { BenchFailure } from '../clients/options.ts'
import { Servers } from '../cluster/servers.ts'
import { root } from './workers.ts'

export interface Cluster {
  readonly bootstrap: string
  readonly contactPoint: string
  readonly datacenter: string
  readonly keyspace: string
  /** The environment's file. */
  readonly environment: string
  readonly pids: Readonly<Record<string, number>>
  close(): Promise<void>
}

/**
 * Starts Kafka, Cassandra and a schema registry, and lays out the platform as a user does: topics, tables, schemas.
 *
 * @param folder  for the environment's file and the workers' state
 * @throws BenchFailure where a step is refused
 */
export async function openCluster(folder: string): Promise<Cluster> {
  const servers = await Servers.open(undefined)
  let registry: RegistryServer | undefined
  const close = async (): Promise<void> => {
    await registry?.close()
    await servers.close()
  }
  try {
    const cassandra = await servers.cassandra()
    registry = await startRegistry({ name: 'bench-registry' })
    const place = {
      keyspace: 'platform',
      contactPoint: cassandra.contactPoint,
      datacenter: cassandra.datacenter,
    }
    const environment = join(folder, 'environment.yaml')
    writeFileSync(
      environment,
      JSON.stringify(environmentOf({ ...place, bootstrap: servers.bootstrap, url: registry.url, folder })),
    )
    for (const words of [
      ['topics', 'apply'],
      ['cql', 'apply'],
      ['schemas', 'apply'],
    ])
      await millrace([...words, '--env', environment, '--project', root])
    const [kafka, database] = servers.pids
    return {
      ...{ ...place, bootstrap: servers.bootstrap, environment, close },
      pids: { Kafka: kafka!, Cassandra: database!, registry: registry.pid()! },
    }
  } catch (error) {
    await close()
    throw error instanceof BenchFailure ? error : new BenchFailure((error as Error).message)
  }
}

interface Places {
  readonly bootstrap: string
  readonly contactPoint: string
  readonly datacenter: string
  readonly keyspace: string
  readonly url: string
  readonly folder: string
}

function environmentOf({ bootstrap, contactPoint, datacenter, keyspace, url, folder }: Places): object {
  return {
    kafka: { brokers: [bootstrap], topics: { partitions: 12, replication: 1, replicationAtMost: 1 } },
    cassandra: {
      contactPoints: [contactPoint],
      datacenter,
      keyspace,
      replication: { class: 'SimpleStrategy', replication_factor: 1 },
    },
    registry: { url, register: true },
    state: { dir: join(folder, 'state') },
  }
}

/** Runs a command of Millrace to its end, and answers what it printed. */
export async function millrace(words: readonly string[], codes: readonly number[] = [0]): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'main.ts'), ...words],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code === null || !codes.includes(code))
    throw new BenchFailure(
      `millrace ${words.slice(0, 2).join(' ')} failed (${code}): ${`${output}\n${errors}`.trim()}`,
    )
  return output
}
