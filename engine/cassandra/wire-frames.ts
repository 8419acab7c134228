import { readU32, type ByteSink } from '../cql/bytes.ts'
import type { ServerError } from './client-errors.ts'

/**
 * Frames of the CQL binary protocol, version 4 (doc/native_protocol_v4.spec of Cassandra; Scylla speaks it too). Only
 * what writing rows and reading single ones needs: no compression, no paging, no events, no tracing.
 */

export const opcodes = {
  error: 0x00,
  startup: 0x01,
  ready: 0x02,
  authenticate: 0x03,
  options: 0x05,
  supported: 0x06,
  result: 0x08,
  prepare: 0x09,
  execute: 0x0a,
  batch: 0x0d,
  authChallenge: 0x0e,
  authResponse: 0x0f,
  authSuccess: 0x10,
} as const

/** Version, flags, stream (2), opcode, length of the body (4). */
export const headerLength = 9

const version = 4

/** The most streams of a connection. */
export const mostStreams = 32_768

/** Consistency levels as the protocol numbers them. */
export const consistencies = { ONE: 0x01, QUORUM: 0x04, LOCAL_QUORUM: 0x06, LOCAL_ONE: 0x0a } as const

/** Begins a frame; its body is appended next, and then `closeFrame` is called with the answer. */
export function openFrame(sink: ByteSink, opcode: number, stream: number): number {
  const start = sink.length
  sink.u8(version)
  sink.u8(0)
  sink.u16(stream)
  sink.u8(opcode)
  sink.u32(0)
  return start
}

export function closeFrame(sink: ByteSink, start: number): void {
  sink.buffer.writeUInt32BE(sink.length - start - headerLength, start + 5)
}

export function writeStartup(sink: ByteSink): void {
  const options = { CQL_VERSION: '3.0.0', DRIVER_NAME: 'millrace' }
  const entries = Object.entries(options)
  sink.u16(entries.length)
  for (const entry of entries) for (const text of entry) writeText(sink, text)
}

/** SASL PLAIN (RFC 4616), as PasswordAuthenticator takes it. */
export function writeCredentials(sink: ByteSink, username: string, password: string): void {
  const token = Buffer.from(`\0${username}\0${password}`)
  sink.u32(token.length)
  sink.bytes(token)
}

export function writePrepare(sink: ByteSink, statement: string): void {
  const bytes = Buffer.from(statement)
  sink.u32(bytes.length)
  sink.bytes(bytes)
}

/** The head of an EXECUTE; its values, each with its length, follow. */
export function writeExecute(sink: ByteSink, id: Buffer, consistency: number, values: number): void {
  writeId(sink, id)
  sink.u16(consistency)
  // Values are given, and the answer need not say again what its columns are.
  sink.u8(0x01 | 0x02)
  sink.u16(values)
}

/** The head of an unlogged BATCH of so many statements; each is `writeBatched` and its values. */
export function writeBatchHead(sink: ByteSink, statements: number): void {
  sink.u8(1)
  sink.u16(statements)
}

export function writeBatched(sink: ByteSink, id: Buffer, values: number): void {
  sink.u8(1)
  writeId(sink, id)
  sink.u16(values)
}

export function writeBatchTail(sink: ByteSink, consistency: number): void {
  sink.u16(consistency)
  sink.u8(0)
}

/** The bytes that say how long a value is: not set, null. */
export const unset = -2
export const none = -1

function writeId(sink: ByteSink, id: Buffer): void {
  sink.u16(id.length)
  sink.bytes(id)
}

function writeText(sink: ByteSink, text: string): void {
  sink.u16(Buffer.byteLength(text))
  sink.utf8(text)
}

/** The body of an ERROR. */
export function readError(bytes: Buffer, at: number): ServerError {
  const code = readU32(bytes, at)
  const length = bytes.readUInt16BE(at + 4)
  return { code, message: bytes.toString('utf8', at + 6, at + 6 + length) }
}

const resultKinds = { void: 1, rows: 2, prepared: 4 } as const

/** The statement's id from the RESULT of a PREPARE. */
export function readPrepared(bytes: Buffer, at: number): Buffer {
  if (readU32(bytes, at) !== resultKinds.prepared) throw new RangeError('no prepared statement in the answer')
  const length = bytes.readUInt16BE(at + 4)
  return Buffer.from(bytes.subarray(at + 6, at + 6 + length))
}

/** Calls `visit` for each value of the first row of a RESULT; false where it has no rows. */
export function readFirstRow(
  bytes: Buffer,
  at: number,
  visit: (column: number, start: number, end: number) => void,
): boolean {
  if (readU32(bytes, at) !== resultKinds.rows) return false
  const columns = readU32(bytes, at + 8)
  let cursor = afterMetadata(bytes, at + 4)
  const rows = readU32(bytes, cursor)
  cursor += 4
  if (rows === 0) return false
  for (let column = 0; column < columns; column++) {
    const length = readU32(bytes, cursor) | 0
    cursor += 4
    visit(column, length < 0 ? -1 : cursor, cursor + Math.max(length, 0))
    cursor += Math.max(length, 0)
  }
  return true
}

const metadataFlags = { globalTable: 0x01, morePages: 0x02, none: 0x04 } as const

function afterMetadata(bytes: Buffer, start: number): number {
  const flags = readU32(bytes, start)
  const columns = readU32(bytes, start + 4)
  let at = start + 8
  if ((flags & metadataFlags.morePages) !== 0) at += 4 + Math.max(readU32(bytes, at) | 0, 0)
  if ((flags & metadataFlags.none) !== 0) return at
  const text = (): void => void (at += 2 + bytes.readUInt16BE(at))
  const global = (flags & metadataFlags.globalTable) !== 0
  if (global) for (let n = 0; n < 2; n++) text()
  for (let column = 0; column < columns; column++) {
    for (let n = global ? 2 : 0; n < 3; n++) text()
    at = afterType(bytes, at)
  }
  return at
}

/** Types with parameters: custom has a name; list and set one type, map two. Others do not occur in our tables. */
function afterType(bytes: Buffer, start: number): number {
  const type = bytes.readUInt16BE(start)
  const at = start + 2
  if (type === 0) return at + 2 + bytes.readUInt16BE(at)
  if (type === 0x20 || type === 0x22) return afterType(bytes, at)
  return type === 0x21 ? afterType(bytes, afterType(bytes, at)) : at
}
