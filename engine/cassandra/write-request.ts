import type { ByteSink } from '../cql/bytes.ts'
import type { RowGroup } from './batches.ts'
import { isAboutRow, isOverloaded } from './client-errors.ts'
import type { WireConnection, WireFailure, WireRequest } from './wire-connection.ts'
import { opcodes, writeBatched, writeBatchHead, writeBatchTail, writeExecute } from './wire-frames.ts'
import type { WriteCall } from './write-call.ts'
import type { WireNodes } from './wire-nodes.ts'
import type { WriteWindow } from './write-window.ts'
import { routingKey } from './values.ts'

/** What a request needs of its surroundings. */
export interface WriteContext {
  readonly nodes: WireNodes
  /** As the protocol numbers it. */
  readonly consistency: number
  readonly timeoutMs: number
  readonly window: WriteWindow
  done(request: WriteRequest): void
}

const unprepared = 0x2500
/** A request is sent so often at most where a node forgets statements or a connection breaks. */
const mostAttempts = 3

/**
 * A group of rows under way. Where the whole is refused for one of its rows it is cut in halves, until the bad row
 * stands alone.
 */
export class WriteRequest implements WireRequest {
  readonly call: WriteCall
  readonly group: RowGroup
  readonly timeoutMs: number
  /** Requests that wait for this one. */
  followers: readonly WriteRequest[] = []
  readonly #context: WriteContext
  /** What is still to be sent, the next one last. */
  readonly #parts: (readonly number[])[]
  #rows: readonly number[] = []
  #connection: WireConnection | undefined
  #attempts = 0
  #began = 0

  constructor(call: WriteCall, group: RowGroup, context: WriteContext) {
    this.call = call
    this.group = group
    this.timeoutMs = context.timeoutMs
    this.#context = context
    this.#parts = [group.rows]
  }

  /** Sends the next part, or is done. */
  begin(): void {
    this.#rows = []
    while (this.#rows.length === 0) {
      const part = this.#parts.pop()
      if (part === undefined || this.call.hasFailed) return this.#context.done(this)
      this.#rows = this.call.triable(part)
    }
    this.#attempts = 0
    this.#began = performance.now()
    this.#send()
  }

  #send(): void {
    this.#attempts++
    const { nodes } = this.#context
    const first = this.call.rows[this.#rows[0]!]!
    const { buffer } = this.call.sink
    const connection = nodes.choose(() => routingKey(buffer, first.partitionStart, first.partitionEnd))
    if (connection === undefined) return this.#fail(nodes.trouble('A write'))
    this.#connection = connection
    const missing = this.#statements().find((text) => connection.prepared(text) === undefined)
    if (missing === undefined) return connection.send(this)
    this.#attempts--
    connection.prepare(missing, this.timeoutMs).then(
      () => this.#send(),
      (error: unknown) => this.#fail(nodes.thrown(error, `A statement for ${first.statement.table}`)),
    )
  }

  #statements(): string[] {
    const texts = new Set<string>()
    for (const index of this.#rows) texts.add(this.call.rows[index]!.statement.text)
    return [...texts]
  }

  get opcode(): number {
    return this.#rows.length === 1 ? opcodes.execute : opcodes.batch
  }

  write(out: ByteSink): void {
    const { consistency } = this.#context
    if (this.#rows.length === 1) return this.#writeRow(out, this.#rows[0]!, true)
    writeBatchHead(out, this.#rows.length)
    for (const index of this.#rows) this.#writeRow(out, index, false)
    writeBatchTail(out, consistency)
  }

  #writeRow(out: ByteSink, index: number, alone: boolean): void {
    const { statement, start, end } = this.call.rows[index]!
    const id = this.#connection!.prepared(statement.text)!
    if (alone) writeExecute(out, id, this.#context.consistency, statement.values)
    else writeBatched(out, id, statement.values)
    out.bytes(this.call.sink.buffer.subarray(start, end))
  }

  answered(): void {
    this.#context.window.took((performance.now() - this.#began) / 1000)
    this.begin()
  }

  failed(failure: WireFailure): void {
    if (this.#mayTryAgain(failure)) return this.#send()
    if (failure.kind === 'silent' || (failure.kind === 'answer' && isOverloaded(failure.error)))
      this.#context.window.overloaded(performance.now())
    const error = this.#context.nodes.failed(failure, this.#name())
    if (!isAboutRow(error)) return this.#fail(error)
    if (this.#rows.length === 1) this.call.refuse(this.#rows[0]!, error)
    else {
      const middle = this.#rows.length >> 1
      this.#parts.push(this.#rows.slice(middle), this.#rows.slice(0, middle))
    }
    this.begin()
  }

  /** At once, on another connection perhaps: nothing but time is lost by writing a row twice. */
  #mayTryAgain(failure: WireFailure): boolean {
    if (this.#attempts >= mostAttempts || this.call.hasFailed) return false
    if (failure.kind === 'broken') return this.#context.nodes.any() !== undefined
    if (failure.kind !== 'answer' || failure.error.code !== unprepared) return false
    for (const text of this.#statements()) this.#connection?.forget(text)
    return true
  }

  #fail(error: Parameters<WriteCall['fail']>[0]): void {
    this.call.fail(error)
    this.#context.done(this)
  }

  #name(): string {
    const { table } = this.call.rows[this.#rows[0]!]!.statement
    return this.#rows.length === 1 ? `A row of ${table}` : `A batch of ${this.#rows.length} rows of ${table}`
  }
}
