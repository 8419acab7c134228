import {
  MillraceError,
  rowBytes,
  selectRows,
  type FailedRow,
  type OutgoingBatch,
} from '../../engine/component/index.ts'

/** A row that was refused, or (without an error) was not tried since an earlier one of its key was refused. */
export interface PieceRow {
  readonly row: number
  readonly error?: unknown
}

type Write = (piece: OutgoingBatch) => Promise<readonly FailedRow[]>
type KeyOf = (row: number) => string | undefined

/** What may be sent together: a little less than brokers take by default, and than librdkafka puts together. */
const usualPiece = 900_000

/** What a record takes in a batch beside its bytes, at most. */
const rowOverhead = 64

/**
 * Writes batches to a topic so that the order of a key holds where a record is too large: one that may be is a piece of its
 * own, and what follows it in its key is written only when it was taken.
 *
 * A topic whose `max.message.bytes` is below the usual refuses whole pieces. Their rows are tried again alone, and pieces
 * are smaller from then on. Where some rows were refused and others written before that was known, followers may have
 * overtaken a refused record; once, since it is known then.
 */
export class Pieces {
  readonly #write: Write
  #limit = usualPiece

  constructor(write: Write) {
    this.#write = write
  }

  /** True where a batch is small enough to go in one. */
  fits(batch: OutgoingBatch): boolean {
    if (this.#limit < usualPiece) return false
    for (let row = 0; row < batch.count; row++)
      if (rowBytes(batch, row) + rowOverhead > this.#limit) return false
    return true
  }

  async write(batch: OutgoingBatch, keyOf: KeyOf): Promise<readonly PieceRow[]> {
    if (this.fits(batch)) return this.#one(batch, undefined, keyOf)
    const failed: PieceRow[] = []
    const refused = new Set<string>()
    for (const rows of this.#pieces(batch)) {
      const isBehind = (row: number): boolean => refused.size > 0 && refused.has(keyOf(row) ?? '')
      failed.push(...rows.filter(isBehind).map((row) => ({ row })))
      const tried = rows.filter((row) => !isBehind(row))
      if (tried.length === 0) continue
      for (const one of await this.#one(batch, tried, keyOf)) {
        failed.push(one)
        const key = keyOf(one.row)
        if (key !== undefined) refused.add(key)
      }
    }
    return failed
  }

  /** One piece; where more than one row of it is too large, each of those alone, to know which really are. */
  async #one(batch: OutgoingBatch, rows: readonly number[] | undefined, keyOf: KeyOf): Promise<PieceRow[]> {
    const piece = rows === undefined ? batch : selectRows(batch, Int32Array.from(rows))
    const failed = (await this.#write(piece)).map(({ row, error }) => ({ row: rows?.[row] ?? row, error }))
    if (failed.filter(({ error }) => isTooLarge(error)).length < 2) return failed
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
    const still: PieceRow[] = []
    const refused = new Set<string>()
    for (const one of failed) {
      const key = keyOf(one.row)
      const answer = key !== undefined && refused.has(key) ? { row: one.row } : await this.#alone(batch, one)
      if (answer === undefined) continue
      still.push(answer)
      if (key !== undefined) refused.add(key)
    }
    return still
  }

  async #alone(batch: OutgoingBatch, one: FailedRow): Promise<PieceRow | undefined> {
    if (!isTooLarge(one.error)) return one
    const [again] = await this.#write(selectRows(batch, Int32Array.of(one.row)))
    return again && { row: one.row, error: again.error }
  }

  /** Rows that go together, in their order. */
  *#pieces(batch: OutgoingBatch): Generator<number[]> {
    let piece: number[] = []
    let bytes = 0
    for (let row = 0; row < batch.count; row++) {
      const size = rowBytes(batch, row) + rowOverhead
      if (piece.length > 0 && bytes + size > this.#limit) {
        yield piece
        piece = []
        bytes = 0
      }
      piece.push(row)
      bytes += size
    }
    if (piece.length > 0) yield piece
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'RECORD_TOO_LARGE'
}
