import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { LocalStateOptions } from '../../../engine/component/contracts/local-state.ts'
import { IdBlockWriter } from '../../../engine/state/id-blocks.ts'
import { openLocalState } from '../../../engine/state/local-state.ts'

/** Commits of one bucket; the window is so many buckets. */
export const COMMITS_PER_BUCKET = 40
export const LIVE_BUCKETS = 3

/** The copy that the processes of the test share, one after the other. */
export function writerOptions(dir: string): LocalStateOptions {
  const identity = { clusterId: 'a-cluster', topicId: 'a-topic' }
  return { dir, group: 'audit', store: 'unique', partition: 0, identity, tell: (one) => console.error(one) }
}

/** The ids of the n-th commit: some hundreds of them, all with its number. */
export function commitBlock(n: number): StateBlock {
  const count = 200 + (n % 300)
  const writer = new IdBlockWriter('unique', Math.floor(n / COMMITS_PER_BUCKET), count)
  for (let id = 0; id < count; id++) writer.add(Int32Array.of(n, id, 0, 0, 0, 0, 0, 0), 0, 0)
  return writer.finish()[0]!
}

/** Commits without end, from where the copy ends; says so after each flush. */
async function main(dir: string): Promise<void> {
  const state = await openLocalState(writerOptions(dir))
  for (let n = state.upTo ?? 0; ; n++) {
    state.append([commitBlock(n)], n + 1)
    if (n % COMMITS_PER_BUCKET === 0) state.expire(Math.floor(n / COMMITS_PER_BUCKET) - LIVE_BUCKETS)
    if (n % 10 === 9) {
      await state.flush()
      process.send!(n + 1)
    } else await new Promise((resolve) => setImmediate(resolve))
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2]!)
