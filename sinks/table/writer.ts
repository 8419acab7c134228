import type {
  RowOutcome,
  SinkContext,
  SinkWriter,
  TableRow,
  WriteBatch,
  WriteResult,
} from '../../engine/component/index.ts'
import { rowMaker, type RowMaker, type TableConfig } from './row-maker.ts'

const stored: RowOutcome = { outcome: 'stored' }
const untried: RowOutcome = { outcome: 'untried' }
const expired: RowOutcome = { outcome: 'dropped', reason: 'expired' }

/** The writer of a table sink under one task. */
export async function tableWriter(given: TableConfig, context: SinkContext): Promise<SinkWriter> {
  const { tables } = context
  const make = await rowMaker(given, context)
  const inOrder = tables.order === 'batch'
  return {
    order: tables.order,
    concurrency: inOrder ? 1 : 8,
    maxBatch: inOrder ? 2000 : 256,
    async write(batch) {
      const made = makeRows(batch, make)
      const answers = made.rows.length === 0 ? [] : await tables.write(made.rows)
      if (made.special === 0 && answers.every(({ outcome }) => outcome === 'stored')) return undefined
      return outcomesOf(batch, made, answers)
    },
    close: () => Promise.resolve(),
  }
}

interface Made {
  readonly rows: TableRow[]
  /** By index of the batch: what is known before writing; undefined = the next row's answer. */
  readonly before: (RowOutcome | undefined)[]
  /** How many are known before writing. */
  special: number
}

function makeRows(batch: WriteBatch, make: RowMaker): Made {
  const made: Made = { rows: [], before: [], special: 0 }
  const refusedKeys = new Set<string>()
  for (let n = 0; n < batch.length; n++) {
    const key = batch.keyText(n)
    const outcome =
      key !== undefined && refusedKeys.has(key) ? untried : makeRow(batch, n, key, make, made.rows)
    if (outcome !== undefined) made.special++
    if (outcome?.outcome === 'refused' && key !== undefined) refusedKeys.add(key)
    made.before.push(outcome)
  }
  return made
}

function makeRow(
  batch: WriteBatch,
  n: number,
  key: string | undefined,
  make: RowMaker,
  rows: TableRow[],
): RowOutcome | undefined {
  try {
    const row = make(batch.batchOf(n), batch.indexOf(n), key)
    if (row === undefined) return expired
    rows.push(row)
    return undefined
  } catch (error) {
    return { outcome: 'refused', error }
  }
}

/** One outcome for each record. After a refused one, whatever was known before, those of its key are untried. */
function outcomesOf(batch: WriteBatch, { before }: Made, answers: readonly RowOutcome[]): WriteResult {
  const refusedKeys = new Set<string>()
  let next = 0
  return before.map((known, n) => {
    const key = batch.keyText(n)
    const outcome = known ?? answers[next++] ?? stored
    if (key === undefined) return outcome
    if (refusedKeys.has(key)) return outcome.outcome === 'stored' ? outcome : untried
    if (outcome.outcome === 'refused') refusedKeys.add(key)
    return outcome
  })
}
