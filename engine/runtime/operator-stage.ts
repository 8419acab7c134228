import { Subject, type Subscription } from 'rxjs'
import type { Owing } from '../component/contracts/owing.ts'
import type { IdStore, KeyValueStore } from '../component/contracts/state.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { RecordTypes } from '../component/codec.ts'
import type { Fingerprint } from '../component/fingerprint.ts'
import {
  materialize,
  type KeyedWork,
  type Operator,
  type OperatorScope,
  type TableView,
} from '../component/operator.ts'
import { type RecordBatch } from '../component/record-batch.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import type { Outcome } from './executor-work.ts'
import { KeyedExecutor } from './keyed-executor.ts'
import { reach } from '../component/points.ts'
import { recordError, type MillraceError } from '../errors.ts'
import { durationText } from '../topology/lint-rule.ts'
import { ResultBuffer } from './result-buffer.ts'
import { asProcessorError } from '../component/thrown-errors.ts'
import { detach, failHead, Lane, type Item, type StageContext } from './lanes.ts'

/** What an operator's stage needs besides what all stages share. */
export interface OperatorServices {
  readonly fingerprint: Fingerprint
  ids(windowMs: number): IdStore
  store<Value>(name?: string): KeyValueStore<Value>
  table(source: string): TableView
  types(): RecordTypes | undefined
  /** The node owes: `emit` is the way out for what it sends. */
  owe(owing: Owing, emit: (batch: RecordBatch) => void): void
  isReleased(batch: RecordBatch): boolean
  inputOf(batch: RecordBatch): number
  side(output: string, batch: RecordBatch): void
}

/**
 * One operator of one node in one task: feeds it, holds back the followers of a key whose record failed, and counts
 * tokens at both doors, so that a record that an operator swallows is found (`balance`).
 */
export class OperatorStage implements OperatorScope {
  readonly node: string
  readonly clock: Clock
  readonly fingerprint: Fingerprint
  readonly #context: StageContext
  readonly #services: OperatorServices
  readonly #emit: (batch: RecordBatch) => void
  readonly #input = new Subject<RecordBatch>()
  readonly #subscription: Subscription
  readonly #lanes = new Map<string, Lane>()
  #executor: KeyedExecutor | undefined
  /** The record that is being tried again, and whether it failed again. */
  #trying: { readonly lane: Lane; failed: boolean } | undefined
  #tokens = 0
  #waiting = 0

