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
  const { tables, critical, topology } = context
  const make = await rowMaker(given, context)
  const inOrder = tables.order === 'batch'
  return {
    order: tables.order,
    concurrency: inOrder ? 1 : 8,
    maxBatch: inOrder ? 1000 : 256,
    write(batch) {
      const { rows, known } = makeRows(batch, make)
      if (rows.length === 0) return outcomesOf(batch, known, [])
      // Not awaited here: the rows would live for as long as the tables take, though nobody looks at them again.
      const answers = tables.write(rows, { ahead: critical, writer: topology })
      if (!(answers instanceof Promise)) return outcomesOf(batch, known, answers)
      return answers.then((later) => outcomesOf(batch, known, later))
    },
    close: () => Promise.resolve(),
  }
}

/** What is known of a batch's records before writing. */
interface Known {
  /** By index of the batch; undefined = the next row's answer. */
  readonly outcomes: (RowOutcome | undefined)[]
  /** How many are known. */
  count: number
}

function makeRows(batch: WriteBatch, make: RowMaker): { readonly rows: TableRow[]; readonly known: Known } {
  const rows: TableRow[] = []
  const known: Known = { outcomes: [], count: 0 }
  const refusedKeys = new Set<string>()
  for (let n = 0; n < batch.length; n++) {
    const key = batch.keyText(n)
    const refused = key !== undefined && refusedKeys.has(key)
    const outcome = refused ? untried : makeRow(batch, n, key, make, rows)
    if (outcome !== undefined) known.count++
    if (outcome?.outcome === 'refused' && key !== undefined) refusedKeys.add(key)
    known.outcomes.push(outcome)
  }
  return { rows, known }
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
function outcomesOf(
  batch: WriteBatch,
  { outcomes, count }: Known,
  answers: readonly RowOutcome[],
): WriteResult {
  if (count === 0 && answers.every(({ outcome }) => outcome === 'stored')) return undefined
  const refusedKeys = new Set<string>()
  let next = 0
  return outcomes.map((before, n) => {
    const key = batch.keyText(n)
    const outcome = before ?? answers[next++] ?? stored
    if (key === undefined) return outcome
    if (refusedKeys.has(key)) return outcome.outcome === 'stored' ? outcome : untried
    if (outcome.outcome === 'refused') refusedKeys.add(key)
    return outcome
  })
}
