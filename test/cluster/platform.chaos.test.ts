// The event platform on real servers, deployed by the command line, written by services of four releases at once, its workers
// killed meanwhile. As much of platform.proof.test.ts as every run of the tests has time for.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { killLeftovers } from '../support/cli.ts'
import { startProofKafka } from '../support/cluster/scenario.ts'
import type { Facts } from '../support/platform/facts.ts'
import { judge } from '../support/platform/judge.ts'
import { mutants } from '../support/platform/mutants.ts'
import { PlatformRun } from '../support/platform/run.ts'
import { livesOfThePlatform } from '../support/platform/story.ts'
import { sharedCassandra, type SharedCassandra } from '../support/servers/cassandra-shared.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'
import { startRegistry, type RegistryServer } from '../support/servers/registry.ts'

jest.setTimeout(900_000)

let kafka: KafkaServer
let cassandra: SharedCassandra
let registry: RegistryServer
let run: PlatformRun
let facts: Facts

beforeAll(async () => {
  // Topics and subjects have the names that they have: nobody else may use these servers.
  ;[kafka, registry, cassandra] = await Promise.all([startProofKafka(), startRegistry(), sharedCassandra()])
  const servers = { kafka, cassandra, registry, replicas: 1 } as const
  const plan = {
    seed: 11,
    events: 1500,
    begin: Date.now() - 6 * 3_600_000,
    pieces: 40,
    pauseMs: 150,
    kills: 2,
  }
  run = new PlatformRun(servers, plan, await cassandra.newKeyspace('platform'))
})
afterAll(async () => {
  killLeftovers()
  await run?.close()
  await Promise.all([kafka?.close(), registry?.close(), cassandra?.reset()])
})

test('what services of four releases write at once is in every read model, while workers die', async () => {
  facts = await livesOfThePlatform(run)
  expect(judge(facts)).toEqual([])
})

test.each([
  'an effect that is lost',
  'an event of a session that is told twice',
  'two events of a session in the wrong order',
  'revenue that counts twice',
  'a letter that is sent twice',
] as const)('%s would have been seen', (name) => {
  const { change, noticed } = mutants[name]!
  expect(judge(change(facts)).filter((finding) => noticed.test(finding))).not.toEqual([])
})