  constructor(
    made: Operator,
    context: StageContext,
    services: OperatorServices,
    emit: (batch: RecordBatch) => void,
  ) {
    this.node = context.node
    this.clock = context.clock
    this.fingerprint = services.fingerprint
    this.#context = context
    this.#services = services
    this.#emit = emit
    // RxJS would throw what a subscriber throws from a timer, where nobody can say which task it was.
    this.#subscription = this.#input.pipe(materialize(made, this)).subscribe((batch) => {
      context.guard(() => {
        this.#tokens -= batch.length
        emit(batch)
      })
    })
  }

  /** Records come in. */
  receive(batch: RecordBatch): void {
    if (this.#context.cancelled()) return
    this.#tokens += batch.length
    this.#input.next(batch)
  }

  /** Tokens that came in and neither went out nor wait here: 0 unless the operator lost or doubled a record. */
  get balance(): number {
    return this.#tokens - this.#waiting - (this.#executor?.held ?? 0)
  }

  /** Records whose work takes time. */
  get held(): number {
    return this.#executor?.held ?? 0
  }

  get holding(): boolean {
    return this.#lanes.size > 0 || this.#context.cancelled()
  }

  hold(batch: RecordBatch, i: number): boolean {
    // A failure stopped the task: what comes after it stays unsettled.
    if (this.#context.cancelled()) return true
    const key = batch.keyText(i)
    const lane = key === undefined ? undefined : this.#lanes.get(key)
    if (lane === undefined || lane === this.#trying?.lane) return false
    this.#waiting++
    lane.queue.push(detach({ batch, i }))
    return true
  }

  follow(batch: RecordBatch, i: number): boolean {
    if (!this.#context.anyBlocked() || !this.#context.blocked(batch, i)) return false
    this.#tokens--
    this.#context.follow(batch, i)
    return true
  }

  drop(batch: RecordBatch, i: number, reason: string): void {
    this.#context.guard(() => {
      this.#tokens--
      this.#context.count(reason, 1)
      const row = batch.lineageRow(i)
      batch.origin.lineage.judge(row, reason === 'duplicate' ? 'duplicate' : 'dropped')
      batch.origin.lineage.release(row)
    })
  }

  side(output: string, batch: RecordBatch): void {
    this.#context.guard(() => {
      this.#tokens -= batch.length
      this.#services.side(output, batch)
    })
  }

  retain(batch: RecordBatch, i: number, tokens: number): void {
    this.#tokens += tokens
    batch.origin.lineage.retain(batch.lineageRow(i), tokens)
  }

  ids(windowMs: number): IdStore {
    return this.#services.ids(windowMs)
  }

  store<Value>(name?: string): KeyValueStore<Value> {
    return this.#services.store(name)
  }

  table(source: string): TableView {
    return this.#services.table(source)
  }

  types(): RecordTypes | undefined {
    return this.#services.types()
  }

  absorb(batch: RecordBatch): void {
    this.#context.guard(() => {
      this.#tokens -= batch.length
      batch.releaseAll('stored')
    })
  }

  owe(owing: Owing): void {
    this.#services.owe(owing, (batch) => {
      if (!this.#context.cancelled()) this.#context.guard(() => this.#emit(batch))
    })
  }

  isReleased(batch: RecordBatch): boolean {
    return this.#services.isReleased(batch)
  }

  inputOf(batch: RecordBatch): number {
    return this.#services.inputOf(batch)
  }

  reach(point: 'claimed' | 'rotated'): void {
    reach(point)
  }

  count(what: string, by: number): void {
    this.#context.count(what, by)
  }

  fail(batch: RecordBatch, i: number, error: unknown): void {
    this.#context.guard(() => this.#fail(batch, i, asProcessorError(error)))
  }

  #fail(batch: RecordBatch, i: number, error: unknown): void {
    const key = batch.keyText(i)
    const trying = this.#trying
    const lane = trying?.lane ?? new Lane(key)
    if (trying !== undefined) trying.failed = true
    const item: Item = { batch, i }
    const afterMs = failHead(this.#context, lane, item, error)
    if (afterMs === undefined) {
      this.#tokens--
      return
    }
    if (key !== undefined) this.#lanes.set(key, lane)
    this.#waiting++
    lane.resting = true
    const head = detach(item)
    this.#context.clock.after(afterMs, () => this.#context.guard(() => this.#tryAgain(lane, head)))
  }

  #tryAgain(lane: Lane, head: Item): void {
    if (this.#context.cancelled()) return
    lane.resting = false
    for (let item: Item | undefined = head; item !== undefined; item = lane.queue.shift()) {
      this.#waiting--
      if (this.#context.blocked(item.batch, item.i)) {
        this.#tokens--
        this.#context.follow(item.batch, item.i)
      } else {
        this.#trying = { lane, failed: false }
        this.#input.next(item.batch)
        this.#trying = undefined
      }
      if (lane.resting) return
      lane.reset()
    }
    if (lane.key !== undefined) this.#lanes.delete(lane.key)
  }

  keyed(work: KeyedWork): (batch: RecordBatch) => void {
    const context = this.#context
    const results = new ResultBuffer(
      (batch, values) => {
        if (!context.cancelled()) work.done(batch, values)
      },
      (flush) => queueMicrotask(() => context.guard(flush)),
    )
    const executor = new KeyedExecutor(context, {
      order: 'record',
      concurrency: work.concurrency,
      maxBatch: 1,
      perform: (batch) => performOne(work, batch),
      done: (batch, outcomes) => results.add(batch.batchOf(0), batch.indexOf(0), outcomes?.[0]?.result),
      left: () => {
        this.#tokens--
      },
      late: (ms) => tooLate(this.node, ms),
    })
    this.#executor = executor
    return (batch) => context.guard(() => results.around(() => executor.submit(batch)))
  }

  close(): void {
    this.#subscription.unsubscribe()
    this.#executor?.close()
  }
}

function performOne(work: KeyedWork, batch: WriteBatch): Promise<Outcome[]> | Outcome[] {
  const answer = (result: unknown): Outcome[] => [{ outcome: 'stored', result }]
  try {
    const result = work.work(batch.batchOf(0), batch.indexOf(0))
    if (!(result instanceof Promise)) return answer(result)
    return result.then(answer, (error: unknown) => Promise.reject(asProcessorError(error)))
  } catch (error) {
    throw asProcessorError(error)
  }
}

function tooLate(node: string, ms: number): MillraceError {
  return recordError(
    'TIMED_OUT',
    `Node ${node} did not answer for this record within ${durationText(ms)} (errors.answerWithin): see what its function waits for.`,
  )
}
