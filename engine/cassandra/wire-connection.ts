import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ByteSink, readU32 } from '../cql/bytes.ts'
import type { Secret } from '../component/contracts/secret.ts'
import type { ServerError } from './client-errors.ts'
import { tlsOptions, type TlsSettings } from './settings.ts'
import {
  closeFrame,
  headerLength,
  mostStreams,
  opcodes,
  openFrame,
  readError,
  readPrepared,
  writeCredentials,
  writePrepare,
  writeStartup,
} from './wire-frames.ts'

/** Why a request got no result: what the node answered, or that the connection is of no use. */
export type WireFailure =
  | { readonly kind: 'answer'; readonly error: ServerError }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'broken'; readonly reason: string; readonly cause?: unknown }

/** A failure that is thrown. */
export class WireTrouble extends Error {
  override readonly name = 'WireTrouble'
  readonly failure: WireFailure

  constructor(failure: WireFailure) {
    super(failure.kind === 'answer' ? failure.error.message : failure.reason)
    this.failure = failure
  }
}

/** A request, and what becomes of it: one of the two is called, once. */
export interface WireRequest {
  readonly opcode: number
  /** Milliseconds until it counts as unanswered. */
  readonly timeoutMs: number
  /** Appends the body of the frame. */
  write(sink: ByteSink): void
  /** The body of the answer is in `bytes` from `at` on, and only for as long as the call lasts. */
  answered(bytes: Buffer, at: number, opcode: number): void
  failed(failure: WireFailure): void
}

/** Where a node is, and how to get in. */
export interface WireTarget {
  readonly host: string
  readonly port: number
  readonly tls?: TlsSettings | undefined
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  readonly connectMs: number
}

interface Pending {
  readonly request: WireRequest
  readonly stream: number
  readonly deadline: number
}

/** How often requests are looked through for time-outs, ms. */
const sweepMs = 50
const idleMs = 30_000
const idleAnswerMs = 10_000

/**
 * One connection to one node. Requests of one turn of the event loop leave in one write; answers are read in place. A
 * request that gets no answer in time fails alone; where nothing at all has come since then, the connection is given up.
 */
export class WireConnection {
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  readonly #free: number[] = []
  readonly #prepared = new Map<string, Buffer>()
  readonly #preparing = new Map<string, Promise<Buffer>>()
  readonly #out = new ByteSink(64 * 1024)
  readonly #sweep: NodeJS.Timeout
  #next = 0
  #rest: Buffer | undefined
  #flushing = false
  #lastHeard = performance.now()
  #ended: WireFailure | undefined
  /** Called once, when the connection ends. */
  onEnd: (failure: WireFailure) => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (cause) => this.#end({ kind: 'broken', reason: cause.message, cause }))
    socket.on('close', () => this.#end({ kind: 'broken', reason: 'the connection was closed' }))
    this.#sweep = setInterval(() => this.#lookThrough(), sweepMs)
    this.#sweep.unref()
  }

  /** Connects, and logs in where the node asks for it. Rejects with a WireTrouble. */
  static async open(target: WireTarget): Promise<WireConnection> {
    const connection = new WireConnection(await socketTo(target))
    try {
      await connection.#start(target)
      return connection
    } catch (failure) {
      connection.close('it was given up')
      throw failure
    }
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  get inFlight(): number {
    return this.#pending.size
  }

  /** Sends it in this turn of the event loop. */
  send(request: WireRequest): void {
    if (this.#ended !== undefined) return request.failed(this.#ended)
    const stream = this.#free.pop() ?? (this.#next < mostStreams ? this.#next++ : undefined)
    if (stream === undefined)
      return request.failed({ kind: 'silent', reason: 'too many requests are unanswered' })
    const start = openFrame(this.#out, request.opcode, stream)
    request.write(this.#out)
    closeFrame(this.#out, start)
    this.#pending.set(stream, { request, stream, deadline: performance.now() + request.timeoutMs })
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => this.#flush())
  }

  /** The id of a statement that was prepared here. */
  prepared(statement: string): Buffer | undefined {
    return this.#prepared.get(statement)
  }

  /** Has the node prepare a statement; asked again, it waits for the first answer. Rejects with a WireTrouble. */
  prepare(statement: string, timeoutMs: number): Promise<Buffer> {
    const under = this.#preparing.get(statement)
    if (under !== undefined) return under
    const write = (sink: ByteSink): void => writePrepare(sink, statement)
    const preparing = this.#ask(opcodes.prepare, timeoutMs, write, readPrepared)
      .then((id) => {
        this.#prepared.set(statement, id)
        return id
      })
      .finally(() => this.#preparing.delete(statement))
    this.#preparing.set(statement, preparing)
    return preparing
  }

  /** Drops a statement that the node has forgotten. */
  forget(statement: string): void {
    this.#prepared.delete(statement)
  }

  /** Ends it at once; what was under way fails. */
  close(reason = 'it was closed'): void {
    this.#end({ kind: 'broken', reason })
  }

  async #start({ username, password, connectMs }: WireTarget): Promise<void> {
    const opcode = await this.#ask(opcodes.startup, connectMs, writeStartup, (_bytes, _at, answer) => answer)
    if (opcode !== opcodes.authenticate) return
    if (username === undefined)
      throw refusedLogin('the node asks for a user and password, and the environment gives none')
    const write = (sink: ByteSink): void => writeCredentials(sink, username, password?.reveal() ?? '')
    const answer = await this.#ask(opcodes.authResponse, connectMs, write, (_bytes, _at, opcode) => opcode)
    if (answer !== opcodes.authSuccess) throw refusedLogin('the node asks for more than a password')
  }

  #ask<Answer>(
    opcode: number,
    timeoutMs: number,
    write: (sink: ByteSink) => void,
    read: (bytes: Buffer, at: number, opcode: number) => Answer,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const failed = (failure: WireFailure): void => reject(new WireTrouble(failure))
      const answered = (bytes: Buffer, at: number, answer: number): void => {
        try {
          resolve(read(bytes, at, answer))
        } catch (cause) {
          failed({ kind: 'broken', reason: (cause as Error).message, cause })
        }
      }
      this.send({ opcode, timeoutMs, write, answered, failed })
    })
  }

  #flush(): void {
    this.#flushing = false
    if (this.#ended !== undefined || this.#out.length === 0) return
    this.#socket.write(this.#out.copy())
    this.#out.length = 0
  }

  #read(chunk: Buffer): void {
    this.#lastHeard = performance.now()
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= headerLength) {
      const end = at + headerLength + readU32(bytes, at + 5)
      if (end > bytes.length) break
      this.#answer(bytes, at)
      at = end
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at)
  }

