import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { MillraceError } from '../errors.ts'
import type { LedgerRun } from './ledger-run.ts'
import { encodeHalt, type HaltNotice } from './letters.ts'
import type { ParkingHalt } from './parking-limits.ts'

export interface HaltNoticesOptions {
  readonly group: string
  readonly source: TopicPartition
  /** The parked partition. */
  readonly target: TopicPartition
  readonly log: Pick<Log, 'append'>
  readonly clock: Clock
}

/** How long a worker that stops waits for its notice to be written, milliseconds. */
const patienceMs = 5000

/**
 * Keeps in the parked partition whether its source halts, and why, for those who look there without the worker. The last
 * notice stays open in the ledger, so that each life knows what the one before it said; a later one takes its place.
 */
export class HaltNotices {
  readonly #options: HaltNoticesOptions
  #said: HaltNotice | undefined
  #place: { readonly run: LedgerRun; readonly row: number } | undefined

  constructor(options: HaltNoticesOptions) {
    this.#options = options
  }

  /** A notice was read. */
  read(notice: HaltNotice, run: LedgerRun, row: number): void {
    const before = this.#place
    this.#said = notice
    this.#place = { run, row }
    if (before !== undefined) settle(before)
    if (notice.halted) return
    settle(this.#place)
    this.#place = undefined
  }

  /** Says what holds now, unless that was said before. Rejects as the log does. */
  async keep(halt: ParkingHalt | undefined): Promise<void> {
    const said = this.#said?.halted === true && this.#said.why === 'parking' ? this.#said : undefined
    if (halt === undefined && said === undefined) return
    // The same limit: how much is parked beyond it is no news.
    if (halt !== undefined && said?.sentence === halt.sentence) return
    const { topic, partition } = this.#options.source
    const sentence = halt?.sentence ?? `Partition ${partition} of ${topic} goes on.`
    await this.#write({ why: 'parking', halted: halt !== undefined, sentence })
  }

  /** The worker stops for a record. Never rejects, and does not wait for ever: who reads the log knows it, too. */
  async stopped({ message, facts }: MillraceError): Promise<void> {
    const offset = Number(facts['offset'])
    if (this.#said?.halted === true && this.#said.offset === offset) return
    const written = this.#write({ why: 'record', halted: true, sentence: message, offset })
    const patience = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(patienceMs, patience.resolve)
    await Promise.race([written.catch(() => undefined), patience.promise])
    cancel()
  }

  async #write(what: Pick<HaltNotice, 'why' | 'halted' | 'sentence' | 'offset'>): Promise<void> {
    const { group, source, target, log, clock } = this.#options
    const notice: HaltNotice = { group, ...source, ...what, at: clock.now() }
    await log.append([{ ...encodeHalt(notice), ...target }])
    this.#said = notice
  }
}

function settle({ run, row }: { readonly run: LedgerRun; readonly row: number }): void {
  run.judge(row, 'dropped')
  run.release(row)
}
