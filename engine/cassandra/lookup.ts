import type { Lookup, Row } from '../component/contracts/lookup.ts'
import { ByteSink } from '../cql/bytes.ts'
import type { AnsweredRow, Requests } from './requests.ts'
import { valuesOf, type RowValuesCodec } from './values.ts'

/** What lookups share with whoever writes the tables. */
export interface LookupContext {
  readonly requests: Requests
  /** Grows with each write that was acknowledged: an answer that was asked for before may lack it. */
  readonly written: () => number
}

interface SingleRead {
  readonly written: number
  readonly answer: Promise<AnsweredRow | undefined>
}

/** Reads single rows. The same key asked for again while the answer is under way is asked for once. */
export class CassandraLookup implements Lookup {
  readonly key: readonly string[]
  readonly #codec: RowValuesCodec
  readonly #context: LookupContext
  readonly #sink = new ByteSink(256)
  readonly #underWay = new Map<string, SingleRead>()

  constructor(codec: RowValuesCodec, context: LookupContext) {
    this.key = codec.key
    this.#codec = codec
    this.#context = context
  }

  /** Rejects with ROW_REFUSED for a key that cannot be. */
  async get(key: Row): Promise<Row | undefined> {
    const sink = this.#sink
    sink.length = 0
    this.#codec.writeKey(sink, key)
    // The caller's object may change before the answer is there.
    const row = this.#codec.emptyRow(key)
    const answered = await this.#read(sink.copy())
    if (answered === undefined) return undefined
    this.#codec.fill(row, answered)
    return row
  }

  #read(asked: Buffer): Promise<AnsweredRow | undefined> {
    const text = asked.toString('latin1')
    const written = this.#context.written()
    const under = this.#underWay.get(text)
    if (under?.written === written) return under.answer
    const answer = this.#ask(asked).finally(() => {
      if (this.#underWay.get(text) === read) this.#underWay.delete(text)
    })
    const read: SingleRead = { written, answer }
    this.#underWay.set(text, read)
    return answer
  }

  async #ask(asked: Buffer): Promise<AnsweredRow | undefined> {
    const { requests } = this.#context
    const values = valuesOf(asked, 0, asked.length)
    try {
      return await requests.read({ text: this.#codec.select.text, values })
    } catch (error) {
      throw requests.explained(error, `A lookup in ${this.#codec.schema.name}`)
    }
  }
}
