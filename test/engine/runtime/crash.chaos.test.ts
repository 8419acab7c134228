import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firsts, judgeEffects, judgeLetters, judgeSet, parked } from '../../support/crash/judge.ts'
import { Lives, type Death } from '../../support/crash/lives.ts'
import { makeEvents, randomFrom, writeEvents, type Written } from '../../support/crash/workload.ts'
import { points } from '../../../engine/component/points.ts'

// A hang is a failure; nothing is judged by how long it takes.
jest.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Lives until one ends by itself; every life is judged against what was committed before it. */
async function liveThrough(
  lives: Lives,
  deaths: readonly Death[],
): Promise<{ killed: number; repeats: number }> {
  let killed = 0
  let repeats = 0
  for (const death of [...deaths, {}]) {
    const isCommitted = await lives.committed()
    const before = lives.effects()
    const known = new Set(before.map(({ partition, offset }) => `${partition}@${offset}`))
    const life = await lives.live(death)
    if (!life.killed) expect({ code: life.code, stderr: life.stderr }).toMatchObject({ code: 0 })
    if (life.killed) killed++
    for (const { partition, offset } of lives.effects().slice(before.length)) {
      if (!known.has(`${partition}@${offset}`)) continue
      repeats++
      // A repeat is an effect whose record was not committed when the life began; a parked record is committed as a letter.
      expect({
        partition,
        offset,
        repeated: isCommitted(partition, offset) && !lives.releasing,
      }).toMatchObject({
        repeated: false,
      })
    }
  }
  return { killed, repeats }
}

async function prepare(
  name: string,
  seed: number,
  count: number,
): Promise<{ lives: Lives; written: Written[] }> {
  const store = join(folder, name)
  const written = await writeEvents(store, makeEvents(seed, count))
  return { lives: new Lives(store), written }
}

/** Parks what is bad, mends it, releases it; dies on the way as told. */
async function wholeStory(
  name: string,
  seed: number,
  first: readonly Death[],
  second: readonly Death[],
): Promise<number> {
  const { lives, written } = await prepare(name, seed, 3000)
  const one = await liveThrough(lives, first)
  const held = new Set(parked(written).map(({ partition, offset }) => `${partition}@${offset}`))
  const free = firsts(written).filter(({ partition, offset }) => !held.has(`${partition}@${offset}`))
  expect(held.size).toBeGreaterThan(0)
  expect(judgeEffects(lives.effects())).toEqual([])
  expect(judgeSet(lives.effects(), free)).toEqual([])
  expect(judgeLetters(await lives.letters())).toEqual([])
  expect(await lives.rows()).toEqual(free.map(rowOf).sort())

  writeFileSync(lives.mend, '')
  await lives.releaseAll()
  lives.releasing = true
  const two = await liveThrough(lives, second)
  expect(judgeEffects(lives.effects())).toEqual([])
  expect(judgeSet(lives.effects(), firsts(written))).toEqual([])
  expect(await lives.rows()).toEqual(firsts(written).map(rowOf).sort())
  return one.killed + two.killed
}

function rowOf({ key, id, body }: Written): string {
  return `${key} ${id} ${body}`
}

describe('a worker that is killed', () => {
  test('without a crash the story ends as computed', async () => {
    expect(await wholeStory('none', 1, [], [])).toBe(0)
  })

  const early = points.filter((point) => point !== 'released' && point !== 'draining')
  test.each(early)('at %s, again and again', async (point) => {
    const deaths = [1, 1, 2].map((at) => ({ point, at }))
    // How often a later life comes by the point depends on the machine; the first one does for sure.
    expect(await wholeStory(point, 7, deaths, [])).toBeGreaterThan(0)
  })

  test.each(['released', 'draining'] as const)('at %s', async (point) => {
    const killed = await wholeStory(point, 9, point === 'draining' ? [{ point }] : [], [
      { point, at: 1 },
      { point, at: point === 'draining' ? 1 : 4 },
    ])
    expect(killed).toBeGreaterThan(0)
  })

  test('at twenty random moments', async () => {
    const seed = 20261121
    const random = randomFrom(seed)
    const deaths = Array.from({ length: 10 }, () => ({ afterMs: 200 + Math.floor(random() * 500) }))
    console.log(`random moments: seed ${seed}`)
    const killed = await wholeStory('random', seed, deaths, deaths)
    console.log(`${killed} of 20 lives were killed before they ended by themselves`)
  })
})