  #answer(bytes: Buffer, at: number): void {
    const stream = (bytes[at + 2]! << 8) | bytes[at + 3]!
    const pending = this.#pending.get(stream)
    // Late: its request has failed already. The stream may now be used again.
    if (pending === undefined) return void this.#free.push(stream)
    this.#pending.delete(stream)
    this.#free.push(stream)
    const body = at + headerLength + warningsLength(bytes, at)
    if (bytes[at + 4] !== opcodes.error) pending.request.answered(bytes, body, bytes[at + 4]!)
    else pending.request.failed({ kind: 'answer', error: readError(bytes, body) })
  }

  #lookThrough(): void {
    const now = performance.now()
    if (this.#pending.size === 0) {
      if (now - this.#lastHeard > idleMs) this.#beat()
      return
    }
    for (const { request, stream, deadline } of this.#pending.values()) {
      if (deadline > now) continue
      this.#pending.delete(stream)
      const reason = `it did not answer within ${request.timeoutMs} ms`
      request.failed({ kind: 'silent', reason })
      if (now - this.#lastHeard >= request.timeoutMs) return this.#end({ kind: 'broken', reason })
    }
  }

  /** Keeps firewalls from forgetting the connection, and notices when the node has. */
  #beat(): void {
    this.#lastHeard = performance.now()
    const ignored = (): void => undefined
    this.send({
      opcode: opcodes.options,
      timeoutMs: idleAnswerMs,
      write: ignored,
      answered: ignored,
      failed: ignored,
    })
  }

  #end(failure: WireFailure): void {
    if (this.#ended !== undefined) return
    this.#ended = failure
    clearInterval(this.#sweep)
    this.#socket.destroy()
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { request } of pending) request.failed(failure)
    this.onEnd(failure)
  }
}

/** Answers may begin with warnings (flag 0x08): a list of texts. */
function warningsLength(bytes: Buffer, at: number): number {
  if ((bytes[at + 1]! & 0x08) === 0) return 0
  const start = at + headerLength
  let end = start + 2
  for (let left = bytes.readUInt16BE(start); left > 0; left--) end += 2 + bytes.readUInt16BE(end)
  return end - start
}

function refusedLogin(message: string): WireTrouble {
  return new WireTrouble({ kind: 'answer', error: { code: 0x0100, message } })
}

function socketTo({ host, port, tls, connectMs }: WireTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true, keepAlive: true })
        : connectTls({ host, port, ...tlsOptions(tls) })
    const failed = (reason: string, cause?: unknown): void => {
      socket.destroy()
      reject(new WireTrouble({ kind: 'broken', reason, cause }))
    }
    const error = (cause: Error): void => failed(cause.message, cause)
    socket.setTimeout(connectMs, () => failed(`it does not take the connection within ${connectMs} ms`))
    socket.once('error', error)
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      socket.setTimeout(0)
      socket.setNoDelay(true)
      socket.off('error', error)
      resolve(socket)
    })
  })
}
