import { kindOf } from '../errors.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { WriteBatch } from '../component/write-batch.ts'
import { refusedAll, storedOutcome, type ExecutorWork, type Outcome } from './executor-work.ts'
import { Gate, troubleIn } from './gate.ts'
import { detach, failHead, Lane, type Item, type StageContext } from './lanes.ts'

/**
 * Runs work that takes time: concurrently across keys, in order within a key. A record that fails is tried again while
 * its key waits and the others go on; given up, its followers are parked behind it or go on, as the policy says.
 *
 * Invariants (test/engine/runtime/keyed-executor.test.ts): of two records with one key, the later is never performed
 * before the earlier is done or given up; at most `concurrency` calls are under way; every record is done, given up or
 * parked exactly once.
 */
export class KeyedExecutor {
  readonly #context: StageContext
  readonly #work: ExecutorWork
  /** Not looked at yet, oldest first. Of the first one, `#at` records are gone. */
  #incoming: RecordBatch[] = []
  #at = 0
  /** Heads of lanes that may be worked on: they were looked at before anything in `#incoming`. */
  #ready: { readonly item: Item; readonly lane: Lane }[] = []
  /** Records of a call that failed as a whole because of one of them: each is worked on alone, before all others. */
  readonly #alone: { readonly item: Item; readonly lane: Lane | undefined }[] = []
  readonly #lanes = new Map<string, Lane>()
  /** Lanes of records without key, which nobody waits in, by the batch that holds the record. */
  readonly #keyless = new Map<RecordBatch, Lane>()
  /** Heads of lanes that wait until what is behind here is there again. */
  readonly #rested: { readonly item: Item; readonly lane: Lane }[] = []
  readonly #gate: Gate
  /** Records that the call may have that is being put together. */
  #most = 0
  /** What the next probe is: one that has been tried, or one that has not. In turn, since it may be the record. */
  #probesRested = true
  #calls = 0
  #held = 0
  #pumping = false

