import type { ByteSink } from '../cql/bytes.ts'
import { type Cell, decodeRow, type Deletion, encodeRow, type Life, type RowState } from './tables-row.ts'

const never = Infinity

/**
 * Which of two cells of one column stays: Cassandra's Cells.resolveRegular. The later timestamp; at the same timestamp a
 * tombstone or expiring cell before one that lives for ever, a tombstone before an expiring one, then the one that ends
 * later (so a replay renews the TTL), then the larger bytes. The order of arrival makes no difference.
 */
export function laterCell(left: Cell, right: Cell): Cell {
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  const leftEnd = endOf(left)
  const rightEnd = endOf(right)
  if ((leftEnd === never) !== (rightEnd === never)) return rightEnd === never ? left : right
  if ((left.value === null) !== (right.value === null)) return left.value === null ? left : right
  if (leftEnd !== rightEnd) return leftEnd > rightEnd ? left : right
  if (left.value === null || right.value === null) return left
  return Buffer.compare(left.value, right.value) >= 0 ? left : right
}

/** Cassandra's local deletion time: when an expiring cell ends, or a tombstone was written; never for the others. */
function endOf(cell: Cell): number {
  if (cell.value === null) return cell.written
  return cell.ttl === 0 ? never : cell.written + cell.ttl
}

/** Which of two row markers stays: Cassandra's LivenessInfo.supersedes. An expiring one wins a tie. */
function laterMarker(left: Life | undefined, right: Life | undefined): Life | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  if ((left.ttl === 0) !== (right.ttl === 0)) return left.ttl === 0 ? right : left
  return left.written + left.ttl >= right.written + right.ttl ? left : right
}

/** Which of two deletions stays: the later one, which covers the other. */
export function laterDeletion<D extends Deletion | undefined>(left: D, right: D): D {
  if (left === undefined || right === undefined) return left ?? right
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  return left.written >= right.written ? left : right
}

/** Two states of one row as one, whichever came first. */
export function mergeRows(left: RowState, right: RowState): RowState {
  const deletion = laterDeletion(left.deletion, right.deletion)
  const merged = {
    deletion,
    marker: laterMarker(left.marker, right.marker),
    cells: mergeCells(left.cells, right.cells),
  }
  return deletion === undefined ? merged : shadowRow(merged, deletion.timestamp)
}

/** A row without what was written at or before a deletion's timestamp. */
export function shadowRow(state: RowState, timestamp: number): RowState {
  const { deletion, marker, cells } = state
  return {
    deletion,
    marker: marker !== undefined && marker.timestamp <= timestamp ? undefined : marker,
    cells: cells.filter((cell) => cell.timestamp > timestamp),
  }
}

/** Two stored rows as one stored row. */
export function mergeBytes(left: Buffer, right: Buffer, sink: ByteSink): Buffer {
  const start = sink.length
  encodeRow(sink, mergeRows(decodeRow(left), decodeRow(right)))
  const merged = sink.copy(start)
  sink.length = start
  return merged
}

/**
 * A row without what nobody needs any more: what a deletion shadows, and what ended at or before the second `before`.
 * Undefined where nothing is left; the same object where nothing went.
 */
export function purgeRow(state: RowState, before: number, shadow: number | undefined): RowState | undefined {
  const seen = shadow === undefined ? state : shadowRow(state, shadow)
  const deletion = seen.deletion !== undefined && seen.deletion.written <= before ? undefined : seen.deletion
  const { marker } = seen
  const markerEnds = marker !== undefined && marker.ttl !== 0 && marker.written + marker.ttl <= before
  const cells = seen.cells.filter((cell) => endOf(cell) > before)
  if (deletion === undefined && cells.length === 0 && (marker === undefined || markerEnds)) return undefined
  const kept = { deletion, marker: markerEnds ? undefined : marker, cells }
  const same =
    cells.length === state.cells.length && deletion === state.deletion && kept.marker === state.marker
  return same ? state : kept
}

function mergeCells(left: readonly Cell[], right: readonly Cell[]): Cell[] {
  const cells: Cell[] = []
  let l = 0
  let r = 0
  while (l < left.length || r < right.length) {
    const a = left[l]
    const b = right[r]
    if (b === undefined || (a !== undefined && a.id < b.id)) {
      cells.push(a!)
      l++
    } else if (a === undefined || b.id < a.id) {
      cells.push(b)
      r++
    } else {
      cells.push(laterCell(a, b))
      l++
      r++
    }
  }
  return cells
}
