import type { PreparedWrite, RowOutcome } from '../component/contracts/sink.ts'
import { selectRows } from '../component/outgoing.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import type { MillraceError } from '../errors.ts'
import type { Refusals } from './refusals.ts'

/** What is left of a write without the records of which an output was refused: they get its error as their outcome. */
export function withoutRefused(
  batch: WriteBatch,
  prepared: PreparedWrite,
  refusals: Refusals,
): PreparedWrite {
  const { output, sources, outcomes } = prepared
  const refused = new Map<number, MillraceError>()
  for (let row = 0; row < output.count; row++) {
    const n = sources?.[row] ?? row
    const from = batch.batchOf(n)
    const error = refusals.takeOutput(from, from.offset(batch.indexOf(n)), output.topic)
    if (error !== undefined) refused.set(n, error)
  }
  if (refused.size === 0) return prepared
  const behind = behindRefused(batch, refused)
  const taken = Int32Array.from(
    Array.from({ length: output.count }, (_, row) => row).filter((row) => {
      const n = sources?.[row] ?? row
      return !refused.has(n) && !behind.has(n)
    }),
  )
  const all = Array.from({ length: batch.length }, (_, n): RowOutcome => {
    const error = refused.get(n)
    if (error !== undefined) return { outcome: 'refused', error }
    return behind.has(n) ? { outcome: 'untried' } : (outcomes?.[n] ?? { outcome: 'stored' })
  })
  return {
    output: selectRows(output, taken),
    sources: taken.map((row) => sources?.[row] ?? row),
    outcomes: all,
  }
}

/** Records that come after a refused one of their key: they are not tried. */
function behindRefused(batch: WriteBatch, refused: ReadonlyMap<number, unknown>): Set<number> {
  const keys = new Set<string>()
  const behind = new Set<number>()
  for (let n = 0; n < batch.length; n++) {
    const key = batch.batchOf(n).keyText(batch.indexOf(n))
    if (key === undefined) continue
    if (refused.has(n)) keys.add(key)
    else if (keys.has(key)) behind.add(n)
  }
  return behind
}
