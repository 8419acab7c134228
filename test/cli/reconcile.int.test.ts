import { encodeCell } from '../../engine/cql/cells.ts'
import { toCqlValue } from '../../engine/cql/values.ts'
import { openEnvironment } from '../../cli/project/environment-file.ts'
import { cassandraOf, withCassandra } from '../../cli/cluster/cassandra.ts'
import { openProject, type Project } from '../../cli/project/project.ts'
import type { CassandraClient } from '../../engine/cassandra/client.ts'
import { sharedCassandra } from '../support/servers/cassandra-shared.ts'
import { sharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'
import { laid, reconcileCases, type Plant, type ReconcilePlace } from './reconcile-cases.ts'

const topic = `events-${Date.now().toString(36)}`

async function clusterPlace(): Promise<ReconcilePlace> {
  const [kafka, cassandra] = await Promise.all([sharedKafka(), sharedCassandra()])
  const keyspace = await cassandra.newKeyspace('reconcile')
  const folder = new Folder()
  laid(folder, topic)
  folder.write(
    'environments/test.yaml',
    `
kafka:
  brokers: ['${kafka.bootstrap}']
  topics: { partitions: 3, replication: 1 }
cassandra:
  contactPoints: ['${cassandra.contactPoint}']
  datacenter: ${cassandra.datacenter}
  keyspace: ${keyspace}
  consistency: LOCAL_ONE
`,
  )
  const applied = await folder.run('cql apply --env test')
  if (applied.code !== 0) throw new Error(applied.err.join('\n'))
  const where = { cwd: folder.path, root: folder.path, env: {} }
  const environment = (await openEnvironment({ env: 'test' }, where))!
  async function inProject<T>(work: (project: Project) => Promise<T>): Promise<T> {
    const project = await openProject({ cwd: folder.path, environment })
    try {
      return await work(project)
    } finally {
      await project.close()
    }
  }
  const inCassandra = <T>(work: (client: CassandraClient) => Promise<T>): Promise<T> =>
    withCassandra(cassandraOf(environment), {}, work)
  const bytes = (project: Project, table: string, values: Readonly<Record<string, unknown>>) => {
    const columns = project.catalogue.tables
      .get(table)!
      .columns.filter(({ name }) => values[name] !== undefined)
    return columns.map(({ name, type }) => {
      const value = toCqlValue(type, values[name], name)
      return { name, bytes: value === null || value === undefined ? null : encodeCell(type, value) }
    })
  }
  return {
    ...{ folder, flags: ' --env test', inProject },
    put: ({ table, values, timestampMicros, ttlSeconds = 0 }: Plant) =>
      inProject((project) =>
        inCassandra(async ({ driver }) => {
          const given = bytes(project, table, values)
          const names = given.map(({ name }) => name).join(', ')
          const marks = given.map(() => '?').join(', ')
          const using = `USING TIMESTAMP ${timestampMicros} AND TTL ${ttlSeconds}`
          const text = `INSERT INTO ${table} (${names}) VALUES (${marks}) ${using}`
          await driver.execute(
            text,
            given.map((one) => one.bytes),
            { prepare: true },
          )
        }),
      ),
    remove: (table, key, timestampMicros) =>
      inProject((project) =>
        inCassandra(async ({ driver }) => {
          const given = bytes(project, table, key)
          const where = given.map(({ name }) => `${name} = ?`).join(' AND ')
          const text = `DELETE FROM ${table} USING TIMESTAMP ${timestampMicros} WHERE ${where}`
          await driver.execute(
            text,
            given.map((one) => one.bytes),
            { prepare: true },
          )
        }),
      ),
    async close() {
      folder.remove()
      await kafka.reset()
      await cassandra.reset()
    },
  }
}

reconcileCases(topic, clusterPlace)
