import type { RowOutcome, WriteResult } from './contracts/sink.ts'
import type { WriteBatch } from './write-batch.ts'

/**
 * Calls `write` for each record of a batch, in order, as a sink with order `batch` promises: what it throws refuses that
 * record, and leaves the later ones of its key untried. Answers what `SinkWriter.write` is to answer.
 */
export function writeEach(batch: WriteBatch, write: (n: number) => void): WriteResult {
  const refused = new Set<string>()
  let outcomes: RowOutcome[] | undefined
  for (let n = 0; n < batch.length; n++) {
    const key = batch.keyText(n)
    if (outcomes !== undefined && key !== undefined && refused.has(key)) {
      outcomes.push({ outcome: 'untried' })
      continue
    }
    try {
      write(n)
      outcomes?.push({ outcome: 'stored' })
    } catch (error) {
      outcomes ??= Array.from({ length: n }, () => ({ outcome: 'stored' as const }))
      outcomes.push({ outcome: 'refused', error })
      if (key !== undefined) refused.add(key)
    }
  }
  return outcomes
}
