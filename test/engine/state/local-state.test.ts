import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LocalStateOptions } from '../../../engine/component/contracts/local-state.ts'
import { scanSegment } from '../../../engine/state/local-segment.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'

import {
  newOptions,
  ids,
  type Content,
  entry,
  idsIn,
  contentOf,
  afterKill,
  segmentsOf,
} from './local-copies.ts'

test('what was appended is there after a restart, in order, and after a kill as far as it was flushed', async () => {
  const options = newOptions()
  const state = await openLocalState(options)
  expect(state.upTo).toBeUndefined()
  state.append([ids(7, 1, 2), ids(7, 3)], 12)
  state.append([ids(8, 4)], 20)
  expect(state.upTo).toBe(20)
  await state.flush()
  state.append([ids(8, 5)], 22)
  const killed = await afterKill(options)
  expect(killed).toMatchObject({ upTo: 20, told: [] })
  expect(killed.content).toEqual([entry(7, 1), entry(7, 2), entry(7, 3), entry(8, 4)])
  await state.close()
  await state.close()
  const again = await openLocalState(options)
  expect(again.upTo).toBe(22)
  again.append([], 30)
  again.append([ids(8, 6)], 31)
  expect(await contentOf(again)).toEqual([
    entry(7, 1),
    entry(7, 2),
    entry(7, 3),
    entry(8, 4),
    entry(8, 5),
    entry(8, 6),
  ])
  await again.close()
  expect((await afterKill(options)).upTo).toBe(31)
  expect(options.told).toEqual([])
})

/** A copy with several files, of which the oldest ones were deleted; `commits` says what was committed. */
async function filled() {
  const options = newOptions()
  const state = await openLocalState(options)
  const commits: { upTo: number; ids: Content }[] = []
  let id = 0
  for (let commit = 0; commit < 12; commit++) {
    const blocks = [0, 1, 2].map((n) =>
      ids(Math.floor(commit / 2), (id += 10_000), commit % 2 === 0 ? 3000 : n + 1),
    )
    commits.push({ upTo: 10 * (commit + 1), ids: blocks.flatMap(idsIn) })
    state.append(blocks, 10 * (commit + 1))
    if (commit === 9) state.expire(2)
    await state.flush()
  }
  await state.close()
  const live = (content: Content): Content => content.filter((one) => one >= entry(2, 0))
  const upTo = (offset: number | undefined): Content =>
    live(commits.filter((one) => one.upTo <= (offset ?? 0)).flatMap((one) => one.ids))
  return { options, live, upTo, end: 120 }
}

test('files of expired buckets are deleted, and their blocks are never handed over', async () => {
  const { options, upTo, end } = await filled()
  const found = await afterKill(options)
  expect(found).toMatchObject({ upTo: end, told: [] })
  expect(found.content).toEqual(upTo(end))
  expect((await segmentsOf(found.folder))[0]).toBe('00000003.segment')
})

test('a file that was cut anywhere yields what was committed before the cut, or nothing', async () => {
  const { options, upTo, end, live } = await filled()
  const folder = localFolder(options)
  const names = await segmentsOf(folder)
  expect(names.length).toBeGreaterThan(2)
  const last = (await stat(join(folder, names.at(-1)!))).size
  const ends = new Set<number | undefined>()
  for (let cut = 1; cut < 400; cut += 29) {
    const found = await afterKill(options, (path) => truncate(join(path, names.at(-1)!), last - cut))
    expect(found.told).toEqual([])
    expect(found.upTo).toBeLessThan(end)
    expect(isDeepStrictEqual(live(found.content), upTo(found.upTo))).toBe(true)
    ends.add(found.upTo)
  }
  expect(ends).toEqual(new Set([110, 100]))
  const middle = await afterKill(options, (path) => truncate(join(path, names[1]!), 100_000))
  expect(middle).toMatchObject({ upTo: undefined, content: [] })
  expect(middle.told).toEqual([expect.stringContaining('is not used: a file is cut short; it is rebuilt')])
})

test('a commit that is only half there is cut off, and the next one takes its place', async () => {
  const options = newOptions()
  const state = await openLocalState(options)
  state.append([ids(1, 1)], 1)
  await state.flush()
  state.append(
    Array.from({ length: 8 }, (_, n) => ids(1, 100_000 * (n + 1), 12_000)),
    2,
  )
  await state.close()
  const half = await afterKill(options, async (folder) => {
    const path = join(folder, (await segmentsOf(folder))[0]!)
    return truncate(path, (await stat(path)).size - 5)
  })
  expect(half).toMatchObject({ upTo: 1, content: [entry(1, 1)], told: [] })
  const again = await openLocalState(half.options)
  again.append([ids(1, 2)], 3)
  await again.close()
  expect(await afterKill(half.options)).toMatchObject({
    upTo: 3,
    content: [entry(1, 1), entry(1, 2)],
    told: [],
  })
}, 30_000)

