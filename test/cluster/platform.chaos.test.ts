// The event platform on real servers, deployed by the command line, written by services of four releases at once, its workers
// killed meanwhile. As much of platform.proof.test.ts as every run of the tests has time for.
import { afterAll, beforeAll, jest, test } from '@jest/globals'
import { PlatformStage } from '../support/platform/stage.ts'

jest.setTimeout(900_000)

let stage: PlatformStage | undefined
beforeAll(async () => {
  const begin = Date.now() - 6 * 3_600_000
  stage = await PlatformStage.open(1, { seed: 11, events: 1500, begin, pieces: 40, pauseMs: 150, kills: 2 })
})
afterAll(() => stage?.close())

test('what services of four releases write at once is in every read model, while workers die', () =>
  stage!.expectRight())

test.each([
  'an effect that is lost',
  'an event of a session that is told twice',
  'two events of a session in the wrong order',
  'revenue that counts twice',
  'a letter that is sent twice',
])('%s would have been seen', (name) => stage!.expectNoticed(name))
