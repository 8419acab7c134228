// The same cases in a store, in one that every life opens anew, and in a cluster: with the same results.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { FileResult } from '../../engine/testing/report.ts'
import { blocksOf } from '../docs/blocks.ts'
import { sharedCassandra, type SharedCassandra } from '../support/servers/cassandra-shared.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let cassandra: SharedCassandra
let folder: Folder

beforeAll(async () => {
  const servers = await Promise.all([sharedKafka(), sharedCassandra()])
  kafka = servers[0]
  cassandra = servers[1]
  folder = new Folder()
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }
cassandra:
  contactPoints: '${cassandra.contactPoint}'
  datacenter: ${cassandra.datacenter}
  keyspace: none_of_this_name
  replication: { class: SimpleStrategy, replication_factor: 1 }
  consistency: LOCAL_ONE
`,
  )
  const from = join(import.meta.dirname, '../engine/testing/project/topologies')
  mkdirSync(join(folder.path, 'topologies'))
  for (const name of ['halting', 'sums', 'copy', 'turns'])
    for (const file of [`${name}.yaml`, `${name}.test.yaml`])
      copyFileSync(join(from, file), join(folder.path, 'topologies', file))
  const guide = blocksOf('docs/guide/testing.md')
  const [topology, first, ...more] = guide.flatMap(({ language, text }) =>
    language === 'yaml' ? [text] : [],
  )
  const [migration] = guide.flatMap(({ language, text }) => (language === 'sql' ? [text] : []))
  folder.write('topologies/orders.yaml', topology!)
  folder.write('topologies/orders.test.yaml', first! + more.join(''))
  folder.write('cql/0001-orders.cql', migration!)
})

afterAll(async () => {
  folder.remove()
  await Promise.all([kafka.reset(), cassandra.reset()])
})

/** What became of each case: its findings, or that it was passed over. */
async function results(words: string): Promise<Record<string, unknown>> {
  const { files } = await folder.json<{ files: readonly FileResult[] }>(`test ${words}`)
  expect(files.map(({ problem }) => problem)).toEqual(files.map(() => undefined))
  return Object.fromEntries(
    files.flatMap(({ cases }) =>
      cases.map(({ topology, name, findings, passedOver }) => [
        `${topology}: ${name}`,
        passedOver ?? findings,
      ]),
    ),
  )
}

test.each([
  // A worker that stops, and its state.
  ['topologies/halting.test.yaml', undefined],
  // Aggregates; letters.
  ['topologies/sums.test.yaml --filter kept', undefined],
  ['topologies/sums.test.yaml --filter counted', undefined],
  // A crash; what is written belongs to the commit.
  ['topologies/copy.test.yaml --filter sealed', undefined],
  // What was due before a record comes before it.
  ['topologies/turns.test.yaml --filter later', undefined],
  // Tables: one that is away, one that refuses a row, a crash.
  ['topologies/orders.test.yaml --filter table', undefined],
  ['topologies/orders.test.yaml --filter refused', undefined],
  ['topologies/orders.test.yaml --filter dies', undefined],
  // What cannot be made there.
  ['topologies/copy.test.yaml --filter taken', 'commit: lost'],
])('%s', async (words, over) => {
  const here = await results(words)
  expect(Object.values(here).length).toBeGreaterThan(0)
  expect(Object.values(here).flat()).toEqual([])
  expect(await results(`${words} --on embedded`)).toEqual(here)
  const there = await results(`${words} --on cluster --env trial`)
  expect(there).toEqual(Object.fromEntries(Object.keys(here).map((name) => [name, over ?? []])))
})

test('nothing is left in the cluster', async () => {
  const listed = await folder.json<readonly { readonly topic: string }[]>('topics list --env trial')
  expect(listed.filter(({ topic }) => topic.startsWith('millrace-test'))).toEqual([])
  const keyspaces = await cassandra.cql('SELECT keyspace_name FROM system_schema.keyspaces')
  expect(keyspaces.filter((row) => String(row['keyspace_name']).startsWith('millrace_test'))).toEqual([])
})
