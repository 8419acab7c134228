import type { StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { EmbeddedStore } from './store.ts'

/** So many rows of one level become one row of the next. */
const rowsPerMerge = 16

/** Rows of the highest level stay as they are: 16³ commits, or hours of changes. */
const highestLevel = 3

/** Rows that would become larger than this stay as they are. */
const mostBytes = 4 * 1024 * 1024

const lengthBytes = 4

/**
 * Puts small state blocks together. A task that commits five times a second writes hundreds of thousands of blocks a
 * day, and a restore reads them all: as rows of their own they would cost more than what is in them. Blocks stay as they
 * are, one after the other within a row, each behind its length; what a block says is the state room's business.
 */
export class StateMerge {
  readonly #store: EmbeddedStore
  readonly #ripe: StatementSync
  readonly #rows: StatementSync
  readonly #update: StatementSync
  readonly #delete: StatementSync

  constructor(store: EmbeddedStore) {
    this.#store = store
    this.#ripe = store.prepare(
      `SELECT task, store, bucket, level FROM millrace_state WHERE level < ${highestLevel}
       GROUP BY task, store, bucket, level HAVING count(*) >= ${rowsPerMerge} AND sum(length(bytes)) < ${mostBytes} LIMIT 1`,
    )
    this.#rows = store.prepare(
      `SELECT id, bytes FROM millrace_state WHERE task = ? AND store = ? AND bucket = ? AND level = ?
       ORDER BY id LIMIT ${rowsPerMerge}`,
    )
    this.#update = store.prepare('UPDATE millrace_state SET level = ?, crc = ?, bytes = ? WHERE id = ?')
    this.#delete = store.prepare('DELETE FROM millrace_state WHERE id = ?')
  }

  /**
   * Merges the rows of one store, bucket and level; 0 = there is nothing to merge. The merged row takes the place of the
   * oldest: a removal that a later row of another bucket holds still comes after what it removes.
   */
  step(): number {
    if (this.#ripe.get() === undefined) return 0
    return this.#store.write(() => {
      const group = this.#ripe.get() as unknown as [string, string, number, number] | undefined
      if (group === undefined) return 0
      const level = group[3]
      const rows = this.#rows.all(...group) as unknown as [number, Uint8Array][]
      const bytes = Buffer.concat(rows.map(([, one]) => (level === 0 ? withLength(one) : one)))
      for (const [id] of rows.slice(1)) this.#delete.run(id)
      this.#update.run(level + 1, crc32(bytes), bytes, rows[0]![0])
      return rows.length
    })
  }
}

/** The blocks within the bytes of a row, oldest first. Level 0 is a block itself. */
export function* blocksIn(level: number, bytes: Uint8Array): Generator<Uint8Array> {
  if (level === 0) {
    yield bytes
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at, true)
    // Copied, since a block's words are read in place and must begin at an even address.
    yield bytes.slice(at + lengthBytes, at + lengthBytes + length)
    at += lengthBytes + length
  }
}

function withLength(block: Uint8Array): Buffer {
  const head = Buffer.alloc(lengthBytes)
  head.writeUInt32LE(block.length)
  return Buffer.concat([head, block])
}
