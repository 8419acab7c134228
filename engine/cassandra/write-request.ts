import type { RowGroup } from './batches.ts'
import { isAboutRow, isOverloaded } from './client-errors.ts'
import { stopwatch } from './listening.ts'
import type { BoundStatement, Requests } from './requests.ts'
import { valuesOf } from './values.ts'
import type { WriteCall } from './write-call.ts'
import type { WriteWindow } from './write-window.ts'

/** What a request needs of its surroundings. */
export interface WriteContext {
  readonly requests: Requests
  readonly window: WriteWindow
  done(request: WriteRequest): void
}

/**
 * A group of rows under way. Where the whole is refused for one of its rows it is cut in halves, until the bad row
 * stands alone.
 */
export class WriteRequest {
  readonly call: WriteCall
  readonly group: RowGroup
  /** Requests that wait for this one. */
  followers: readonly WriteRequest[] = []
  readonly #context: WriteContext
  /** What is still to be sent, the next one last. */
  readonly #parts: (readonly number[])[]

  constructor(call: WriteCall, group: RowGroup, context: WriteContext) {
    this.call = call
    this.group = group
    this.#context = context
    this.#parts = [group.rows]
  }

  /** Sends it for the first time. */
  start(): void {
    for (const index of this.group.rows) this.call.age(index)
    this.begin()
  }

  /** Sends the next part, or is done. */
  begin(): void {
    for (;;) {
      const part = this.#parts.pop()
      if (part === undefined || this.call.hasFailed) return this.#context.done(this)
      const [first, ...rest] = this.call.triable(part)
      if (first !== undefined) return this.#send([first, ...rest])
    }
  }

  #send(rows: Rows): void {
    const { requests, window } = this.#context
    const time = stopwatch()
    const [first, ...rest] = rows
    requests.write([this.#bound(first), ...rest.map((index) => this.#bound(index))]).then(
      () => {
        const { seconds, waited } = time()
        window.took(seconds, waited)
        this.begin()
      },
      (error: unknown) => {
        if (isOverloaded(error)) window.overloaded(performance.now())
        this.#failed(error, rows)
      },
    )
  }

  #bound(index: number): BoundStatement {
    const { statement, start, end } = this.call.rows[index]!
    return { text: statement.text, values: valuesOf(this.call.sink.buffer, start, end) }
  }

  #failed(error: unknown, rows: Rows): void {
    const { requests } = this.#context
    const explained = requests.explained(error, this.#name(rows))
    if (!isAboutRow(explained)) this.call.fail(explained)
    else if (rows.length === 1) this.call.refuse(rows[0], explained)
    else {
      const middle = rows.length >> 1
      this.#parts.push(rows.slice(middle), rows.slice(0, middle))
    }
    this.begin()
  }

  #name([first, ...rest]: Rows): string {
    const { table } = this.call.rows[first]!.statement
    return rest.length === 0 ? `A row of ${table}` : `A batch of ${rest.length + 1} rows of ${table}`
  }
}

/** Indices of rows. */
type Rows = readonly [number, ...number[]]
