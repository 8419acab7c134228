import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readIdBlock } from '../../../engine/state/id-blocks.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'
import { commitBlock, COMMITS_PER_BUCKET, LIVE_BUCKETS, writerOptions } from './local-writer.ts'

/** Lets a process commit until it has flushed `flushes` times, and kills it a moment later. */
async function lifeOf(dir: string, flushes: number): Promise<number> {
  const child = fork(join(import.meta.dirname, 'local-writer.ts'), [dir], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  let flushed = 0
  let left = flushes
  child.on('message', (upTo: number) => {
    flushed = upTo
    if (--left === 0) child.kill('SIGKILL')
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return flushed
}

/** How many ids of each commit the copy holds. */
async function countsIn(dir: string) {
  const told: string[] = []
  const options = { ...writerOptions(dir), tell: (sentence: string) => told.push(sentence) }
  const state = await openLocalState(options)
  const counts = new Map<number, number>()
  await state.read((block) => {
    readIdBlock(block, 'unique', (words) => {
      for (let at = 0; at < words.length; at += 8) counts.set(words[at]!, (counts.get(words[at]!) ?? 0) + 1)
    })
  })
  const { upTo } = state
  await state.close()
  return { told, upTo, counts, files: (await readdir(localFolder(options))).length }
}

test('a writer that is killed again and again leaves whole commits, at least those that it flushed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-killed-'))
  try {
    for (let life = 1; life <= 8; life++) {
      const flushed = await lifeOf(dir, 7 * life)
      const { told, upTo, counts, files } = await countsIn(dir)
      expect(told).toEqual([])
      expect(upTo).toBeGreaterThanOrEqual(flushed)
      const oldest = (Math.floor((upTo! - 1) / COMMITS_PER_BUCKET) - LIVE_BUCKETS) * COMMITS_PER_BUCKET
      for (let n = Math.max(0, oldest); n < upTo!; n++) {
        expect([n, counts.get(n)]).toEqual([n, (commitBlock(n).bytes.length - 32) / 32])
      }
      expect(counts.has(upTo!)).toBe(false)
      expect(files).toBeLessThan(LIVE_BUCKETS + 4)
    }
  } finally {
    await rm(dir, { recursive: true })
  }
})
