import { setTimeout as sleep } from 'node:timers/promises'
import { Duration } from '../../engine/component/fields.ts'
import { textFlag, usage, type ParsedFlags } from '../command-line/flags.ts'

const mostPerSecond = 10_000_000

/** Some time at one rate. */
export interface Stretch {
  /** Records a second, above 0. */
  readonly rate: number
  /** Infinity where it has no end. */
  readonly seconds: number
}

/**
 * When each record is due, whatever became of those before it: a writer that was held up makes up for it, and a load does not
 * shrink because the platform under it is slow.
 */
export class Timetable {
  readonly #stretches: readonly (Stretch & { readonly from: number; readonly first: number })[]
  /** How many records all stretches have; Infinity where one has no end. */
  readonly total: number
  /** Milliseconds that all stretches take. */
  readonly length: number

  constructor(stretches: readonly Stretch[]) {
    let from = 0
    let first = 0
    this.#stretches = stretches.map((stretch) => {
      const placed = { ...stretch, from, first }
      from += stretch.seconds * 1000
      first += Math.round(stretch.rate * stretch.seconds)
      return placed
    })
    this.total = first
    this.length = from
  }

  /** The stretch of record `n`, from 0. What is beyond the last goes on at its rate. */
  stretchOf(n: number): number {
    return Math.max(
      0,
      this.#stretches.findLastIndex(({ first }) => n >= first),
    )
  }

  /** When record `n` (from 0) is due, in milliseconds from the start. */
  dueOf(n: number): number {
    const { from, first, rate } = this.#stretches[this.stretchOf(n)]!
    return from + ((n - first) * 1000) / rate
  }
}

/** What `--rate` says: `500`, or `100:1m,1000:3m,100` for a hundred a second for a minute, then a thousand for three, and so on. */
export function timetableFlag(values: ParsedFlags['values']): Timetable | undefined {
  const text = textFlag(values, 'rate')
  if (text === undefined) return undefined
  const parts = text.split(',')
  const stretches = parts.map((part, index) => stretchOf(part, index === parts.length - 1))
  if (stretches.every((stretch) => stretch !== undefined)) return new Timetable(stretches)
  throw usage(
    `--rate ${text} is no rate: write it as 500, or as 100:1m,1000:3m,100 for some time each; from 1 to ${mostPerSecond} a second.`,
  )
}

function stretchOf(text: string, isLast: boolean): Stretch | undefined {
  const [, digits, time] = /^(\d{1,8})(?::(.+))?$/.exec(text) ?? []
  const rate = Number(digits)
  if (!(rate >= 1 && rate <= mostPerSecond)) return undefined
  if (time === undefined) return isLast ? { rate, seconds: Infinity } : undefined
  const duration = Duration.safeParse(time)
  return duration.success && duration.data > 0 ? { rate, seconds: duration.data / 1000 } : undefined
}

/** Writers look so often what is due, in milliseconds: a few records at once cost less than each by itself. */
const tickMs = 10

/** Keeps a timetable from its first use on. */
export class Pacer {
  readonly #timetable: Timetable
  readonly #signal: AbortSignal
  readonly #began = performance.now()

  constructor(timetable: Timetable, signal: AbortSignal) {
    this.#timetable = timetable
    this.#signal = signal
  }

  /** Whether record `n` (from 0) is to be written by now. */
  isDue(n: number): boolean {
    return this.#timetable.dueOf(n) <= performance.now() - this.#began
  }

  /** Resolves when record `n` is due, or the signal is given. */
  async until(n: number): Promise<void> {
    while (!this.isDue(n) && !this.#signal.aborted) {
      const wait = this.#timetable.dueOf(n) - (performance.now() - this.#began)
      await sleep(Math.max(wait, tickMs), undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }
}
