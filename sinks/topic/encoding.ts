import { permanentError, type RecordBatch, type ValueEncoder } from '../../engine/component/index.ts'

/** Encodes the value (not a tombstone) of record `i` of a batch. Throws a permanent error for one that does not fit. */
export type Encode = (value: unknown, batch: RecordBatch, i: number) => Uint8Array

/** How a sink encodes: with one schema, or each record with that of its type; undefined where no schema is given. */
export async function encoding(
  schema: string | readonly string[] | undefined,
  open: (name: string) => Promise<ValueEncoder>,
): Promise<Encode | undefined> {
  if (schema === undefined) return undefined
  if (typeof schema === 'string') {
    const encoder = await open(schema)
    return (value) => encoder.encode(value)
  }
  const opened = await Promise.all(schema.map(async (name) => [name, await open(name)] as const))
  return byType(new Map(opened))
}

function byType(encoders: ReadonlyMap<string, ValueEncoder>): Encode {
  return (value, batch, i) => {
    const type = batch.type(i)
    const encoder = type === undefined ? undefined : encoders.get(type)
    if (encoder !== undefined) return encoder.encode(value)
    const is = type === undefined ? 'has no type' : `is of the type ${type}`
    throw permanentError(
      'RECORD_TYPE_UNEXPECTED',
      `The record ${is}; its topic takes ${[...encoders.keys()].join(', ')}.`,
    )
  }
}
