import { Observable } from 'rxjs'
import { permanentError } from '../../errors.ts'
import { operator, type Operator, type OperatorScope } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { FieldAccess } from '../record-view.ts'
import { timeOf } from '../times.ts'
import { stored } from './aggregate/stored-values.ts'
import { HeldTypes } from './held-types.ts'
import { timerName, Timers, type Timer, type TimersOptions } from './schedule/timers.ts'
import { storedHeaders } from './stored-headers.ts'
import { TakingIn } from './taking-in.ts'

export { shownTimer } from './schedule/timers.ts'

/** A question about one field of a value. */
export interface FieldTest {
  /** Dotted path. */
  readonly field: string
  readonly test: (value: unknown) => boolean
}

export interface ScheduleOptions extends Omit<TimersOptions, 'now' | 'entries' | 'types'> {
  /** When a timer is due: milliseconds after the record's event time, or the dotted path of the field that says when. */
  readonly due: { readonly after: number } | { readonly at: string }
  /** Which records set a timer; undefined: all that do not take one away. */
  readonly starts: FieldTest | undefined
  /** Which records take their timer away. */
  readonly cancels: FieldTest | undefined
  /** Dotted path of the field that tells the timers of a key apart; undefined: each key has one. */
  readonly id: string | undefined
  /** Set where a timer is due again: so long after each time (milliseconds), and so often in all. */
  readonly repeats: { readonly every: number; readonly times: number } | undefined
}

/**
 * Keeps records until they are due, and sends them then: each sets the timer of its key, or takes it away. Commit, then
 * emit: a record settles when the state that holds its timer is committed; a timer that is due is owed until a sink has
 * it. Records without key are dropped, and those that neither set nor take away; a tombstone takes the timer of its key
 * away. The definition says `commitsFirst`.
 */
export function schedule(options: ScheduleOptions): Operator {
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>(() => {
        const stage = new ScheduleStage(scope, options)
        return input.subscribe((batch) => stage.receive(batch))
      }),
  )
}

class ScheduleStage {
  readonly #scope: OperatorScope
  readonly #options: ScheduleOptions
  readonly #starts: ((batch: RecordBatch, i: number) => boolean) | undefined
  readonly #cancels: ((batch: RecordBatch, i: number) => boolean) | undefined
  readonly #id: FieldAccess | undefined
  readonly #at: FieldAccess | undefined
  readonly #types: HeldTypes
  readonly #timers: Timers
  readonly #taking: TakingIn

  constructor(scope: OperatorScope, options: ScheduleOptions) {
    this.#scope = scope
    this.#options = options
    this.#starts = asker(options.starts)
    this.#cancels = asker(options.cancels)
    this.#id = options.id === undefined ? undefined : new FieldAccess(options.id)
    this.#at = 'at' in options.due ? new FieldAccess(options.due.at) : undefined
    const now = (): number => scope.clock.now()
    const entries = scope.store<unknown>()
    const types = new HeldTypes(entries, scope.types())
    const timers = new Timers({ ...options, now, entries, types })
    this.#types = types
    this.#timers = timers
    this.#taking = new TakingIn(scope, timers.marks)
    scope.owe({
      types: scope.types(),
      due: (upTo) => timers.due(upTo),
      get owes() {
        return timers.owes
      },
      get saturated() {
        return timers.saturated
      },
      tick: (quietMs, calm) => timers.tick(quietMs, calm),
      parked: this.#taking.parked,
      letterClosed: this.#taking.letterClosed,
    })
  }

  receive(batch: RecordBatch): void {
    const input = this.#scope.inputOf(batch)
    this.#taking.receive(batch, (i, released) => this.#take(batch, i, input, released))
  }

  /** True if the record ends here. */
  #take(batch: RecordBatch, i: number, input: number, released: boolean): boolean {
    const { lineage } = batch.origin
    const row = batch.lineageRow(i)
    const time = batch.timestamp(i)
    const key = batch.keyText(i)
    if (!released) this.#timers.advance(time, lineage, row)
    const what = key === undefined ? 'keyless' : this.#what(batch, i)
    if (what !== 'set' && what !== 'cancel') {
      this.#scope.drop(batch, i, what)
      return false
    }
    const timer = what === 'set' ? this.#timer(batch, i, time) : undefined
    const name = timerName(key!, batch.isTombstone(i) ? undefined : this.#idOf(batch, i))
    const isPut = this.#timers.set({ name, time, at: `${input}/${batch.offset(i)}`, timer }, lineage, row)
    if (isPut) this.#types.put(timer!, released, lineage, row)
    return true
  }

  /** What the record is for; or the reason for which it is dropped. */
  #what(batch: RecordBatch, i: number): 'set' | 'cancel' | 'filtered' | 'tombstone' {
    if (batch.isTombstone(i)) return this.#id === undefined ? 'cancel' : 'tombstone'
    if (this.#cancels?.(batch, i) === true) return 'cancel'
    return this.#starts?.(batch, i) === false ? 'filtered' : 'set'
  }

  #idOf(batch: RecordBatch, i: number): string | undefined {
    if (this.#id === undefined) return undefined
    const value = this.#id.read(batch, i)
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return String(value)
    throw invalid(this.#id, 'is neither a text nor a number: the record has no timer')
  }

  /** The timer that the record sets; undefined where it says that there is to be none. */
  #timer(batch: RecordBatch, i: number, time: number): Timer | undefined {
    const { due, as, repeats } = this.#options
    const d = 'after' in due ? time + due.after : this.#timeOf(batch, i)
    if (d === undefined) return undefined
    const h = storedHeaders(batch.headers(i))
    const again = repeats === undefined ? {} : { k: repeats.times, e: repeats.every }
    const v = stored(nameable(batch.value(i), as))
    return { d, ...again, v, ...(h.length > 0 && { h }), ...this.#types.of(batch, i) }
  }

  #timeOf(batch: RecordBatch, i: number): number | undefined {
    const value = this.#at!.read(batch, i)
    if (value === undefined || value === null) return undefined
    const time = timeOf(value)
    if (time !== undefined) return time
    throw invalid(this.#at!, 'is no time: a timer cannot be set')
  }
}

function asker(test: FieldTest | undefined): ((batch: RecordBatch, i: number) => boolean) | undefined {
  if (test === undefined) return undefined
  const field = new FieldAccess(test.field)
  return (batch, i) => test.test(field.read(batch, i))
}

/** The value, which gets a field with the time at which it is due. */
function nameable(value: unknown, as: string | undefined): unknown {
  if (as === undefined) return value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw permanentError('RECORD_INVALID', `The value is no object: it cannot get a field ${as}.`)
}

function invalid({ path }: FieldAccess, what: string): Error {
  return permanentError('RECORD_INVALID', `The field ${path.join('.')} ${what}.`)
}
