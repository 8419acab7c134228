import type { ValueCodec } from '../component/codec.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { kindOf, MillraceError, sentenceOf } from '../errors.ts'
import type { Breaker } from './breaker.ts'

export interface SchemaWaitOptions {
  /** Name of the source. */
  readonly node: string
  readonly codec: ValueCodec
  readonly clock: Clock
  /** Of the registry that the source asks, shared by its tasks. */
  readonly breaker: Breaker
  /** True once nobody needs the records any more. */
  readonly over: () => boolean
  readonly trouble: (sentence: string) => void
}

/** The schemas of the records of a source: records wait for them, for as long as the registry is away. */
export class SchemaWait {
  readonly #options: SchemaWaitOptions
  #waiting = 0

  constructor(options: SchemaWaitOptions) {
    this.#options = options
  }

  /** True while something that came in waits for a registry that failed: no more is to come in then. */
  get waits(): boolean {
    return this.#waiting > 0
  }

  /** What the records wait for; undefined if nothing. Whoever looks at how it ends may do so much later, or never. */
  begin(records: PackedRecords): Promise<void> | undefined {
    const preparing = this.#options.codec.prepare(records)
    preparing?.catch(() => undefined)
    return preparing
  }

  /** Resolves when the schemas are there; `first` is what was begun. Rejects with a fatal error. */
  async end(records: PackedRecords, first: Promise<void> | undefined): Promise<void> {
    if (first === undefined) return
    if (await this.#tried(() => first, 0, false)) return
    this.#waiting++
    try {
      for (let tries = 1; !this.#options.over(); tries++) {
        const isProbe = await this.#turn()
        if (await this.#tried(() => this.begin(records), tries, isProbe)) return
      }
    } finally {
      this.#waiting--
    }
  }

  /** One question: true if it was answered. Otherwise a pause is over as well. */
  async #tried(ask: () => Promise<void> | undefined, tries: number, isProbe: boolean): Promise<boolean> {
    const { node, breaker, clock, trouble } = this.#options
    try {
      await ask()
      breaker.succeeded()
      return true
    } catch (error) {
      // In its grace period an unknown id is downstream, and yet the registry has answered.
      if (kindOf(error) === 'downstream' && !isUnknownId(error)) breaker.failed(isProbe, error)
      else breaker.succeeded()
      if (kindOf(error) === 'fatal') throw error
      trouble(`Source ${node} waits for its schemas: ${sentenceOf(error)}`)
      await new Promise<void>((resolve) => clock.after(Math.min(5_000, 100 * 2 ** tries), resolve))
      return false
    }
  }

  /** Resolves when the registry may be asked: at once, or when the breaker lets somebody try; then it is the probe. */
  #turn(): Promise<boolean> {
    const { breaker, clock, over } = this.#options
    if (breaker.most > 0) return Promise.resolve(breaker.begin())
    return new Promise((resolve) => {
      const go = (): void => {
        if (!over() && breaker.most === 0) return
        deaf()
        cancel()
        // Who is over asks once more, and for nobody: that is the least trouble.
        resolve(breaker.most > 0 && breaker.begin())
      }
      const deaf = breaker.listen(go)
      let cancel: () => void
      // Nobody else may come to ask, and the task may end.
      const look = (): void => {
        cancel = clock.after(1_000, look)
        go()
      }
      cancel = clock.after(1_000, look)
    })
  }
}

function isUnknownId(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'AVRO_UNKNOWN_SCHEMA_ID'
}
