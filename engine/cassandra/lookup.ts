import type { Lookup, Row } from '../component/contracts/lookup.ts'
import { ByteSink } from '../cql/bytes.ts'
import type { CqlValue } from '../cql/types.ts'
import type { WireConnection, WireFailure, WireRequest } from './wire-connection.ts'
import { opcodes, readFirstRow, writeExecute } from './wire-frames.ts'
import type { WireNodes } from './wire-nodes.ts'
import { routingKey, type RowValuesCodec } from './values.ts'

/** What lookups share with whoever writes the tables. */
export interface LookupContext {
  readonly nodes: WireNodes
  readonly consistency: number
  readonly timeoutMs: number
  /** Grows with each write that was acknowledged: an answer that was asked for before may lack it. */
  readonly written: () => number
}

interface Waiter {
  readonly key: Row
  readonly resolve: (row: Row | undefined) => void
  readonly reject: (error: unknown) => void
}

const unprepared = 0x2500
const mostAttempts = 3

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

  get(key: Row): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const sink = this.#sink
      sink.length = 0
      // Throws for a key that cannot be, and the promise rejects.
      const partitionEnd = this.#codec.writeKey(sink, key)
      const asked = sink.copy()
      const text = asked.toString('latin1')
      const written = this.#context.written()
      // The caller's object may change before the answer is there.
      const waiter: Waiter = { key: this.#codec.emptyRow(key), resolve, reject }
      const under = this.#underWay.get(text)
      if (under !== undefined && under.written === written) return void under.waiters.push(waiter)
      const ended = (read: SingleRead): void => {
        if (this.#underWay.get(text) === read) this.#underWay.delete(text)
      }
      const read = new SingleRead(this.#codec, this.#context, { asked, partitionEnd, written, ended })
      read.waiters.push(waiter)
      this.#underWay.set(text, read)
      read.send()
    })
  }
}

interface Asked {
  /** The key's values with their lengths. */
  readonly asked: Buffer
  readonly partitionEnd: number
  readonly written: number
  readonly ended: (read: SingleRead) => void
}

class SingleRead implements WireRequest {
  readonly opcode = opcodes.execute
  readonly timeoutMs: number
  readonly written: number
  readonly waiters: Waiter[] = []
  readonly #codec: RowValuesCodec
  readonly #context: LookupContext
  readonly #asked: Asked
  #connection: WireConnection | undefined
  #attempts = 0

  constructor(codec: RowValuesCodec, context: LookupContext, asked: Asked) {
    this.timeoutMs = context.timeoutMs
    this.written = asked.written
    this.#codec = codec
    this.#context = context
    this.#asked = asked
  }

  send(): void {
    this.#attempts++
    const { nodes } = this.#context
    const { asked, partitionEnd } = this.#asked
    const connection = nodes.choose(() => routingKey(asked, 0, partitionEnd))
    if (connection === undefined) return this.#fail(nodes.trouble('A lookup'))
    this.#connection = connection
    const { text } = this.#codec.select
    if (connection.prepared(text) !== undefined) return connection.send(this)
    connection.prepare(text, this.timeoutMs).then(
      () => connection.send(this),
      (error: unknown) => this.#fail(nodes.thrown(error, this.#name)),
    )
  }

  write(sink: ByteSink): void {
    const { select } = this.#codec
    writeExecute(sink, this.#connection!.prepared(select.text)!, this.#context.consistency, select.values)
    sink.bytes(this.#asked.asked)
  }

  answered(bytes: Buffer, at: number): void {
    this.#asked.ended(this)
    for (const { key, resolve } of this.waiters) {
      const row = key as Record<string, CqlValue | null>
      const found = readFirstRow(bytes, at, (column, start, end) =>
        this.#codec.fill(row, column, bytes, start, end),
      )
      resolve(found ? row : undefined)
    }
  }

  failed(failure: WireFailure): void {
    const forgotten = failure.kind === 'answer' && failure.error.code === unprepared
    if (forgotten) this.#connection?.forget(this.#codec.select.text)
    const another = failure.kind === 'broken' && this.#context.nodes.any() !== undefined
    if ((forgotten || another) && this.#attempts < mostAttempts) return this.send()
    this.#fail(this.#context.nodes.failed(failure, this.#name))
  }

  get #name(): string {
    return `A lookup in ${this.#codec.schema.name}`
  }

  #fail(error: unknown): void {
    this.#asked.ended(this)
    for (const { reject } of this.waiters) reject(error)
  }
}
