// The event platform on three brokers with three replicas, for longer than platform.chaos.test.ts, and the judge on what is there
// then: it sees what is wrong also in the records of a real cluster.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { killLeftovers } from '../support/cli.ts'
import { eventCount, patienceMs, startProofKafka } from '../support/cluster/scenario.ts'
import type { Facts } from '../support/platform/facts.ts'
import { judge } from '../support/platform/judge.ts'
import { mutants } from '../support/platform/mutants.ts'
import { PlatformRun } from '../support/platform/run.ts'
import { livesOfThePlatform } from '../support/platform/story.ts'
import { sharedCassandra, type SharedCassandra } from '../support/servers/cassandra-shared.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'
import { startRegistry, type RegistryServer } from '../support/servers/registry.ts'

jest.setTimeout(3 * patienceMs)

let kafka: KafkaServer
let cassandra: SharedCassandra
let registry: RegistryServer
let run: PlatformRun
let facts: Facts

beforeAll(async () => {
  ;[kafka, registry, cassandra] = await Promise.all([
    startProofKafka({ brokers: 3 }),
    startRegistry(),
    sharedCassandra(),
  ])
  const servers = { kafka, cassandra, registry, replicas: 3 } as const
  const events = eventCount(20_000)
  // The shop is open for about 11 minutes for a thousand events: it closes before now.
  const begin = Date.now() - (events * 0.7 + 600) * 1000 - 3_600_000
  const plan = { seed: 5, events, begin, pieces: 200, pauseMs: 200, kills: 8 }
  run = new PlatformRun(servers, plan, await cassandra.newKeyspace('platform'))
})
afterAll(async () => {
  killLeftovers()
  await run?.close()
  await Promise.all([kafka?.close(), registry?.close(), cassandra?.reset()])
})

test('workers that are killed, come back and are joined: all read models, the order of sessions, every effect once', async () => {
  facts = await livesOfThePlatform(run)
  expect(judge(facts)).toEqual([])
})

test.each(Object.entries(mutants))('%s would have been seen', (_name, { change, noticed }) => {
  expect(judge(change(facts)).filter((finding) => noticed.test(finding))).not.toEqual([])
})
