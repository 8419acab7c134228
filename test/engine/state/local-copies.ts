import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { LocalState, LocalStateOptions } from '../../../engine/component/contracts/local-state.ts'
import { IdBlockWriter, readIdBlock } from '../../../engine/state/id-blocks.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'

let root: string
let copies = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-local-'))
})

afterAll(() => rm(root, { recursive: true }))

/** The options of a copy in a folder of its own; `told` is what was told. */
export function newOptions(more: Partial<LocalStateOptions> = {}): LocalStateOptions & { told: string[] } {
  const told: string[] = []
  const identity = { clusterId: 'a-cluster', topicId: 'a-topic' }
  const dir = join(root, String(copies++))
  return {
    dir,
    group: 'audit',
    store: 'unique',
    partition: 3,
    identity,
    tell: (one) => told.push(one),
    ...more,
    told,
  }
}

/** A block with the ids `from … from + count`. */
export function ids(bucket: number, from: number, count = 1): StateBlock {
  const writer = new IdBlockWriter('unique', bucket, count)
  for (let n = from; n < from + count; n++) writer.add(Int32Array.of(n, 0, 0, 0, 0, 0, 0, 0), 0, 0)
  return writer.finish()[0]!
}

/** Bucket and id of each entry, as one number. */
export type Content = number[]

/** An entry of {@link Content}. */
export const entry = (bucket: number, id: number): number => bucket * 1e7 + id

/** The entries of a block. */
export function idsIn(block: StateBlock): Content {
  const found: Content = []
  readIdBlock(block, 'unique', (words) => {
    for (let at = 0; at < words.length; at += 8) found.push(entry(block.bucket, words[at]!))
  })
  return found
}

/** The entries of all live blocks. */
export async function contentOf(state: LocalState): Promise<Content> {
  const content: Content = []
  await state.read((block) => void content.push(...idsIn(block)))
  return content
}

/** What another process finds in the folder as it is now, the first one having been killed. */
export async function afterKill(
  options: LocalStateOptions & { told: string[] },
  change?: (folder: string) => Promise<unknown>,
) {
  const next = { ...newOptions(), ...options, dir: join(root, String(copies++)), told: [] as string[] }
  next.tell = (one) => void next.told.push(one)
  await cp(options.dir, next.dir, { recursive: true })
  const folder = localFolder(next)
  for (const name of await readdir(folder)) if (name.startsWith('lock-')) await rm(join(folder, name))
  await change?.(folder)
  const state = await openLocalState(next)
  const { upTo } = state
  const content = await contentOf(state)
  await state.close()
  return { upTo, content, told: next.told, folder, options: next }
}

/** The segment files in a folder, oldest first. */
export const segmentsOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort()
