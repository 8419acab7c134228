// A replay that is killed, and the same command again.
import { afterAll, expect, jest, test } from '@jest/globals'
import { answer, killLeftovers, TestProject } from '../support/cli.ts'
import { appendOrders, committedIn, dayText, evenOrders, replayFiles } from '../cli/replay/project.ts'

jest.setTimeout(300_000)
afterAll(killLeftovers)

interface Report {
  readonly complete: boolean
  readonly goesOn: boolean
  readonly offsets: { readonly settled: number; readonly all: number }
  readonly counts: { readonly consumed: number; readonly stored: number; readonly duplicates: number }
}

const group = 'store.replay.first'

async function settled(folder: string): Promise<number> {
  const committed = await committedIn(folder, group)
  return Object.values(committed).reduce((sum, offset) => sum + offset, 0)
}

test('killed in the middle, twice, and stopped once: it goes on, and the side table has each record of the time', async () => {
  const project = new TestProject(replayFiles)
  try {
    const orders = evenOrders(3000, 3)
    await appendOrders(project.folder, orders)
    answer(await project.run(['run', 'topologies/store.yaml', '--until-end', '-o', 'json']))
    const live = await committedIn(project.folder, 'store')

    const words = [
      'replay',
      'topologies/store.yaml',
      '--as',
      'first',
      '--to',
      dayText(2),
      '--tables-suffix',
      '_v2',
    ]
    let consumed = 0
    for (const [signal, upTo] of [
      ['SIGKILL', 300],
      ['SIGKILL', 700],
      ['SIGTERM', 1100],
    ] as const) {
      const running = project.start([...words, '--rate', '400', '-o', 'json'])
      const before = await settled(project.folder)
      let now = before
      let over = false
      void running.ended.then(() => (over = true))
      while (now < Math.max(upTo, before + 1) && !over) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        now = await settled(project.folder)
      }
      running.kill(signal)
      const ended = await running.ended
      expect(now).toBeLessThan(3000)
      if (signal === 'SIGKILL') expect(ended).toMatchObject({ signal })
      else {
        expect(ended.code).toBe(1)
        const report = JSON.parse(ended.stdout) as Report
        expect(report).toMatchObject({ complete: false, goesOn: true })
        consumed += report.counts.consumed
      }
    }
    // Written after it began: not of it.
    await appendOrders(project.folder, evenOrders(30, 1, 10_000))

    const last = answer<Report>(await project.run([...words, '--quiet', '-o', 'json']))
    expect(last).toMatchObject({ complete: true, goesOn: true, offsets: { settled: 3000, all: 3000 } })
    expect(last.counts.duplicates).toBe(0)
    expect(consumed + last.counts.consumed).toBeLessThan(2000)

    const read = async (name: string, customer: string): Promise<string[]> => {
      const ran = await project.run([
        'query',
        name,
        `customer=${customer}`,
        '--limit',
        '100000',
        '-o',
        'json',
      ])
      return answer<{ rows: { id: string }[] }>(ran).rows.map(({ id }) => id)
    }
    const found = (await Promise.all(['c0', 'c1', 'c2'].map((one) => read('side', one)))).flat().sort()
    expect(found).toEqual(
      orders
        .slice(0, 2000)
        .map(({ id }) => id)
        .sort(),
    )
    expect(await committedIn(project.folder, 'store')).toEqual(live)
    expect(await read('live', 'c0')).toHaveLength(1000)
  } finally {
    project.remove()
  }
})
