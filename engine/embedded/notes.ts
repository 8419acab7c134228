import type { Notes } from '../component/contracts/source.ts'
import type { EmbeddedStore } from './store.ts'

/** The notes of one source of a group. `set` is durable when it returns, and must not be called inside a write transaction. */
export function openNotes(store: EmbeddedStore, group: string, node: string): Notes {
  const find = store.prepare('SELECT text FROM millrace_notes WHERE group_name = ? AND node = ? AND name = ?')
  const put = store.prepare(
    'INSERT OR REPLACE INTO millrace_notes (group_name, node, name, text) VALUES (?, ?, ?, ?)',
  )
  return {
    get: (name) => (find.get(group, node, name) as unknown as [string] | undefined)?.[0],
    set: (name, text) => {
      store.write(() => put.run(group, node, name, text))
    },
  }
}
