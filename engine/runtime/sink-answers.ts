import type { SinkWriter, WriteResult } from '../component/contracts/sink.ts'
import { fatalError, type MillraceError } from '../errors.ts'

const outcomes = new Set(['stored', 'dropped', 'refused', 'untried'])

/**
 * Checks what a sink answered: nothing, or one outcome for each record. Anything else leaves open what became of which
 * record: the worker stops with COMPONENT_FAILED, and nothing of the call is committed.
 */
export function checkedAnswer(node: string, records: number, answer: WriteResult): WriteResult {
  if (answer === undefined) return answer
  const isList: boolean = Array.isArray(answer)
  if (!isList) throw broken(node, 'something that is no list of outcomes')
  if (answer.length !== records)
    throw broken(
      node,
      `${answer.length} ${answer.length === 1 ? 'outcome' : 'outcomes'} for ${records} records`,
    )
  for (const one of answer as readonly unknown[]) {
    const outcome = (one as { readonly outcome?: unknown } | null | undefined)?.outcome
    if (!outcomes.has(outcome as string))
      throw broken(node, `an outcome that there is not (${String(outcome)})`)
  }
  return answer
}

function broken(node: string, what: string): MillraceError {
  return fatalError(
    'COMPONENT_FAILED',
    `Sink ${node} answered ${what}: it answers undefined, or for each record of a call stored, dropped, refused or untried.`,
  )
}

/** Checks what a sink says of itself when it is opened. Throws COMPONENT_FAILED. */
export function checkedWriter(node: string, writer: SinkWriter): SinkWriter {
  const { order, concurrency, maxBatch } = writer
  const wrong =
    (order !== 'batch' && order !== 'record' && 'order: it is batch or record') ||
    (!isCount(concurrency) && 'concurrency: it is a whole number, 1 or more') ||
    (!isCount(maxBatch) && 'maxBatch: it is a whole number, 1 or more') ||
    (typeof (writer as { write?: unknown }).write !== 'function' && 'write: it is a function')
  if (wrong === false) return writer
  throw fatalError('COMPONENT_FAILED', `What sink ${node} opens has a wrong ${wrong}.`)
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1
}
