import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { lagRows, type LagRow } from '../../cli/lag/rows.ts'
import { embeddedPositions } from '../../cli/positions/embedded.ts'
import type { OffsetChange } from '../../cli/offsets/changes.ts'
import { openProject, type Project } from '../../cli/project/project.ts'
import { encodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../engine/runtime/intervals.ts'
import { Folder } from './full-command-line.ts'

const topology = `
name: store
description: With state.
sources: { events: { type: topic, topic: events, format: json } }
processors: { unique: { type: dedupe, from: events, by: id, window: 1d } }
sinks: { out: { type: console, from: unique } }
`
const start = Date.UTC(2026, 0, 1)

let folder: Folder
beforeEach(async () => {
  folder = new Folder()
  folder.write('topologies/store.yaml', topology)
  folder.write('schemas/catalogue.yaml', '')
  await inStore(async ({ log }) => {
    await log.ensureTopic('events', { partitions: 2 })
    const record = { topic: 'events', partition: 0, key: null, value: Buffer.from('{}'), headers: [] }
    await log.append([0, 1, 2, 3, 4, 5].map((n) => ({ ...record, timestamp: start + n * 1000 })))
  })
})
afterEach(() => folder.remove())

async function inStore<T>(work: (project: Project) => Promise<T>): Promise<T> {
  const project = await openProject({ cwd: folder.path })
  try {
    return await work(project)
  } finally {
    await project.close()
  }
}

async function commit(offset: number, settled: readonly [number, number][] = []): Promise<void> {
  const ranges = new Intervals()
  for (const [from, to] of settled) ranges.add(from, to)
  await inStore(async ({ embedded }) => {
    embedded.groups.setPositions('store', [{ topic: 'events', partition: 0, offset }])
    embedded.tablesDb
      .prepare("UPDATE millrace_positions SET metadata = ? WHERE group_name = 'store'")
      .run(encodeMetadata(offset, ranges))
  })
}

const file = 'topologies/store.yaml'

describe('lag of the embedded store', () => {
  test('counts what waits, in records and in seconds', async () => {
    const before = await folder.json<LagRow[]>(`lag ${file}`)
    expect(before).toMatchObject([
      {
        group: 'store',
        topic: 'events',
        partition: 0,
        committed: null,
        first: 0,
        end: 6,
        lag: 6,
        letters: 0,
      },
      { partition: 1, committed: null, end: 0, lag: 0, seconds: 0 },
    ])
    await commit(2)
    const [row] = await folder.json<LagRow[]>('lag')
    expect(row).toMatchObject({ committed: 2, lag: 4, settled: 0 })
    expect(row!.seconds).toBeGreaterThan(0)
    await commit(6)
    expect(await folder.json<LagRow[]>('lag --group store')).toMatchObject([{ lag: 0, seconds: 0 }, {}])
  })

  test('what is settled beyond the committed offset does not wait', async () => {
    await commit(1, [
      [2, 4],
      [5, 6],
    ])
    const [row] = await folder.json<LagRow[]>('lag')
    expect(row).toMatchObject({ committed: 1, lag: 2, settled: 3 })
  })

  test('the age is that of the first record that is not settled, also beyond a gap', async () => {
    // The record at the frontier is gone, as compaction leaves it; the next two are settled.
    await commit(1, [[1, 3]])
    const positions = await embeddedPositions({ cwd: folder.path }, false)
    const [row] = await lagRows(positions, 'store', ['events'], start + 60_000)
    await positions.close()
    expect(row).toMatchObject({ lag: 3, seconds: 57 })
  })

  test('metadata of another program is told, and not guessed at', async () => {
    await inStore(async ({ embedded }) => {
      embedded.groups.setPositions('store', [{ topic: 'events', partition: 0, offset: 1 }])
      embedded.tablesDb.exec("UPDATE millrace_positions SET metadata = 'of another'")
    })
    expect(await folder.json<LagRow[]>('lag')).toMatchObject([
      {
        committed: 1,
        lag: 5,
        settled: 0,
        foreign: expect.stringMatching(/^The commit metadata cannot be read/),
      },
      {},
    ])
  })

  test('is shown as a table with a sum, again and again until it is ended', async () => {
    await commit(4)
    const stop = new AbortController()
    let sums = 0
    const { code, out } = await folder.run('lag --watch', stop.signal, (line) => {
      if (line.includes('behind') && ++sums === 2) stop.abort()
    })
    expect([code, sums]).toEqual([0, 2])
    expect(out[0]).toMatch(/^group +topic +partition +committed +end +lag +seconds +settled +letters$/)
    expect(out[1]).toMatch(/^store +events +0 +4 +6 +2 +\d+ +0 +0$/)
    expect(out.at(-1)).toMatch(/^2 records behind, the oldest by \d+ s\.$/)
  })

  test('is refused in one sentence where there is nothing to show', async () => {
    expect(await folder.run('lag --group stor')).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/^millrace: No group stor has committed anything in the store in /)],
    })
    await commit(1)
    const { err } = await folder.run('lag --group stor')
    expect(err[0]).toMatch(/: did you mean "store"\?$/)
    expect(await folder.run(`lag ${file} --group store`)).toMatchObject({ code: 2 })
    expect(await folder.run('lag --env nowhere')).toMatchObject({
      code: 1,
      err: [
        expect.stringMatching(
          /^millrace: --env nowhere: there is no nowhere\.yaml in \S+, which holds no environment yet\./,
        ),
      ],
    })
  })
})

