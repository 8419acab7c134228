import { type DatabaseSync, type StatementSync } from 'node:sqlite'
import { ByteSink } from '../cql/bytes.ts'
import { type KeyedRow, RowMemory } from './tables-memory.ts'
import { laterDeletion, mergeBytes } from './tables-merge.ts'
import { type Deletion } from './tables-row.ts'

/** One statement for several rows: a third faster than one each. */
const rowsAtOnce = 8
const cachedRows = 20_000
const firstChunk = 64
const largestChunk = 2048

/** A range of whole keys: `low` ≤ key < `high`; undefined: to the end of the table. */
export interface KeyRange {
  readonly low: string
  readonly high: string | undefined
}

/**
 * The bytes of one table, of whatever columns: rows in a B-tree, later ones in memory (and in the log, which the owner keeps), and the partitions that were
 * erased. What memory and tree have of one row is merged at read. Rows in memory are `active`, or `frozen` while they
 * move into the tree.
 */
export class EmbeddedTable {
  readonly id: number
  active = new RowMemory()
  frozen: RowMemory | undefined
  readonly #erased = new Map<string, Deletion>()
  readonly #cache = new Map<string, Buffer | null>()
  readonly #sink = new ByteSink()
  readonly #get: StatementSync
  readonly #insert: StatementSync
  readonly #insertMany: StatementSync
  readonly #update: StatementSync
  readonly #remove: StatementSync
  readonly #scans: Record<'up' | 'upTo' | 'down' | 'downFrom', StatementSync>

