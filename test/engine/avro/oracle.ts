import type avro from 'avsc'
import type { Decoder } from '../../../engine/avro/codec.ts'
import { identityForm } from '../../../engine/avro/canonical.ts'
import { instantiate } from '../../../engine/avro/generated.ts'
import type { Schema } from '../../../engine/avro/schema.ts'
import { createPasser, helperFunctions, passCode, returning } from '../../../engine/avro/skip-codegen.ts'
import * as varint from '../../../engine/avro/varint.ts'
import { avscType } from './avsc-types.ts'

const types = new WeakMap<Schema, avro.Type>()

/** avsc's type of a schema: what the codec of the engine is compared with. */
export function avscOf(schema: Schema): avro.Type {
  const known = types.get(schema)
  if (known !== undefined) return known
  const type = avscType(absolute(identityForm(schema.root)))
  types.set(schema, type)
  return type
}

/** Names without namespace get a leading dot: avsc's way to say that they have none. */
function absolute(json: unknown): unknown {
  if (typeof json === 'string') return json
  if (Array.isArray(json)) return json.map(absolute)
  const form = { ...(json as Record<string, unknown>) }
  const spell = (name: string): string => (name.includes('.') ? name : `.${name}`)
  if (typeof form['name'] === 'string') form['name'] = spell(form['name'])
  if (Array.isArray(form['aliases'])) form['aliases'] = (form['aliases'] as string[]).map(spell)
  for (const part of ['items', 'values']) if (form[part] !== undefined) form[part] = reference(form[part])
  if (form['type'] === 'record')
    form['fields'] = (form['fields'] as { type: unknown }[]).map((field) => ({
      ...field,
      type: reference(field.type),
    }))
  return form

  function reference(type: unknown): unknown {
    if (Array.isArray(type)) return type.map(reference)
    if (typeof type !== 'string') return absolute(type)
    const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']
    return primitives.includes(type) ? type : spell(type)
  }
}

/**
 * A decoder of two passes: the strict check that fields which nobody wants get, and avsc. Throws Errors, with a failure
 * code of varint.ts or "left over" where the check found something.
 */
export function avscDecoder(writer: Schema, reader: Schema = writer): Decoder {
  const passer = createPasser(true)
  const body = passCode(passer, writer.root, returning)
  const text = `'use strict';${helperFunctions(passer)}
return function check(b,p,e){let n=0;const d=0;x.empty=0;${body}return p}`
  const known = {
    x: varint.cursor,
    L: varint.readLength,
    I: varint.readInt,
    S: varint.skipRest,
    B: varint.readBlock,
  }
  const check = instantiate<(b: Buffer, p: number, e: number) => number>(text, known)
  const type = avscOf(reader.contentId === writer.contentId ? writer : reader)
  const resolver = reader.contentId === writer.contentId ? undefined : type.createResolver(avscOf(writer))
  return (buffer, start, end) => {
    const at = check(buffer, start, end)
    if (at < 0) throw new Error(String(-at))
    if (at < end) throw new Error(`${end - at} bytes are left over after it`)
    const result: { value: unknown; offset: number } = type.decode(buffer, start, resolver)
    if (result.offset !== end) throw new Error('avsc ended elsewhere')
    return result.value
  }
}
