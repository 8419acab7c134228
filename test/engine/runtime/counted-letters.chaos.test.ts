import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parked } from '../../support/crash/judge.ts'
import { judgeTotals } from '../../support/crash/judge-totals.ts'
import { Lives, type Death } from '../../support/crash/lives.ts'
import { makeEvents, writeEvents, type Written } from '../../support/crash/workload.ts'

// A hang is a failure; nothing is judged by how long it takes.
jest.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'millrace-counted-'))
const compiled = join(folder, 'compiled')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function liveThrough(lives: Lives, deaths: readonly Death[]): Promise<number> {
  let killed = 0
  for (const death of [...deaths, {}]) {
    const life = await lives.live(death)
    if (life.killed) killed++
    else expect({ code: life.code, stderr: life.stderr }).toMatchObject({ code: 0 })
  }
  return killed
}

const place = ({ partition, offset }: { partition: number; offset: number }): string =>
  `${partition}@${offset}`
const idsIn = async (lives: Lives, topic: string): Promise<string[]> =>
  (await lives.values(topic)).map(({ value }) => (value as Written).id).sort()

/** Events are counted, and some of them parked by another node; then those are mended, and released. Answers who was killed. */
async function story(name: string, first: readonly Death[], second: readonly Death[]): Promise<number> {
  const store = join(folder, name)
  const written = await writeEvents(store, makeEvents(9, 1200))
  const lives = new Lives(store, 'counted', compiled)
  const killed = await liveThrough(lives, first)
  const held = new Set((await lives.letters()).map(place))
  expect(held).toEqual(new Set(parked(written).map(place)))
  expect(held.size).toBeGreaterThan(0)
  const free = written.filter((event) => !held.has(place(event)))
  judgeTotals(await lives.values('passed'), free)
  expect(await idsIn(lives, 'others')).toEqual(free.map(({ id }) => id).sort())

  writeFileSync(lives.mend, '')
  await lives.releaseAll()
  const more = await liveThrough(lives, second)
  judgeTotals(await lives.values('passed'), written)
  judgeTotals(await lives.values('sums'), written)
  expect(await idsIn(lives, 'others')).toEqual(written.map(({ id }) => id).sort())
  return killed + more
}

describe('a worker whose aggregates have letters, and that is killed, exactly-once', () => {
  test('without a crash the story ends as computed', async () => {
    expect(await story('none', [], [])).toBe(0)
  })

  test('when letters are parked', async () => {
    const deaths = [1, 1, 2].map((at) => ({ point: 'parked', at }))
    expect(await story('parked', deaths, [])).toBeGreaterThan(0)
  })

  test('when letters are released, and what they become is committed', async () => {
    const deaths = [
      { point: 'released', at: 1 },
      { point: 'released', at: 4 },
      { point: 'sealed', at: 1 },
      { point: 'committing', at: 1 },
      { point: 'committed', at: 1 },
    ]
    expect(await story('released', [], deaths)).toBeGreaterThan(0)
  })
})
