import type { Positions } from '../positions/positions.ts'
import { bar } from '../terminal/progress.ts'
import type { PartitionBound } from './bounds.ts'

/** How far a replay is, in offsets: of what is outside its time, too. */
export interface ReplayProgress {
  readonly done: number
  readonly all: number
  /** True when every partition is settled up to its end, tables included. */
  readonly complete: boolean
  /** False where nothing was committed yet. */
  readonly begun: boolean
}

/** How far all members together are, as they have committed it. */
export async function progressOf(
  positions: Pick<Positions, 'committed'>,
  group: string,
  bounds: readonly PartitionBound[],
): Promise<ReplayProgress> {
  const committed = await positions.committed(group, bounds)
  let done = 0
  let all = 0
  let complete = true
  for (const [n, { start, end, table }] of bounds.entries()) {
    const at = Math.min(end, Math.max(start, committed[n]?.offset ?? start))
    if (at < end) complete = false
    if (table === true) continue
    done += at - start
    all += end - start
  }
  return { done, all, complete, begun: committed.some((one) => one !== undefined) }
}

/** How fast it has been lately, and how long the rest takes at that. */
export class Eta {
  readonly #windowMs: number
  readonly #seen: { readonly at: number; readonly done: number }[] = []

  constructor(windowMs = 30_000) {
    this.#windowMs = windowMs
  }

  /** `now` in milliseconds, on a clock that never goes back. */
  saw(now: number, done: number): void {
    this.#seen.push({ at: now, done })
    while (this.#seen.length > 2 && this.#seen[1]!.at < now - this.#windowMs) this.#seen.shift()
  }

  /** Offsets a second; undefined while nobody can say. */
  get perSecond(): number | undefined {
    const first = this.#seen[0]
    const last = this.#seen.at(-1)
    if (first === undefined || last === undefined || last.at === first.at) return undefined
    return ((last.done - first.done) * 1000) / (last.at - first.at)
  }

  /** Seconds; undefined while nobody can say. */
  secondsFor(rest: number): number | undefined {
    const speed = this.perSecond
    return speed === undefined || speed <= 0 ? undefined : rest / speed
  }
}

/** `██░░ 43 %  4300 of 10000, 1200/s, 5 min left` */
export function progressText({ done, all }: ReplayProgress, eta: Eta, withBar: boolean): string {
  const share = all === 0 ? 1 : done / all
  const percent = `${Math.floor(share * 100)} %`
  const speed = eta.perSecond
  const left = eta.secondsFor(all - done)
  const parts = [
    `${done} of ${all} offsets`,
    ...(speed === undefined ? [] : [`${Math.round(speed)}/s`]),
    ...(left === undefined || done === all ? [] : [`${durationText(left)} left`]),
  ]
  return `${withBar ? `${bar(share)} ` : ''}${percent}  ${parts.join(', ')}`
}

/** `45 s`, `5 min`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
