import { decimalToText } from './decimal.ts'
import { describeFieldFailure } from './field-reader.ts'
import { instantiate } from './generated.ts'
import { LEFT_OVER, readSource } from './read-codegen.ts'
import type { ReadPlan } from './read-plan.ts'
import { TextReader } from './read-text.ts'
import { cursor, readBlock, readInt, readLength, readLong, skipRest } from './varint.ts'

/** Reads the value at [start, end), or throws what {@link describeReadingFailure} takes. */
export type Reading = (buffer: Buffer, start: number, end: number) => unknown

const runtime = {
  x: cursor,
  L: readLength,
  I: readInt,
  G: readLong,
  S: skipRest,
  B: readBlock,
  D: decimalToText,
  C: copyOf,
  M: setPrototypeKey,
}

/** Compiles a plan of whole values. */
export function compileReading(plan: ReadPlan): Reading {
  const { text, constants } = readSource(plan)
  return instantiate<Reading>(text, { ...runtime, t: new TextReader(), k: constants })
}

/** Half a sentence for what a reading threw. */
export function describeReadingFailure(thrown: unknown): string {
  if (thrown === LEFT_OVER) return `${cursor.length} bytes are left over after it`
  if (typeof thrown === 'number') return describeFieldFailure(thrown)
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function copyOf(buffer: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  buffer.copy(copy, 0, start, end)
  return copy
}

/** A map's key `__proto__` is a key like others; an assignment would set the prototype. */
function setPrototypeKey(map: object, value: unknown): void {
  Object.defineProperty(map, '__proto__', { value, enumerable: true, writable: true, configurable: true })
}
