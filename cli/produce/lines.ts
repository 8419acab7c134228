import { isUtf8 } from 'node:buffer'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { valueAt } from '../../engine/component/record-view.ts'
import { MillraceError, sentenceOf } from '../../engine/errors.ts'
import type { InputLine } from '../terminal/lines.ts'

/** The longest line that is read, in bytes. */
export const longestLine = 16 * 1024 * 1024

/** The latest time that JavaScript's dates have, milliseconds since 1970. */
const latestTime = 8.64e15

/** The key, value and time that a line stands for. */
export interface KeyedValue {
  /** Milliseconds since 1970; undefined: that of writing. */
  readonly timestamp: number | undefined
  readonly key: Buffer | null
  readonly value: Uint8Array
}

/** What a line is made into. */
export interface LineRules {
  /** Undefined: values go as they are. */
  readonly encoder: ValueEncoder | undefined
  /** The path of the field that is the key; undefined: records have none. */
  readonly key: readonly string[] | undefined
  /** The path of the field that is the record's timestamp; undefined: the time of writing is. */
  readonly timestamp: readonly string[] | undefined
}

/** What a line is no record for, in a few words. */
export class LineRefused extends Error {}

/** The record that a line stands for. Throws LineRefused. */
export function recordOf(line: InputLine, { encoder, key, timestamp }: LineRules): KeyedValue {
  const { bytes } = line
  if (bytes === undefined) throw new LineRefused(`longer than ${longestLine} bytes`)
  if (encoder === undefined && key === undefined && timestamp === undefined)
    return { key: null, value: bytes, timestamp: undefined }
  const parsed = parseLine(bytes)
  const keyBytes = key === undefined ? null : keyOf(parsed, key)
  return {
    key: keyBytes,
    value: encoder === undefined ? bytes : encode(encoder, parsed),
    timestamp: timestamp === undefined ? undefined : timeOf(parsed, timestamp),
  }
}

function parseLine(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new LineRefused('not UTF-8')
  const text = bytes.toString('utf8')
  try {
    // JavaScript would round whole numbers of 16 digits and more; only lines that may hold one pay for keeping them.
    return /\d{16}/.test(text) ? (JSON.parse(text, exactInteger) as unknown) : (JSON.parse(text) as unknown)
  } catch (error) {
    throw new LineRefused(`not JSON: ${jsonProblem(error)}`)
  }
}

function exactInteger(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Without the text itself, which V8 quotes: it may be long, and is in the file. */
function jsonProblem(error: unknown): string {
  return sentenceOf(error)
    .replace(/, (\.\.\.)?".*"?(\.\.\.)? is not valid JSON/s, '')
    .replace(/ \(line 1 column \d+\)/, '')
}

function encode(encoder: ValueEncoder, value: unknown): Uint8Array {
  try {
    return encoder.encode(value)
  } catch (error) {
    if (error instanceof MillraceError && error.kind === 'permanent') throw new LineRefused(error.message)
    throw error
  }
}

function keyOf(value: unknown, path: readonly string[]): Buffer {
  const key = valueAt(value, path)
  switch (typeof key) {
    case 'string':
      return Buffer.from(key, 'utf8')
    case 'number':
    case 'bigint':
    case 'boolean':
      return Buffer.from(String(key), 'utf8')
    case 'object':
      if (key !== null) throw new LineRefused(`the key ${path.join('.')} is no text, number or boolean`)
      throw new LineRefused(`the key ${path.join('.')} is null`)
    default:
      throw new LineRefused(`it has no field ${path.join('.')} for the key`)
  }
}

/** Milliseconds since 1970, as a whole number or as a time of ISO 8601 with its offset from UTC. */
function timeOf(value: unknown, path: readonly string[]): number {
  const field = path.join('.')
  const given = valueAt(value, path)
  if (given === undefined) throw new LineRefused(`it has no field ${field} for the timestamp`)
  if (given === null) throw new LineRefused(`the timestamp ${field} is null`)
  const isIso = typeof given === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(given)
  const time = isIso ? Date.parse(given) : typeof given === 'number' ? given : NaN
  if (Number.isInteger(time) && time >= 0 && time <= latestTime) return time
  throw new LineRefused(
    `the timestamp ${field} is no time from 1970 on: give milliseconds, or 2026-01-05T12:00:00Z`,
  )
}
