import { cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { LocalStateOptions } from '../../../engine/component/contracts/local-state.ts'
import { packPairs, readPairs } from '../../../engine/state/key-value-blocks.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'

const MEBIBYTE = 1024 * 1024

async function inFolder(
  work: (options: LocalStateOptions & { told: string[] }) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-merge-'))
  const told: string[] = []
  const identity = { clusterId: 'a-cluster', topicId: 'a-topic' }
  const tell = (sentence: string) => void told.push(sentence)
  try {
    await work({ dir, group: 'audit', store: 'totals', partition: 0, identity, tell, told })
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** The keys that the copy in the folder holds, each with the first byte of its value, after a kill. */
async function held(options: LocalStateOptions) {
  const state = await openLocalState(options)
  const { upTo } = state
  const pairs: Record<string, number> = {}
  await state.read((block) => {
    readPairs(block, 'totals', (key, value) => {
      if (value === undefined) delete pairs[key]
      else pairs[key] = value[0]!
    })
  })
  await state.close()
  return { upTo, pairs }
}

/** A mebibyte of changes: fifteen keys get a value, one is deleted. */
function changes(round: number): [string, Uint8Array | undefined][] {
  return Array.from({ length: 16 }, (_, n) => [
    `key-${(round + n) % 40}`,
    n === 15 ? undefined : new Uint8Array(MEBIBYTE / 15).fill(round),
  ])
}

const filesOf = async (options: LocalStateOptions): Promise<string[]> =>
  (await readdir(localFolder(options))).filter((name) => !name.startsWith('lock-')).sort()

test('values that were overwritten or deleted do not stay on the disk, and a crash while they go changes nothing', async () => {
  await inFolder(async (options) => {
    const expected: Record<string, number> = {}
    const state = await openLocalState(options)
    const folder = localFolder(options)
    const before = join(options.dir, 'before')
    let most = 0
    for (let round = 0; round < 45; round++) {
      const pairs = changes(round)
      for (const [key, value] of pairs) {
        if (value === undefined) delete expected[key]
        else expected[key] = value[0]!
      }
      // The sixteenth mebibyte is the one that has everything merged.
      if (round === 15) await cp(folder, before, { recursive: true })
      state.append(packPairs('totals', pairs), round + 1)
      await state.flush()
      most = Math.max(most, state.bytes)
      if (round === 16) expect(await filesOf(options)).toEqual(['00000002.segment', '00000003.segment'])
    }
    expect(most).toBeLessThan(50 * MEBIBYTE)
    await state.close()
    expect(await held(options)).toEqual({ upTo: 45, pairs: expected })
    // What a crash may leave: files that were merged already, and a part of one that was being made.
    await cp(join(before, '00000001.segment'), join(folder, '00000001.segment'))
    await writeFile(join(folder, '00000099.segment.tmp'), 'a part')
    expect(await held(options)).toEqual({ upTo: 45, pairs: expected })
    expect(await filesOf(options)).not.toContain('00000001.segment')
    expect(await filesOf(options)).not.toContain('00000099.segment.tmp')
    expect(options.told).toEqual([])
    expect((await stat(join(folder, (await filesOf(options))[0]!))).size).toBeLessThan(20 * MEBIBYTE)
  })
}, 60_000)
