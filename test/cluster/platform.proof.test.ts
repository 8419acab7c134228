// The event platform on three brokers with three replicas, for longer than platform.chaos.test.ts, and the judge on what is there
// then: it sees what is wrong also in the records of a real cluster.
import { afterAll, beforeAll, jest, test } from '@jest/globals'
import { eventCount, patienceMs } from '../support/cluster/scenario.ts'
import { mutants } from '../support/platform/mutants.ts'
import { PlatformStage } from '../support/platform/stage.ts'

jest.setTimeout(3 * patienceMs)

let stage: PlatformStage | undefined
beforeAll(async () => {
  const events = eventCount(20_000)
  // The shop is open for about 11 minutes for a thousand events: it closes before now.
  const begin = Date.now() - (events * 0.7 + 600) * 1000 - 3_600_000
  stage = await PlatformStage.open(3, { seed: 5, events, begin, pieces: 200, pauseMs: 200, kills: 8 })
})
afterAll(() => stage?.close())

test('workers that are killed, come back and are joined: all read models, the order of sessions, every effect once', () =>
  stage!.expectRight())

test.each(Object.keys(mutants))('%s would have been seen', (name) => stage!.expectNoticed(name))
