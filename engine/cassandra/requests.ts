import type { CassandraClient } from './client.ts'
import { answerOf, away, clientError, silence } from './client-errors.ts'
import type { MillraceError } from '../errors.ts'
import { listen, longest } from './listening.ts'
import { whereOf } from './settings.ts'

/** A value as its bytes; null, and undefined where it is not set. */
export type BoundBytes = Buffer | null | undefined

/** A statement with its values. */
export interface BoundStatement {
  readonly text: string
  readonly values: BoundBytes[]
}

/** The columns of a row as the driver decodes them. */
export type AnsweredRow = Readonly<Record<string, unknown>>

/** A request is sent so often at most where a connection breaks or a node forgets a statement. */
const mostAttempts = 3

/** ResponseError: the node does not know the statement (any more). */
const unprepared = 0x2500

/**
 * Rows to the nodes and single rows back, by the driver: it prepares the statements, and sends each request to a replica
 * of its partition. Closed, it fails what is under way at once, though a node never answers.
 */
export class Requests {
  readonly #client: CassandraClient
  readonly #underWay = new Set<(error: Error) => void>()
  #closed = false

  constructor(client: CassandraClient) {
    this.#client = client
  }

  /**
   * Writes rows of one partition: several as one unlogged batch. The bytes must stay as they are even if it fails: the
   * driver may send them later still. Rejects with what `explained` takes.
   */
  async write(statements: readonly [BoundStatement, ...BoundStatement[]]): Promise<void> {
    const { driver, settings } = this.#client
    const { write } = settings.timeouts
    // The driver counts the time in which this process is too busy to listen, and gives up a connection for it.
    const options = { isIdempotent: true, readTimeout: write * longest }
    const [{ text, values }] = statements
    if (statements.length === 1)
      await this.#send((prepare) => within(write, driver.execute(text, values, { ...options, prepare })))
    else {
      const queries = statements.map((each) => ({ query: each.text, params: each.values }))
      const batch = { ...options, logged: false }
      await this.#send((prepare) => within(write, driver.batch(queries, { ...batch, prepare })))
    }
  }

  /** The first row of an answer. Rejects with what `explained` takes. */
  async read({ text, values }: BoundStatement): Promise<AnsweredRow | undefined> {
    const { driver, settings } = this.#client
    const options = { isIdempotent: true, readTimeout: settings.timeouts.read }
    const result = await this.#send((prepare) => driver.execute(text, values, { ...options, prepare }))
    return result.rows[0]
  }

  /** A failed request as an error of whoever made it: `what` is the subject of the sentence. */
  explained(error: unknown, what: string): MillraceError {
    const where = whereOf(this.#client.settings)
    return this.#closed ? away(what, where, closedReason, error) : clientError(error, what, where)
  }

  /** What is under way fails at once, and so does all that comes. */
  close(): void {
    this.#closed = true
    for (const fail of this.#underWay) fail(new Error(closedReason))
    this.#underWay.clear()
  }

  /**
   * Once more where the connection broke: on another one, and nothing but time is lost by writing a row twice. A
   * statement that a node has forgotten is prepared again by the driver; where the node refuses that, the request goes
   * without preparing, and the node says why.
   */
  async #send<Answer>(ask: (prepare: boolean) => Promise<Answer>): Promise<Answer> {
    let prepare = true
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#unlessClosed(ask, prepare)
      } catch (error) {
        const forgotten = answerOf(error)?.code === unprepared
        if (this.#closed || attempt === mostAttempts || !(forgotten || isBroken(error))) throw error
        prepare &&= !forgotten
      }
    }
  }

  #unlessClosed<Answer>(ask: (prepare: boolean) => Promise<Answer>, prepare: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error(closedReason))
      this.#underWay.add(reject)
      ask(prepare)
        .then(resolve, reject)
        .finally(() => this.#underWay.delete(reject))
    })
  }
}

/** Rejects where no node answers for so many milliseconds; what comes of it later is ignored. */
function within<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const heard = listen(ms, () => reject(silence(ms)))
    answer.then(resolve, reject).finally(heard)
  })
}

const closedReason = 'this client was closed'

/** The connection ended; whether the request had arrived is not known. */
function isBroken(error: unknown): boolean {
  return (error as { readonly isSocketError?: boolean }).isSocketError === true
}
