import type { Header } from '../component/headers.ts'
import type { PlainRecord } from '../component/packed-records.ts'
import type { LedgerRun } from './ledger-run.ts'
import type { LetterEdit } from './letters.ts'

/** Where an edit is in the parked partition, and its place in the ledger. */
export interface PlacedEdit {
  readonly run: LedgerRun
  readonly row: number
  readonly parkedOffset: number
}

/**
 * The edits of open letters. An edit stays open in the ledger for as long as its letter, so that it is read again in each life;
 * a later one of the same letter takes its place. Both are settled in one step, and so in one commit.
 */
export class LetterEdits {
  readonly #byLetter = new Map<number, PlacedEdit>()

  /** An edit was read; `isOpen` says whether its letter is. */
  take(letter: number, edit: PlacedEdit, isOpen: boolean): void {
    if (!isOpen) return settle(edit)
    const before = this.#byLetter.get(letter)
    this.#byLetter.set(letter, edit)
    if (before !== undefined) settle(before)
  }

  /** The edit of the letter at this place of the parked partition. */
  of(letter: number): PlacedEdit | undefined {
    return this.#byLetter.get(letter)
  }

  /** The letter comes to its end. */
  closed(letter: number): void {
    const edit = this.#byLetter.get(letter)
    if (edit === undefined) return
    this.#byLetter.delete(letter)
    settle(edit)
  }
}

function settle({ run, row }: PlacedEdit): void {
  run.judge(row, 'dropped')
  run.release(row)
}

/** The record of a letter with the value of an edit, and where that comes from. */
export function editedRecord(
  record: PlainRecord,
  { by, at, reason }: LetterEdit,
  value: Uint8Array | null,
  from: string,
): PlainRecord {
  const origin = originHeaders('millrace.edited.', { by, at, from, reason })
  return { ...record, value, headers: [...record.headers, ...origin] }
}

/** Headers that name the origin of a copy: who made it, when (ISO 8601), from which position, and why. */
export function originHeaders(
  prefix: 'millrace.edited.' | 'millrace.replayed.',
  origin: {
    readonly by: string
    readonly at: number
    readonly from: string
    readonly reason?: string | undefined
  },
): Header[] {
  const { by, at, from, reason } = origin
  const texts = { by, at: new Date(at).toISOString(), from, ...(reason !== undefined && { reason }) }
  return Object.entries(texts).map(([name, text]) => ({
    name: prefix + name,
    value: Buffer.from(text, 'utf8'),
  }))
}
