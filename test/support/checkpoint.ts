import type { CommitBackend, StateBlock, StoreRef, TaskRef } from '../../engine/component/contracts/commit.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'

/** What a task begins with, at once. */
export interface Checkpoint {
  readonly positions: readonly (CommittedPosition | undefined)[]
  readonly blocks: readonly StateBlock[]
}

/** Reads a task's positions and the blocks of these stores of ids. */
export async function checkpointOf(
  backend: CommitBackend,
  task: TaskRef,
  inputs: readonly TopicPartition[],
  stores: readonly string[],
): Promise<Checkpoint> {
  const positions = await backend.positions(task, inputs)
  const blocks: StateBlock[] = []
  const refs = stores.map((name): StoreRef => ({ name, kind: 'ids' }))
  await backend.restore(task, refs, ({ store, bucket, bytes }) => {
    // A backend may use its buffer again.
    blocks.push({ store, bucket, bytes: Uint8Array.from(bytes) })
  })
  return { positions, blocks }
}
