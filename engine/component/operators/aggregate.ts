import { Observable } from 'rxjs'
import { operator, type Operator, type OperatorScope } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { FieldAccess } from '../record-view.ts'
import { Aggregates } from './aggregate/aggregates.ts'
import { fromOfEntry, isEntry, keyOfEntry, timeOfEntry, type Entry } from './aggregate/entry.ts'
import { foldOf, type FoldSpec } from './aggregate/folds.ts'
import type { SentWindow } from './aggregate/session-updates.ts'
import type { WindowSpec } from './aggregate/windows.ts'
import { TakingIn } from './taking-in.ts'

export { type FoldSpec } from './aggregate/folds.ts'
export { type WindowSpec } from './aggregate/windows.ts'

export interface AggregateOptions {
  readonly window: WindowSpec
  /** What is sent on: a field for each fold. */
  readonly fields: Readonly<Record<string, FoldSpec>>
  readonly emit: 'update' | 'close'
  /** Milliseconds without records after which stream time goes on with the clock; undefined: it waits for records. */
  readonly idle?: number | undefined
  /** Side output for records whose windows are closed. */
  readonly late: string
}

/** The name of the store of what was sent, beside the node's own. */
export const sentStore = 'sent'

/**
 * Puts records of a key together, as a whole or by windows of event time. Commit, then emit: a record settles with its
 * change of state; what is sent on follows from the committed state, has a slot of its own, and is owed until a sink has
 * it. Records without key and tombstones are dropped; a record whose windows are all closed goes to the side output.
 * The definition says `commitsFirst`.
 */
export function aggregate(options: AggregateOptions): Operator {
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>(() => {
        const stage = new AggregateStage(scope, options)
        return input.subscribe((batch) => stage.receive(batch))
      }),
  )
}

/**
 * What an entry of its stores says: of a key (and window) the fields as they would be sent, of what was sent its version;
 * undefined for what is neither.
 */
export function shownAggregate(
  fields: AggregateOptions['fields'],
  id: string,
  value: unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (!isEntry(id)) return undefined
  const key = Buffer.from(keyOfEntry(id), 'latin1').toString('utf8')
  if (typeof value === 'number') {
    const began = timeOfEntry(id)
    return { key, ...(began !== undefined && { from: began }), version: value }
  }
  if (Array.isArray(value)) return shownWindow(key, value as readonly SentWindow[])
  const { n, u, a } = value as Entry
  const from = fromOfEntry(id, value as Entry)
  const results = Object.entries(fields).map(
    ([name, spec], at) => [name, foldOf(spec).result(a[at])] as const,
  )
  return {
    key,
    ...(from !== undefined && { from, to: u }),
    version: n,
    ...(Object.fromEntries(results) as Record<string, unknown>),
  }
}

/** What was sent of a session: the window that came last. */
function shownWindow(key: string, windows: readonly SentWindow[]): Readonly<Record<string, unknown>> {
  const [version, from, to] = windows.at(-1)!
  return { key, from, to, version }
}

class AggregateStage {
  readonly #scope: OperatorScope
  readonly #late: string
  readonly #fields: readonly (FieldAccess | undefined)[]
  readonly #aggregates: Aggregates
  readonly #taking: TakingIn

  constructor(scope: OperatorScope, options: AggregateOptions) {
    const { window, emit, idle, fields, late } = options
    const folds = Object.values(fields).map(foldOf)
    this.#scope = scope
    this.#late = late
    this.#fields = folds.map(({ of }) => (of === undefined ? undefined : new FieldAccess(of)))
    const entries = scope.store<unknown>()
    const sent = emit === 'update' ? scope.store<number | readonly SentWindow[]>(sentStore) : undefined
    const aggregates = new Aggregates({
      window,
      folds,
      names: Object.keys(fields),
      emit,
      idle,
      entries,
      sent,
    })
    this.#aggregates = aggregates
    this.#taking = new TakingIn(scope, aggregates.marks)
    scope.owe({
      due: (most) => aggregates.due(most),
      get owes() {
        return aggregates.owes
      },
      tick: (quietMs, calm) => (calm ? aggregates.tick(quietMs) : undefined),
      parked: this.#taking.parked,
      letterClosed: this.#taking.letterClosed,
    })
  }

  receive(batch: RecordBatch): void {
    this.#taking.receive(batch, (i, released) => this.#apply(batch, i, released))
  }

  /** True if the record ends here. */
  #apply(batch: RecordBatch, i: number, released: boolean): boolean {
    const key = batch.keyText(i)
    if (key === undefined || batch.isTombstone(i)) {
      this.#scope.drop(batch, i, key === undefined ? 'keyless' : 'tombstone')
      return false
    }
    const values = this.#fields.map((field) => field?.read(batch, i))
    const { lineage } = batch.origin
    const row = batch.lineageRow(i)
    if (this.#aggregates.apply(key, batch.timestamp(i), values, released, lineage, row)) return true
    this.#scope.count('late', 1)
    this.#scope.side(this.#late, batch.only(i))
    return false
  }
}
