import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JoinStory } from '../../support/crash/story-join.ts'
import { MovedStory } from '../../support/crash/story-moved.ts'
import { TimersStory } from '../../support/crash/story-timers.ts'
import { TurnsStory } from '../../support/crash/story-turns.ts'
import { Lives, type Death } from '../../support/crash/lives.ts'
import { live, type Ending, type Story } from '../../support/crash/story.ts'
import { randomFrom } from '../../support/crash/workload.ts'

// A hang is a failure; nothing is judged by how long it takes.
jest.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'millrace-state-'))
const compiled = join(folder, 'compiled')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const perLife = 250
const stories: Readonly<Record<string, (seed: number) => Story>> = {
  'a join with a table': (seed) => new JoinStory(seed, perLife),
  'a resequence': (seed) => new TurnsStory(seed, perLife),
  'a schedule': (seed) => new TimersStory(seed, perLife),
  'an aggregate behind a repartition': (seed) => new MovedStory(seed, perLife),
}

/** Where a life ends, one after the other; the life after the last of them ends by itself. */
const deaths: Readonly<Record<string, readonly Death[]>> = {
  'while a sink writes, when it has written, and when that is known': [
    { point: 'sink.writing', at: 2 },
    { point: 'sink.written', at: 1 },
    { point: 'acknowledged', at: 2 },
  ],
  'when a cut is sealed': [
    { point: 'sealed', at: 2 },
    { point: 'sealed', at: 1 },
  ],
  'before it commits': [
    { point: 'committing', at: 2 },
    { point: 'committing', at: 1 },
  ],
  'when it has committed': [
    { point: 'committed', at: 2 },
    { point: 'committed', at: 1 },
  ],
  'while it stops': [{ point: 'draining' }, { point: 'draining' }],
}

/** Where ids are kept, too. */
const ofIds: readonly Death[] = [
  { point: 'claimed', at: 3 },
  { point: 'rotated', at: 1 },
  { point: 'claimed', at: 1 },
]

describe.each(Object.keys(stories))('a worker with %s that is killed, exactly-once', (name) => {
  async function tell(title: string, seed: number, deaths: readonly Death[]): Promise<Ending> {
    const story = stories[name]!(seed)
    const lives = new Lives(join(folder, `${story.topology} ${title}`), story.topology, compiled)
    const ending = await live(story, lives, deaths)
    expect(ending).toMatchObject({ failed: [], wrong: [] })
    return ending
  }

  test('without a crash the story ends as computed', async () => {
    expect(await tell('none', 1, [])).toMatchObject({ killed: 0, repeats: 0 })
  })

  test.each(Object.keys(deaths))('%s', async (title) => {
    expect((await tell(title, 7, deaths[title]!)).killed).toBe(deaths[title]!.length)
  })

  // Of the stories one has a dedupe before the node.
  if (name === 'a schedule') {
    test('when ids are claimed, and when old ones are forgotten', async () => {
      expect((await tell('ids', 7, ofIds)).killed).toBe(ofIds.length)
    })
  }

  test('at random moments', async () => {
    const seed = 20261121
    const random = randomFrom(seed)
    console.log(`random moments: seed ${seed}`)
    await tell(
      'random',
      seed,
      Array.from({ length: 4 }, () => ({ afterMs: 150 + Math.floor(random() * 300) })),
    )
  })
})
