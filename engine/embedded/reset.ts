import type { TopicPartition } from '../component/contracts/position.ts'
import type { EmbeddedStore } from './store.ts'

/** What a store has of one state store of a topology, over all partitions. */
export interface StoredState {
  readonly store: string
  readonly blocks: number
  readonly bytes: number
}

/** The state of a topology, by store. */
export function stateOf(store: EmbeddedStore, topology: string): StoredState[] {
  const sql = `SELECT store, count(*), coalesce(sum(length(bytes)), 0) FROM millrace_state
               WHERE task >= ? AND task < ? GROUP BY store ORDER BY store`
  const rows = store.prepare(sql).all(...tasksOf(topology)) as unknown as [string, number, number][]
  return rows.map(([name, blocks, bytes]) => ({ store: name, blocks, bytes }))
}

/**
 * Takes a topology back to where it had done nothing: its committed positions, its state and the notes of its sources are
 * gone. `atEnd` are partitions whose records are to count as done, which is what the letters of the parked topics are: what
 * they are about comes again from the source. All of it or nothing. Only for the store's worker: another would overwrite it.
 */
export function resetTopology(
  store: EmbeddedStore,
  topology: string,
  atEnd: readonly (TopicPartition & { readonly offset: number })[],
): void {
  const tasks = tasksOf(topology)
  const place = store.prepare(
    `INSERT INTO millrace_positions (group_name, topic, partition, offset, metadata) VALUES (?, ?, ?, ?, '')`,
  )
  const deletions = [
    store.prepare('DELETE FROM millrace_state WHERE task >= ? AND task < ?'),
    store.prepare('DELETE FROM millrace_expiry WHERE task >= ? AND task < ?'),
  ]
  const positions = store.prepare('DELETE FROM millrace_positions WHERE group_name = ?')
  const notes = store.prepare('DELETE FROM millrace_notes WHERE group_name = ?')
  store.write(() => {
    for (const deletion of deletions) deletion.run(...tasks)
    positions.run(topology)
    notes.run(topology)
    for (const { topic, partition, offset } of atEnd) place.run(topology, topic, partition, offset)
  })
}

/** Tasks are named `{topology}/…`: the names from the first, and below the second. "0" comes behind "/". */
function tasksOf(topology: string): [string, string] {
  return [`${topology}/`, `${topology}0`]
}
