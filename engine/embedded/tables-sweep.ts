import { type DatabaseSync } from 'node:sqlite'
import { ByteSink, readU32 } from '../cql/bytes.ts'
import { purgeRow } from './tables-merge.ts'
import { type OpenTable } from './tables-read.ts'
import { decodeRow, encodeRow, rowFlag, rowForm } from './tables-row.ts'

/** What one step of the sweep did. */
export interface SweepResult {
  readonly examined: number
  /** Rows that are gone; rows that only lost cells are not counted. */
  readonly removed: number
  /** Whether the step reached the end of the last table: the next one begins again. */
  readonly complete: boolean
}

type Transaction = (work: () => void) => void

/**
 * Goes round all rows of all tables, a bounded step at a time, and removes what had ended for gc_grace_seconds when the
 * round began. By then everything older must be in the trees (the owner sees to it): a tombstone may go only where
 * nothing that it covers is still waiting in memory.
 */
export class TableSweep {
  readonly #db: DatabaseSync
  readonly #tables: readonly OpenTable[]
  readonly #sink = new ByteSink()
  #table = 0
  #from = ''
  #began: number | undefined

  constructor(db: DatabaseSync, tables: readonly OpenTable[]) {
    this.#db = db
    this.#tables = tables
  }

  /** Whether a round has begun and not ended. */
  get isUnderWay(): boolean {
    return this.#began !== undefined
  }

  /** Begins a round at the second `now`. */
  begin(now: number): void {
    this.#began = now
  }

  /** One step over up to `limit` rows, in one transaction for each table where something goes. */
  step(limit: number, transaction: Transaction): SweepResult {
    let examined = 0
    let removed = 0
    for (let open = this.#tables[this.#table]; open !== undefined; open = this.#tables[this.#table]) {
      const part = this.#stepTable(open, limit - examined, transaction)
      examined += part.examined
      removed += part.removed
      if (!part.complete) return { examined, removed, complete: false }
      this.#endTable(open, transaction)
    }
    this.#table = 0
    this.#began = undefined
    return { examined, removed, complete: true }
  }

  #stepTable(open: OpenTable, limit: number, transaction: Transaction): SweepResult {
    const before = this.#began! - open.codec.schema.gcGrace
    const changes: { key: Buffer; row: Buffer | undefined }[] = []
    let examined = 0
    let complete = true
    for (const { key, row } of open.table.treeRows({ low: this.#from, high: undefined }, false)) {
      if (examined >= limit) {
        complete = false
        break
      }
      examined++
      this.#from = `${key}\0`
      const bytes = Buffer.from(key, 'latin1')
      const change = this.#change(open, bytes, row, before)
      if (change !== row) changes.push({ key: bytes, row: change })
    }
    if (changes.length > 0) transaction(() => changes.forEach(({ key, row }) => open.table.replace(key, row)))
    return { examined, removed: changes.filter(({ row }) => row === undefined).length, complete }
  }

  #change({ table, codec }: OpenTable, key: Buffer, row: Buffer, before: number): Buffer | undefined {
    const shadow = table.erased.size === 0 ? undefined : table.shadowOf(codec.partitionOf(key))
    const lasting =
      row[0] === rowForm.uniform && readU32(row, 14) === 0 && (row[1]! & rowFlag.tombstones) === 0
    if (lasting && shadow === undefined) return row
    const state = decodeRow(row)
    const kept = purgeRow(state, before, shadow)
    if (kept === state || kept === undefined) return kept === state ? row : undefined
    this.#sink.length = 0
    encodeRow(this.#sink, kept)
    return this.#sink.copy()
  }

  /** Every row was seen since the round began: partitions that were erased long enough before it cover nothing now. */
  #endTable({ table, codec }: OpenTable, transaction: Transaction): void {
    const before = this.#began! - codec.schema.gcGrace
    const old = [...table.erased]
      .filter(([, { written }]) => written <= before)
      .map(([partition]) => partition)
    this.#table++
    this.#from = ''
    if (old.length === 0) return
    const remove = this.#db.prepare('DELETE FROM cql_erased WHERE table_id = ? AND partition = ?')
    transaction(() => old.forEach((partition) => remove.run(table.id, Buffer.from(partition, 'latin1'))))
    table.forget(old)
  }
}