describe('offsets of the embedded store', () => {
  const moved = (answer: { readonly changes: readonly OffsetChange[] }) =>
    answer.changes.map(({ partition, committed, to }) => [partition, committed, to])

  test('are shown', async () => {
    await commit(2, [[3, 4]])
    expect(await folder.json(`offsets show ${file}`)).toEqual([
      { group: 'store', topic: 'events', partition: 0, committed: 2, first: 0, end: 6, settledBeyond: true },
      {
        group: 'store',
        topic: 'events',
        partition: 1,
        committed: null,
        first: 0,
        end: 0,
        settledBeyond: false,
      },
    ])
  })

  test.each([
    [
      '--to earliest',
      [
        [0, 4, 0],
        [1, null, 0],
      ],
    ],
    [
      '--to latest',
      [
        [0, 4, 6],
        [1, null, 0],
      ],
    ],
    [
      '--to 2026-01-01T00:00:02Z',
      [
        [0, 4, 2],
        [1, null, 0],
      ],
    ],
    [
      '--to 2026-01-01T00:00:01.500Z --topic events',
      [
        [0, 4, 2],
        [1, null, 0],
      ],
    ],
    ['--to events/0:3', [[0, 4, 3]]],
    ['--to events/0:4', []],
    [
      '--back 1h',
      [
        [0, 4, 6],
        [1, null, 0],
      ],
    ],
  ])('set %s says what it would do, and does it with --yes', async (where, expected) => {
    await commit(4)
    const planned = await folder.json<{ done: boolean; changes: OffsetChange[] }>(
      `offsets set ${file} ${where}`,
    )
    expect(moved(planned)).toEqual(expected)
    expect(planned.done).toBe(false)
    const [untouched] = await folder.json<LagRow[]>('lag')
    expect(untouched?.committed).toBe(4)

    const done = await folder.json<{ done: boolean }>(`offsets set ${file} ${where} --yes --keep-state`)
    expect(done.done).toBe(expected.length > 0)
    const rows = await folder.json<LagRow[]>('lag')
    for (const [partition, , to] of expected) expect(rows[partition!]?.committed).toBe(to)
    expect(moved(await folder.json(`offsets set ${file} ${where}`))).toEqual([])
  })

  test('that forget settled ranges say so, also at the same place', async () => {
    await commit(2, [[4, 5]])
    const { changes } = await folder.json<{ changes: OffsetChange[] }>(`offsets set ${file} --to events/0:2`)
    expect(changes).toMatchObject([{ to: 2, by: 0, forgetsRanges: true }])
    const { out } = await folder.run(`offsets set ${file} --to events/0:2`)
    expect(out[1]).toMatch(/same place, forgets what is settled beyond$/)
    expect(out.at(-1)).toMatch(/Nothing was changed: --yes does it\.$/)
  })

  test('that contradict the state are refused, with what it would mean', async () => {
    await commit(4)
    const back = await folder.run(`offsets set ${file} --to earliest --yes`)
    expect(back.code).toBe(1)
    expect(back.err[0]).toMatch(
      /^millrace: The state of unique stays as it is: .* Add --keep-state if that is meant\.$/,
    )
    const forth = await folder.run(`offsets set ${file} --to latest --yes`)
    expect(forth.err[0]).toMatch(/never gets to know what is passed over/)
    const [row] = await folder.json<LagRow[]>('lag')
    expect(row?.committed).toBe(4)
  })

  test('are refused while a worker is at work', async () => {
    await commit(4)
    const worker = await openProject({ cwd: folder.path })
    try {
      worker.acquireWorkerLock()
      expect(await folder.run(`offsets set ${file} --to earliest --yes --keep-state`)).toMatchObject({
        code: 1,
        err: [expect.stringMatching(/already has a worker \(process \d+\): stop it first/)],
      })
      expect((await folder.run(`offsets set ${file} --to earliest`)).code).toBe(0)
    } finally {
      await worker.close()
    }
  })

  test.each([
    [`set ${file}`, 2, /needs --to/],
    [`set ${file} --to events/7:0`, 1, /is no partition that the group reads: it reads events\./],
    [`set ${file} --to events/0:7`, 1, /is not in the partition, which holds 0 to 6\./],
    [`set ${file} --to earliest --topic event`, 1, /does not read the topic event: did you mean events\?/],
    [`show ${file} --yes`, 2, /--yes belongs to offsets set/],
    ['show', 2, /needs either a file or --group/],
    ['reset', 2, /offsets has no "reset": did you mean set\?|offsets needs to be told what to do/],
    ['show --group store', 1, /No group store has committed anything/],
  ])('%s is refused in one sentence', async (words, code, message) => {
    expect(await folder.run(`offsets ${words}`)).toMatchObject({
      code,
      err: [expect.stringMatching(message)],
    })
  })
})
