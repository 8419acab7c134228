import type { StateBlock } from '../../engine/component/contracts/commit.ts'
import { changelogFormat } from '../../engine/state/changelog-format.ts'
import { valueOf } from '../../engine/component/packed-records.ts'
import { IdBlockWriter } from '../../engine/state/id-blocks.ts'
import { packPairs } from '../../engine/state/key-value-blocks.ts'
import { openLocalState } from '../../engine/state/local-state.ts'

/** Entries of ids as they lie in memory: fingerprint, offset, body, input. */
export const exampleIds = [
  [1, 2, 3, 4, 5, 0, 77, 0],
  [-1, -2, -3, -4, -5, 1 << 20, -77, 1],
] as const

/** Keys with values and a deletion. */
export const examplePairs: [string, Uint8Array | undefined][] = [
  ['käse', Buffer.from('{"sum":1}')],
  ['', new Uint8Array(0)],
  ['gone', undefined],
]

function idBlock(bucket: number, endMs: number): StateBlock {
  const writer = new IdBlockWriter('unique', bucket, exampleIds.length, endMs)
  for (const [n, entry] of exampleIds.entries()) {
    const meta = n === 0 ? entry[7] : 0x10000 | entry[7]
    writer.add(Int32Array.from(entry), 0, meta)
  }
  return writer.finish()[0]!
}

/** What this version writes, by the name of the file that holds an example of it. */
export function stateExamples(): Record<string, Uint8Array> {
  const pairs = packPairs('totals', examplePairs)[0]!
  const record = valueOf(changelogFormat('keyValue').pack([pairs], 0), 0)
  return {
    'ids-v1.block': idBlock(42, 0).bytes,
    'ids-v1-with-end.block': idBlock(42, 43_000).bytes,
    'key-value-v1.block': pairs.bytes,
    'changelog-value-v1.bin': record!,
  }
}

/** Where the example of a local copy says that it belongs. */
export const localExample = {
  group: 'audit',
  store: 'unique',
  partition: 3,
  identity: { clusterId: 'a-cluster', topicId: 'a-topic' },
  clock: { now: () => 1_700_000_000_000, after: () => () => {} },
}

/** Writes the example of a local copy: two commits and an expiry. */
export async function writeLocalExample(dir: string): Promise<void> {
  const state = await openLocalState({ ...localExample, dir })
  state.append([idBlock(41, 42_000)], 10)
  state.expire(42)
  state.append([idBlock(42, 43_000), idBlock(42, 43_000)], 20)
  await state.close()
}