test('whatever byte is changed, whichever file is lost: a beginning of what was committed, or nothing', async () => {
  const { options, upTo, live } = await filled()
  const names = await segmentsOf(localFolder(options))
  let rebuilt = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('flip', 'zero', 'cut', 'lose'),
      async (name, where, how) => {
        const found = await afterKill(options, async (folder) => {
          const path = join(folder, name)
          const bytes = await readFile(path)
          const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length))
          if (how === 'lose') return rm(path)
          if (how === 'cut') return truncate(path, at)
          if (how === 'flip') bytes[at]! ^= 1
          else bytes.fill(0, at, Math.min(bytes.length, at + 4096))
          return writeFile(path, bytes)
        })
        expect(isDeepStrictEqual(live(found.content), upTo(found.upTo))).toBe(true)
        if (found.upTo === undefined) rebuilt++
      },
    ),
    { numRuns: 40 },
  )
  expect(rebuilt).toBeGreaterThan(5)
}, 60_000)

test('a whole frame that is missing is missed, in the middle of a file too', async () => {
  const { options } = await filled()
  const [, name] = await segmentsOf(localFolder(options))
  const found = await afterKill(options, async (folder) => {
    const path = join(folder, name!)
    const frames: [number, number][] = []
    await scanSegment(path, (frame) => void frames.push([frame.at, frame.at + frame.length!]))
    expect(frames.length).toBeGreaterThan(1)
    const bytes = await readFile(path)
    await writeFile(path, Buffer.concat([bytes.subarray(0, frames[0]![0]), bytes.subarray(frames[0]![1])]))
  })
  expect(found.upTo).toBeUndefined()
  expect(found.told).toEqual([expect.stringContaining('something in the middle is missing')])
})

test('a copy of something else, of a newer format, too long or too old is told and thrown away', async () => {
  const { options } = await filled()
  const opened = async (change: Partial<LocalStateOptions>, edit?: (folder: string) => Promise<unknown>) => {
    const found = await afterKill({ ...options, ...change }, edit)
    expect(found).toMatchObject({ upTo: undefined, content: [] })
    expect(found.told).toHaveLength(1)
    expect(await segmentsOf(found.folder)).toEqual([])
    return found.told[0]
  }
  const { identity } = options
  expect(await opened({ identity: { ...identity, clusterId: 'another' } })).toContain('another Kafka cluster')
  expect(await opened({ identity: { ...identity, topicId: 'another' } })).toContain('deleted and made again')
  expect(await opened({ changelogEnd: 119 })).toContain(
    'it reaches offset 120, and the changelog ends at 119',
  )
  expect(await opened({ maxAgeMs: -1 })).toContain('may have forgotten deletions')
  const newer = async (folder: string) => {
    const path = join(folder, (await segmentsOf(folder))[0]!)
    const bytes = await readFile(path)
    bytes.writeUInt16LE(2, 4)
    await writeFile(path, bytes)
  }
  expect(await opened({}, newer)).toContain('it has format 2')
  expect((await afterKill({ ...options, changelogEnd: 120, maxAgeMs: 3_600_000 })).upTo).toBe(120)
})

test('after a copy was thrown away or discarded, a new one takes its place', async () => {
  const { options } = await filled()
  const state = await openLocalState({ ...options, changelogEnd: 5 })
  state.append([ids(9, 1)], 4)
  await state.close()
  expect(await afterKill(options)).toMatchObject({ upTo: 4, content: [entry(9, 1)] })
  const again = await openLocalState(options)
  again.append([ids(9, 2)], 5)
  await again.discard()
  expect(again.upTo).toBeUndefined()
  again.append([ids(9, 3)], 6)
  await again.close()
  expect(await afterKill(options)).toMatchObject({ upTo: 6, content: [entry(9, 3)] })
})

test('one opener at a time; a killed one holds nobody up', async () => {
  const options = newOptions()
  const folder = localFolder(options)
  await mkdir(folder, { recursive: true })
  await appendFile(join(folder, 'lock-999999999-0123456789abcdef-00'), '')
  await appendFile(join(folder, `lock-${process.pid}-0123456789abcdef-00`), '')
  const first = await openLocalState(options)
  expect(options.told).toEqual([])
  first.append([ids(1, 1)], 1)
  const second = await openLocalState(options)
  expect(options.told).toEqual([
    expect.stringMatching(/^The local copy of the store unique, partition 3, in .* is in use/),
  ])
  second.append([ids(1, 2)], 2)
  expect(second.upTo).toBeUndefined()
  await second.discard()
  await second.close()
  await first.close()
  const third = await openLocalState(options)
  expect(await contentOf(third)).toEqual([entry(1, 1)])
  await third.close()
  expect((await readdir(folder)).filter((name) => name.startsWith('lock-'))).toEqual([])
})

test('a disk that fails ends the copy, and nothing else', async () => {
  const options = newOptions()
  await mkdir(options.dir)
  await writeFile(join(options.dir, 'audit'), 'a file where a folder should be')
  const state = await openLocalState(options)
  expect(options.told).toEqual([
    expect.stringMatching(/is given up \(.*\); the next start reads the changelog/),
  ])
  state.append([ids(1, 1)], 1)
  await state.flush()
  expect(state.upTo).toBeUndefined()
  await state.close()
})

test('names that are no file names stay inside of the folder', () => {
  const of = (group: string, store: string) => localFolder({ dir: '/state', group, store, partition: 0 })
  expect(of('..', 'a/../b')).toBe('/state/%2E%2E/a%2F..%2Fb/0')
  expect(of('.', 'unique.ids')).toBe('/state/%2E/unique.ids/0')
})
