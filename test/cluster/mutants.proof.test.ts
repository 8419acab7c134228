import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { MutantName } from '../support/cluster/mutants.ts'
import type { Proof } from '../support/cluster/proof.ts'
import {
  dieAt,
  finish,
  goToEnd,
  patienceMs,
  play,
  startProofKafka,
  type Scenario,
} from '../support/cluster/scenario.ts'
import { statelessTopology } from '../support/cluster/setting.ts'
import { wakeUpLate } from '../support/cluster/zombie.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

/** What makes a defect show, and the check that sees it. */
interface Case extends Pick<Scenario, 'delivery' | 'plan' | 'probeMs' | 'story' | 'topology'> {
  readonly noticed: RegExp
}

/** Dies twice, and then comes to the end. */
const dyingAt =
  (point: string) =>
  async (proof: Proof): Promise<void> => {
    let killed = 0
    for (let life = 0; life < 2; life++) if (await dieAt(proof, point, 2)) killed++
    expect(killed).toBeGreaterThan(0)
    await finish(proof)
  }

const releasing = async (proof: Proof): Promise<void> => {
  await finish(proof)
  await proof.releaseAll()
  await goToEnd(proof)
  await goToEnd(proof)
}

const failing = { bad: 0.03, garbage: 0.03, keys: 40 }
const mendable = { bad: 0.005, garbage: 0 }

// Kafka asks for the group's generation alone, and a member that was away has a new one soon. With state, a task that was
// given up has no open changelog any more; without, the epoch is all that there is.
const withoutState = {
  delivery: 'exactly-once',
  topology: statelessTopology,
  plan: { bad: 0, garbage: 0, duplicates: 0 },
  story: (proof) => wakeUpLate(proof, 'committing'),
} as const satisfies Partial<Case>

const cases: Readonly<Partial<Record<MutantName, Case>>> = {
  // The sink takes longer than a commit: it comes between the hand-over and the effect.
  'a record settles when it is handed to the sink': {
    noticed: /has no effect/,
    probeMs: 500,
    story: dyingAt('committed'),
  },
  'an id is known without its position': { noticed: /has no effect/, plan: mendable, story: releasing },
  'an id is durable as soon as it was seen': {
    noticed: /is known, but not committed/,
    story: dyingAt('committed'),
  },
  'a letter is sealed before the earlier records of its key are settled': {
    noticed: /stands behind/,
    plan: failing,
    story: finish,
  },
  'positions are committed plainly after the state': {
    noticed: /is known, but not committed/,
    story: dyingAt('between'),
  },
  'positions are committed plainly before the state': {
    noticed: /is committed, but not known/,
    story: dyingAt('between'),
  },
  'the ranges beyond the frontier are not committed': {
    noticed: /is known, but not committed/,
    story: dyingAt('committed'),
  },
  'outputs are written at once, outside of the commit': {
    noticed: /[1-9]\d* twice/,
    delivery: 'exactly-once',
    story: dyingAt('sealed'),
  },
  'whoever commits is not asked whether the partitions are still its own': {
    ...withoutState,
    noticed: /went back|[1-9]\d* twice/,
  },
  'the epoch under which partitions are held is ignored': {
    ...withoutState,
    noticed: /went back|[1-9]\d* twice/,
  },
}

describe('the judge', () => {
  test.each(Object.entries(cases))('notices that %s', async (mutant, { noticed, ...rest }) => {
    const verdict = await play(kafka, { ...rest, mutant, seed: 5, events: 20_000 })
    expect(verdict.wrong.filter((finding) => noticed.test(finding))).not.toEqual([])
  })

  // The same stories with the engine as it is.
  test.each([
    ['a worker that dies', { story: dyingAt('committed') }],
    ['a worker without state that wakes up late', withoutState],
    ['released letters', { plan: mendable, story: releasing }],
    ['many letters of few keys', { plan: failing, story: finish }],
  ] as const)('finds nothing wrong with %s', async (_name, scenario) => {
    const verdict = await play(kafka, { ...scenario, seed: 5, events: 20_000 })
    expect(verdict.wrong).toEqual([])
  })
})