  constructor(context: StageContext, work: ExecutorWork) {
    this.#context = context
    this.#work = work
    this.#gate = new Gate({
      clock: context.clock,
      breaker: context.breaker(),
      answerWithin: context.limits.answerWithin,
      late: (ms) => work.late(ms),
      wake: () => {
        if (!context.cancelled()) context.guard(() => this.#pump())
      },
    })
  }

  /** The task is given up. */
  close(): void {
    this.#gate.close()
  }

  /** Records that are here: waiting, worked on, or resting between attempts. */
  get held(): number {
    return this.#held
  }

  /** Keys that have a lane now. */
  get lanes(): number {
    return this.#lanes.size
  }

  /** Takes in every record of the batch. */
  submit(batch: RecordBatch): void {
    if (this.#mayPass(batch)) {
      this.#held += batch.length
      this.#perform(new WriteBatch(batch))
      return this.#pump()
    }
    if (batch.length > 0) this.#incoming.push(batch)
    this.#held += batch.length
    this.#pump()
  }

  /** True if the batch may be worked on as it is: nothing waits, nothing is held back, and it is small enough. */
  #mayPass(batch: RecordBatch): boolean {
    return (
      this.#held === 0 &&
      this.#work.order === 'batch' &&
      batch.length <= Math.min(this.#work.maxBatch, this.#gate.most) &&
      !this.#pumping &&
      !this.#context.cancelled() &&
      !this.#context.anyBlocked()
    )
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#calls < this.#work.concurrency && !this.#context.cancelled()) {
        this.#most = Math.min(this.#work.maxBatch, this.#gate.most)
        if (this.#most === 0) break
        if (this.#rested.length > 0) this.#freeRested()
        const batch = this.#take()
        if (batch.length > 0) this.#perform(batch)
        else if (this.#rested.length === 0) break
        // All that is new waits behind what was tried.
        else this.#probesRested = true
      }
    } finally {
      this.#pumping = false
    }
  }

  /** Heads that waited for what was away go on: all of them when it is back, one where it is to be seen. */
  #freeRested(): void {
    const isBack = this.#gate.most > 1
    const count = isBack ? this.#rested.length : this.#probesRested ? 1 : 0
    if (!isBack) this.#probesRested = !this.#probesRested
    const going = this.#rested.splice(0, count)
    for (const { lane } of going) lane.resting = false
    this.#ready.unshift(...going)
  }

  /** The next records that may be worked on together. */
  #take(): WriteBatch {
    const batch = new WriteBatch()
    if (this.#takeAlone(batch)) return batch
    while (batch.length < this.#most && this.#ready.length > 0) {
      const { item, lane } = this.#ready.shift()!
      if (this.#context.blocked(item.batch, item.i)) this.#follow(item, lane)
      else batch.push(item.batch, item.i)
    }
    if (batch.length === 0) {
      const whole = this.#takeWhole()
      if (whole.length > 0) return new WriteBatch(...whole)
    }
    this.#takeEach(batch)
    return batch
  }

  /** Batches that may be worked on as they are, as many as one call takes: nothing needs to be done record by record. */
  #takeWhole(): readonly RecordBatch[] {
    const mayBeWhole = this.#at === 0 && this.#work.order === 'batch' && this.#lanes.size === 0
    if (!mayBeWhole || this.#context.anyBlocked()) return []
    let length = 0
    let taken = 0
    while (taken < this.#incoming.length && length + this.#incoming[taken]!.length <= this.#most) {
      length += this.#incoming[taken++]!.length
    }
    return this.#incoming.splice(0, taken)
  }

  #takeEach(into: WriteBatch): void {
    let gone = 0
    while (into.length < this.#most && gone < this.#incoming.length) {
      const batch = this.#incoming[gone]!
      const item = { batch, i: this.#at++ }
      if (this.#at === batch.length) {
        gone++
        this.#at = 0
      }
      if (this.#mayStart(item)) into.push(item.batch, item.i)
    }
    if (gone > 0) this.#incoming.splice(0, gone)
  }

  #takeAlone(batch: WriteBatch): boolean {
    for (let next = this.#alone.shift(); next !== undefined; next = this.#alone.shift()) {
      const { item, lane } = next
      if (lane !== undefined && this.#context.blocked(item.batch, item.i)) this.#follow(item, lane)
      else if (lane !== undefined || this.#mayStart(item)) {
        batch.push(item.batch, item.i)
        return true
      }
    }
    return false
  }

  /** True if the record may be worked on now; otherwise it went into its lane, or was parked. */
  #mayStart(item: Item): boolean {
    if (this.#context.blocked(item.batch, item.i)) {
      this.#left()
      this.#context.follow(item.batch, item.i)
      return false
    }
    if (this.#work.order === 'batch' && this.#lanes.size === 0) return true
    const key = item.batch.keyText(item.i)
    if (key === undefined) return true
    const lane = this.#lanes.get(key)
    if (lane !== undefined) {
      lane.queue.push(lane.resting ? detach(item) : item)
      return false
    }
    if (this.#work.order === 'record') this.#lanes.set(key, new Lane(key))
    return true
  }

  #perform(batch: WriteBatch): void {
    this.#calls++
    const call = this.#gate.begin()
    const fail = (error: unknown): void => this.#later(() => this.#failed(batch, error))
    let answer: ReturnType<ExecutorWork['perform']>
    try {
      answer = this.#work.perform(batch)
    } catch (error) {
      call.end(error)
      return this.#failed(batch, error)
    }
    if (!(answer instanceof Promise)) {
      call.end(troubleIn(answer))
      return this.#finish(batch, answer)
    }
    this.#gate.limit(call, fail)
    answer.then(
      (outcomes) => {
        if (call.end(troubleIn(outcomes))) this.#later(() => this.#finish(batch, outcomes))
      },
      (error: unknown) => {
        if (call.end(error)) fail(error)
      },
    )
  }

  #later(finish: () => void): void {
    if (this.#context.cancelled()) return
    this.#context.guard(() => {
      finish()
      this.#pump()
    })
  }

  /** The whole call failed. If one record is to blame, nobody knows which: each is tried alone. */
  #failed(batch: WriteBatch, error: unknown): void {
    const kind = kindOf(error)
    if (batch.length === 1 || kind === 'downstream' || kind === 'fatal') {
      return this.#finish(batch, refusedAll(batch, error))
    }
    this.#calls--
    for (let n = 0; n < batch.length; n++) {
      const item = { batch: batch.batchOf(n), i: batch.indexOf(n) }
      const key = item.batch.keyText(item.i)
      const lane = key === undefined ? this.#keyless.get(item.batch) : this.#lanes.get(key)
      this.#alone.push({ item, lane })
    }
  }

  #finish(batch: WriteBatch, outcomes: readonly Outcome[] | undefined): void {
    this.#calls--
    if (outcomes === undefined && this.#lanes.size === 0 && this.#keyless.size === 0) {
      this.#held -= batch.length
      return this.#work.done(batch, undefined)
    }
    this.#sortOut(batch, outcomes)
  }

  /** Lets the good records go on first, and then looks after the others: a failure may stop the task. */
  #sortOut(batch: WriteBatch, outcomes: readonly Outcome[] | undefined): void {
    const good = new WriteBatch()
    const goodOutcomes: Outcome[] = []
    const bad: number[] = []
    for (let n = 0; n < batch.length; n++) {
      const outcome = outcomes?.[n] ?? storedOutcome
      if (outcome.outcome === 'refused' || outcome.outcome === 'untried') {
        bad.push(n)
        continue
      }
      good.push(batch.batchOf(n), batch.indexOf(n))
      goodOutcomes.push(outcome)
    }
    this.#held -= good.length
    if (good.length > 0) this.#work.done(good, outcomes === undefined ? undefined : goodOutcomes)
    for (let n = 0; n < good.length; n++) this.#advance(good.batchOf(n), good.indexOf(n))
    // An untried record waits behind a refused one of its key, in the order of the batch and before all that came later.
    const behind = new Map<Lane, Item[]>()
    for (const n of bad)
      this.#sortOutBad({ batch: batch.batchOf(n), i: batch.indexOf(n) }, outcomes![n]!, behind)
    for (const [lane, items] of behind) {
      lane.queue.unshift(...items)
      if (!lane.resting) this.#nextOf(lane)
    }
  }

  #sortOutBad(item: Item, outcome: Outcome, behind: Map<Lane, Item[]>): void {
    const lane = this.#laneOf(item)
    const waiting = behind.get(lane)
    if (waiting !== undefined) {
      waiting.push(detach(item))
      return
    }
    behind.set(lane, [])
    this.#fail(
      lane,
      item,
      outcome.outcome === 'refused' ? outcome.error : new Error('The sink left the record untried.'),
    )
  }

  /** The lane of a record that failed: made now where it has none yet. */
  #laneOf(item: Item): Lane {
    const key = item.batch.keyText(item.i)
    if (key === undefined) return this.#keyless.get(item.batch) ?? new Lane(undefined)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane = new Lane(key)
    this.#lanes.set(key, lane)
    return lane
  }

  #fail(lane: Lane, item: Item, error: unknown): void {
    const afterMs = failHead(this.#context, lane, item, error)
    if (afterMs === undefined) {
      this.#left()
      this.#keyless.delete(item.batch)
      return
    }
    lane.resting = true
    const head = detach(item)
    if (lane.key === undefined) this.#keyless.set(head.batch, lane)
    if (kindOf(error) === 'downstream' && this.#gate.most === 0)
      return void this.#rested.push({ item: head, lane })
    this.#context.clock.after(afterMs, () => {
      if (this.#context.cancelled()) return
      lane.resting = false
      this.#ready.push({ item: head, lane })
      this.#context.guard(() => this.#pump())
    })
  }

  /** The record is done: the next one of its key may start. */
  #advance(batch: RecordBatch, i: number): void {
    this.#keyless.delete(batch)
    if (this.#lanes.size === 0) return
    const key = batch.keyText(i)
    const lane = key === undefined ? undefined : this.#lanes.get(key)
    if (lane !== undefined && !lane.resting) this.#nextOf(lane)
  }

  #nextOf(lane: Lane): void {
    lane.reset()
    const item = lane.queue.shift()
    if (item !== undefined) this.#ready.push({ item, lane })
    else if (lane.key !== undefined) this.#lanes.delete(lane.key)
  }

  /** The head of a lane is parked, because an earlier record of its key is: all that wait behind it are too. */
  #follow(item: Item, lane: Lane): void {
    this.#left()
    this.#context.follow(item.batch, item.i)
    this.#nextOf(lane)
  }

  #left(): void {
    this.#held--
    this.#work.left?.()
  }
}
