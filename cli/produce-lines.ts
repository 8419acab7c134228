import { isUtf8 } from 'node:buffer'
import type { ValueEncoder } from '../engine/component/codec.ts'
import { valueAt } from '../engine/component/record-view.ts'
import { MillraceError, sentenceOf } from '../engine/errors.ts'
import type { InputLine } from './lines.ts'

/** The longest line that is read, in bytes. */
export const longestLine = 16 * 1024 * 1024

/** The key and value that a line stands for. */
export interface KeyedValue {
  readonly key: Buffer | null
  readonly value: Uint8Array
}

/** What a line is made into. */
export interface LineRules {
  /** Undefined: values go as they are. */
  readonly encoder: ValueEncoder | undefined
  /** The path of the field that is the key; undefined: records have none. */
  readonly key: readonly string[] | undefined
}

/** What a line is no record for, in a few words. */
export class LineRefused extends Error {}

/** The record that a line stands for. Throws LineRefused. */
export function recordOf(line: InputLine, { encoder, key }: LineRules): KeyedValue {
  const { bytes } = line
  if (bytes === undefined) throw new LineRefused(`longer than ${longestLine} bytes`)
  if (encoder === undefined && key === undefined) return { key: null, value: bytes }
  const parsed = parseLine(bytes)
  const keyBytes = key === undefined ? null : keyOf(parsed, key)
  return { key: keyBytes, value: encoder === undefined ? bytes : encode(encoder, parsed) }
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