  constructor(db: DatabaseSync, id: number) {
    const rows = `cql_rows_${id}`
    const prepare = (sql: string): StatementSync => {
      const statement = db.prepare(sql)
      statement.setReturnArrays(true)
      return statement
    }
    this.id = id
    this.#get = prepare(`SELECT v FROM ${rows} WHERE k = ?`)
    this.#insert = prepare(`INSERT INTO ${rows} (k, v) VALUES (?, ?) ON CONFLICT (k) DO NOTHING`)
    const many = Array.from({ length: rowsAtOnce }, () => '(?, ?)').join(', ')
    this.#insertMany = prepare(`INSERT INTO ${rows} (k, v) VALUES ${many} ON CONFLICT (k) DO NOTHING`)
    this.#update = prepare(`UPDATE ${rows} SET v = ? WHERE k = ?`)
    this.#remove = prepare(`DELETE FROM ${rows} WHERE k = ?`)
    this.#scans = {
      up: prepare(`SELECT k, v FROM ${rows} WHERE k >= ? ORDER BY k LIMIT ?`),
      upTo: prepare(`SELECT k, v FROM ${rows} WHERE k >= ? AND k < ? ORDER BY k LIMIT ?`),
      down: prepare(`SELECT k, v FROM ${rows} WHERE k >= ? ORDER BY k DESC LIMIT ?`),
      downFrom: prepare(`SELECT k, v FROM ${rows} WHERE k >= ? AND k < ? ORDER BY k DESC LIMIT ?`),
    }
  }

  /** Adds a row to memory; it must be in the log already. */
  put(partition: string, clustering: string, row: Buffer): void {
    this.active.put(partition, clustering, row)
    if (this.#cache.size > 0) this.#cache.delete(partition + clustering)
  }

  /** Begins the move of what is in memory into the tree. */
  freeze(): void {
    this.frozen = this.active
    this.active = new RowMemory()
  }

  /** Notes that a partition was erased up to a timestamp. */
  erase(partition: string, deletion: Deletion): void {
    this.#erased.set(partition, laterDeletion(deletion, this.#erased.get(partition) ?? deletion))
  }

  /** The timestamp up to which a partition is erased. */
  shadowOf(partition: string): number | undefined {
    return this.#erased.size === 0 ? undefined : this.#erased.get(partition)?.timestamp
  }

  /** The erased partitions. */
  get erased(): ReadonlyMap<string, Deletion> {
    return this.#erased
  }

  /** Forgets that partitions were erased; nothing that they covered may be left. */
  forget(partitions: readonly string[]): void {
    for (const partition of partitions) this.#erased.delete(partition)
    this.#cache.clear()
  }

  /** Forgets what is not in the tree: before the log is read afresh. */
  reset(): void {
    this.active = new RowMemory()
    this.frozen = undefined
    this.#erased.clear()
    this.#cache.clear()
  }

  /** The stored row of a key, from cache, memory and tree. The key is the first `end` bytes, cut at `partitionEnd`. */
  find(bytes: Buffer, partitionEnd: number, end: number): Buffer | null {
    const text = bytes.toString('latin1', 0, end)
    const cached = this.#cache.get(text)
    if (cached !== undefined) return cached
    let row = this.#fromTree(bytes.subarray(0, end))
    for (const memory of [this.frozen, this.active]) {
      const newer = memory?.get(text.slice(0, partitionEnd), text.slice(partitionEnd))
      if (newer !== undefined) row = row === undefined ? newer : mergeBytes(row, newer, this.#sink)
    }
    if (this.#cache.size >= cachedRows) this.#cache.clear()
    this.#cache.set(text, row ?? null)
    return row ?? null
  }

  #fromTree(key: Buffer): Buffer | undefined {
    const found = this.#get.get(key) as unknown as [Uint8Array] | undefined
    return found === undefined ? undefined : asBuffer(found[0])
  }

  /** Puts rows that came out of memory into the tree. Belongs into a transaction; may be done again. */
  settle(rows: readonly KeyedRow[]): void {
    let at = 0
    for (; at + rowsAtOnce <= rows.length; at += rowsAtOnce) {
      const values: Buffer[] = []
      for (let index = at; index < at + rowsAtOnce; index++) {
        const { key, row } = rows[index]!
        values.push(Buffer.from(key, 'latin1'), row)
      }
      if (this.#insertMany.run(...values).changes === rowsAtOnce) continue
      for (let index = 0; index < values.length; index += 2)
        this.#settleOne(values[index]!, values[index + 1]!)
    }
    for (; at < rows.length; at++) this.#settleOne(Buffer.from(rows[at]!.key, 'latin1'), rows[at]!.row)
  }

  #settleOne(key: Buffer, row: Buffer): void {
    if (this.#insert.run(key, row).changes !== 0) return
    // Where the row is the one just inserted, merging it with itself changes nothing.
    this.#update.run(mergeBytes(this.#fromTree(key) ?? row, row, this.#sink), key)
  }

  /** Replaces or (undefined) removes one row of the tree. Belongs into a transaction. */
  replace(key: Buffer, row: Buffer | undefined): void {
    if (row === undefined) this.#remove.run(key)
    else this.#update.run(row, key)
  }

  /** Rows of one partition in a range, merged from memory and tree, in order of the key or against it. */
  *inPartition(partition: string, range: KeyRange, reversed: boolean): Generator<KeyedRow> {
    const cut = partition.length
    const bounds = [
      range.low.slice(cut),
      range.high?.startsWith(partition) === true ? range.high.slice(cut) : undefined,
    ] as const
    const sources: Iterable<KeyedRow>[] = [this.treeRows(range, reversed)]
    for (const memory of [this.frozen, this.active]) {
      const rows = memory?.range(partition, ...bounds) ?? []
      if (rows.length > 0) sources.push(reversed ? rows.reverse() : rows)
    }
    yield* this.#merged(sources, reversed)
  }

  /** Every row of the table in order of the key. */
  *all(): Generator<KeyedRow> {
    const memories = [this.frozen, this.active].filter((memory) => memory !== undefined)
    const sources = [
      this.treeRows({ low: '', high: undefined }, false),
      ...memories.map((memory) => memory.sorted()),
    ]
    yield* this.#merged(sources, false)
  }

  *#merged(sources: readonly Iterable<KeyedRow>[], reversed: boolean): Generator<KeyedRow> {
    const iterators = sources.map((source) => source[Symbol.iterator]())
    const heads = iterators.map((iterator) => headOf(iterator))
    for (;;) {
      let first: string | undefined
      for (const head of heads) {
        if (head === undefined) continue
        if (first === undefined || (reversed ? head.key > first : head.key < first)) first = head.key
      }
      if (first === undefined) return
      let row: Buffer | undefined
      for (let index = 0; index < heads.length; index++) {
        const head = heads[index]
        if (head?.key !== first) continue
        row = row === undefined ? head.row : mergeBytes(row, head.row, this.#sink)
        heads[index] = headOf(iterators[index]!)
      }
      yield { key: first, row: row! }
    }
  }

  /** Rows of the tree alone. Read in chunks, since a statement that is still open would hold a snapshot. */
  *treeRows({ low, high }: KeyRange, reversed: boolean): Generator<KeyedRow> {
    let from = low
    let to = high
    for (let chunk = firstChunk; ; chunk = Math.min(chunk * 4, largestChunk)) {
      const rows = this.#scan(from, to, reversed, chunk)
      for (const [key, row] of rows) yield { key: asBuffer(key).toString('latin1'), row: asBuffer(row) }
      const last = rows[rows.length - 1]
      if (last === undefined || rows.length < chunk) return
      const key = asBuffer(last[0]).toString('latin1')
      if (reversed) to = key
      else from = `${key}\0`
    }
  }

  #scan(low: string, high: string | undefined, reversed: boolean, limit: number): [Uint8Array, Uint8Array][] {
    const from = Buffer.from(low, 'latin1')
    const { up, upTo, down, downFrom } = this.#scans
    const rows =
      high === undefined
        ? (reversed ? down : up).all(from, limit)
        : (reversed ? downFrom : upTo).all(from, Buffer.from(high, 'latin1'), limit)
    return rows as unknown as [Uint8Array, Uint8Array][]
  }
}

function headOf(iterator: Iterator<KeyedRow>): KeyedRow | undefined {
  const next = iterator.next()
  return next.done === true ? undefined : next.value
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The least key that is greater than every key that begins with `prefix`; undefined where there is none. */
export function afterPrefix(prefix: string): string | undefined {
  for (let end = prefix.length; end > 0; end--) {
    const code = prefix.charCodeAt(end - 1)
    if (code < 0xff) return prefix.slice(0, end - 1) + String.fromCharCode(code + 1)
  }
  return undefined
}
