import { isUtf8 } from 'node:buffer'
import { sentenceOf } from '../../engine/errors.ts'
import type { Project } from '../project/project.ts'

/** What a stored value is, for people. */
export interface ShownValue {
  /** `avro demo.Event`, `json`, `text`, `bytes`, `tombstone`. */
  readonly format: string
  readonly value: unknown
  /** Why it is not shown as what it seems to be. */
  readonly problem?: string
}

const mostBytes = 512

/** Decodes a value without being told its schema: by the schema id it carries, else as JSON or text, else its bytes. */
export async function showValue(project: Project, value: Uint8Array | null): Promise<ShownValue> {
  if (value === null) return { format: 'tombstone', value: null }
  const bytes = Buffer.from(value)
  if (bytes.length >= 5 && bytes[0] === 0) {
    try {
      return await showAvro(project, bytes)
    } catch (error) {
      return { ...showBytes(bytes), problem: sentenceOf(error) }
    }
  }
  if (!isUtf8(bytes)) return showBytes(bytes)
  const text = bytes.toString('utf8')
  try {
    return { format: 'json', value: JSON.parse(text) as unknown }
  } catch {
    return { format: 'text', value: text }
  }
}

/** The schema id in the Confluent wire format: a zero byte, and four of the id. Undefined for anything else. */
export function schemaIdOf(value: Uint8Array | null): number | undefined {
  if (value === null || value.length < 5 || value[0] !== 0) return undefined
  return Buffer.from(value.buffer, value.byteOffset, value.length).readUInt32BE(1)
}

async function showAvro(project: Project, bytes: Buffer): Promise<ShownValue> {
  const { createWireCodec } = await import('../../engine/avro/codec.ts')
  const registry = await project.valueRegistry()
  const schema = await registry.load(bytes.readUInt32BE(1))
  return {
    format: `avro ${schema.fullName}`,
    value: createWireCodec(registry).decode(bytes, 0, bytes.length),
  }
}

function showBytes(bytes: Buffer): ShownValue {
  const shown = bytes.subarray(0, mostBytes).toString('hex')
  return {
    format: 'bytes',
    value: `0x${shown}${bytes.length > mostBytes ? `… (${bytes.length} bytes)` : ''}`,
  }
}

/** JSON of anything that was decoded: whole numbers beyond 2^53 as text, bytes as 0x and hexadecimal digits. */
export function shownJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replacer, indent)
}

function replacer(this: unknown, name: string, value: unknown): unknown {
  // JSON.stringify asks a Buffer for its own form before it asks here.
  const own = (this as Readonly<Record<string, unknown>>)[name]
  if (own instanceof Uint8Array) return `0x${Buffer.from(own).toString('hex')}`
  return typeof value === 'bigint' ? String(value) : value
}
