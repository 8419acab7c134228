import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { judgeTotals, type Total } from '../../support/crash/judge-totals.ts'
import { Lives, type Death } from '../../support/crash/lives.ts'
import { makeEvents, randomFrom, writeEvents, type Written } from '../../support/crash/workload.ts'

// A hang is a failure; nothing is judged by how long it takes.
jest.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'millrace-aggregate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Lives until one ends by itself; answers how many were killed. */
async function story(name: string, seed: number, deaths: readonly Death[]): Promise<number> {
  const store = join(folder, name)
  const written = await writeEvents(store, makeEvents(seed, 1200))
  const lives = new Lives(store, 'aggregate')
  let killed = 0
  for (const death of [...deaths, {}]) {
    const life = await lives.live(death)
    if (life.killed) killed++
    else expect({ code: life.code, stderr: life.stderr }).toMatchObject({ code: 0 })
  }
  judgeTotals(await lives.values('sums'), written)
  judgeMinutes(await lives.values('closed'), written)
  expect(await lives.values('others')).toHaveLength(written.length)
  return killed
}

/** Each window that is over in its partition is there once, and has counted all: events come in the order of time. */
function judgeMinutes(values: readonly { readonly value: unknown }[], written: readonly Written[]): void {
  const length = 300_000
  const latest = new Map<number, number>()
  for (const { partition, at } of written) latest.set(partition, Math.max(at, latest.get(partition) ?? 0))
  const expected = new Map<string, number>()
  for (const { key, at, partition } of written) {
    const from = Math.floor(at / length) * length
    if (latest.get(partition)! >= from + length) {
      expected.set(`${key} ${from}`, (expected.get(`${key} ${from}`) ?? 0) + 1)
    }
  }
  const sent = values
    .map(({ value }) => value as Total)
    .map(({ key, from, n }) => [`${key} ${from}`, n] as const)
  expect(new Set(sent.map(([name]) => name)).size).toBe(sent.length)
  expect(Object.fromEntries(sent)).toEqual(Object.fromEntries(expected))
}

describe('a worker with aggregates that is killed, exactly-once', () => {
  test('without a crash the story ends as computed', async () => {
    expect(await story('none', 1, [])).toBe(0)
  })

  test.each(['sealed', 'committing', 'committed', 'draining'] as const)(
    'at %s, again and again',
    async (point) => {
      const deaths = [2, 1, 3].map((at) => ({ point, at: point === 'draining' ? 1 : at }))
      expect(await story(point, 7, deaths)).toBeGreaterThan(0)
    },
  )

  test('at random moments', async () => {
    const seed = 20261121
    const random = randomFrom(seed)
    console.log(`random moments: seed ${seed}`)
    const deaths = Array.from({ length: 6 }, () => ({ afterMs: 200 + Math.floor(random() * 400) }))
    await story('random', seed, deaths)
  })
})
