import type { RecordBatch } from '../../engine/component/record-batch.ts'
import type { MillraceError } from '../../engine/errors.ts'
import { Breaker } from '../../engine/runtime/breaker.ts'
import { FailurePolicy } from '../../engine/runtime/failures.ts'
import type { StageContext } from '../../engine/runtime/lanes.ts'
import type { ErrorSettings } from '../../engine/topology/plan-types.ts'
import type { FakeClock } from './fake-clock.ts'
import type { Random } from './harness-records.ts'

export const patient: ErrorSettings = {
  attempts: 3,
  within: undefined,
  answerWithin: 300_000,
  breaker: { after: 5 },
  parking: { keys: 10_000, letters: 100_000, bytes: 2 ** 30 },
  nodes: {},
  then: 'park',
  backoff: { first: 100, longest: 5000 },
  flood: { share: 1, of: 1_000_000 },
}

/** The surroundings of stages, without a task: remembers what was parked, and blocks keys as parking does. */
export class StageBench {
  readonly context: StageContext
  readonly breaker: Breaker
  readonly given: number[] = []
  readonly followed: number[] = []
  readonly defects: unknown[] = []
  readonly counts = new Map<string, number>()
  readonly troubles: string[] = []
  stopped: MillraceError | undefined
  cancelled = false
  /** By key: the offset of the first parked record. */
  readonly blocked = new Map<string, number>()

  constructor(clock: FakeClock, random: Random, settings: ErrorSettings = patient) {
    const policy = new FailurePolicy(
      settings,
      {
        park: (batch, i) => this.#park(batch, i, this.given),
        stop: (error) => {
          this.stopped ??= error
        },
        now: () => clock.now(),
      },
      random.next,
    )
    const { after } = settings.breaker
    const trouble = (sentence: string): void => void this.troubles.push(sentence)
    const { backoff } = settings
    this.breaker = new Breaker({ subject: 'Sink bench', after, backoff, clock, random: random.next, trouble })
    this.context = {
      node: 'bench',
      clock,
      policy,
      limits: settings,
      breaker: () => this.breaker,
      anyBlocked: () => this.blocked.size > 0,
      blocked: (batch, i) => this.#isBlocked(batch, i),
      follow: (batch, i) => this.#park(batch, i, this.followed),
      cancelled: () => this.cancelled || policy.stopped,
      count: (what, by) => this.counts.set(what, (this.counts.get(what) ?? 0) + by),
      trouble,
      guard: (action) => {
        try {
          action()
        } catch (error) {
          this.defects.push(error)
        }
      },
    }
  }

  #isBlocked(batch: RecordBatch, i: number): boolean {
    const from = this.blocked.get(batch.keyText(i) ?? '')
    return from !== undefined && batch.offset(i) > from
  }

  #park(batch: RecordBatch, i: number, into: number[]): void {
    const key = batch.keyText(i)
    into.push(batch.offset(i))
    if (key !== undefined) this.blocked.set(key, Math.min(batch.offset(i), this.blocked.get(key) ?? Infinity))
    batch.origin.lineage.judge(batch.lineageRow(i), 'parked')
    batch.origin.lineage.release(batch.lineageRow(i))
  }
}
