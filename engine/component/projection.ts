import type { FieldsReader, ValueCodec } from './codec.ts'
import type { RecordBatch } from './record-batch.ts'

/** A field of a new value: a constant, or what stands at a dotted path of the value that came in. */
export type ProjectedField =
  { readonly name: string; readonly path: string } | { readonly name: string; readonly constant: unknown }

/** Makes values of some fields of others, which are read in place where that can be. */
export class Projection {
  readonly #fields: readonly ProjectedField[]
  readonly #paths: readonly (readonly string[])[]
  #codec: ValueCodec | undefined
  #reader: FieldsReader | undefined

  constructor(fields: readonly ProjectedField[]) {
    this.#fields = fields
    this.#paths = fields.flatMap((field) => ('path' in field ? [field.path.split('.')] : []))
  }

  /** True if the values of the batch need not be decoded. */
  takes({ values, origin: { codec } }: RecordBatch): boolean {
    if (values !== undefined) return false
    if (this.#codec !== codec) {
      this.#codec = codec
      this.#reader = codec.fields?.(this.#paths)
    }
    return this.#reader !== undefined
  }

  /** The new value of the record at index `i` of a batch that was taken; null for a tombstone. What is absent is not made. */
  make(batch: RecordBatch, i: number): Readonly<Record<string, unknown>> | null {
    const { bytes, valueStarts, valueEnds } = batch.origin.records
    const row = batch.rows[i]!
    const start = valueStarts[row]!
    if (start < 0) return null
    const reader = this.#reader!
    reader.read(bytes, start, valueEnds[row]!)
    const made: Record<string, unknown> = {}
    let next = 0
    for (const field of this.#fields) {
      const value = 'path' in field ? reader.values[next++] : field.constant
      if (value !== undefined) made[field.name] = value
    }
    return made
  }
}
