import type { RefusedRow } from '../component/contracts/commit.ts'
import type { LetterGate } from './letter-gate.ts'
import { decodeParked } from './letters.ts'
import type { Outbox } from './outbox.ts'
import type { Refusals } from './refusals.ts'
import type { TaskInput } from './task-input.ts'

/** Where a refusal is noted. */
export interface RefusalPlace {
  readonly refusals: Refusals
  readonly outbox: Outbox | undefined
  readonly of: readonly TaskInput[]
  readonly gates: readonly LetterGate[]
  readonly trouble: (sentence: string) => void
}

/**
 * Notes for the next session what is refused: an output is then a permanent failure of its record; a letter halts the
 * partition of its. False for what no record of a source stands for, such as what an aggregate sends.
 */
export function noteRefusal({ what, error }: RefusedRow, place: RefusalPlace): boolean {
  const { refusals, outbox, of, gates, trouble } = place
  if (what.kind === 'letter') {
    const entry = decodeParked(what.record)
    if (entry.type !== 'letter') return false
    trouble(refusals.letter(entry.info, entry.info.offset, what.record, error))
    return true
  }
  if (outbox === undefined) return false
  const { run, offset, to } = outbox.originOf(what.output, what.row)
  const input = of.find(({ ledger }, n) => run.isOf(ledger) || run.isOf(gates[n]!.ledger))
  if (input === undefined) return false
  refusals.output(input.partition, offset, to, error)
  return true
}
