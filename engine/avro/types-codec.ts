import type { FieldReader, FieldsReader, ValueCodec } from '../component/codec.ts'
import type { OtherTypes } from '../component/contracts/sink.ts'
import { permanentError, type MillraceError } from '../errors.ts'
import { unknownId } from './codec.ts'
import { createFit } from './fit.ts'
import { createRenewal } from './renewal.ts'
import { isDecimal } from './resolution.ts'
import type { AvroNode } from './model.ts'
import type { RegisteredSchema, SchemaRegistry } from './registry.ts'
import { fieldAt } from './schema.ts'
import { avroValueCodec, createTypeOf, preparation, readerFor } from './value-codec.ts'
import { readSchemaId } from './wire.ts'

/** One record type of several, with the codec that reads it. */
interface Member {
  readonly name: string
  readonly root: AvroNode
  readonly codec: ValueCodec
}

/** The member that a value is read as; undefined for one of another type. Throws where its schema cannot be had. */
type Choose = (bytes: Buffer, start: number, end: number) => Member | undefined

/**
 * The values of a topic with several record types: each is read as the one of `readers` that its writer's schema is a version
 * of. A field that a type does not have is absent in its records; one that none has is refused. `others`: what becomes of
 * values of further types.
 */
export function avroTypesCodec(
  registry: SchemaRegistry,
  readers: readonly RegisteredSchema[],
  others: OtherTypes = 'fail',
): ValueCodec {
  const members = readers.map((reader): Member => {
    const { fullName: name, root } = reader.schema
    return { name, root, codec: avroValueCodec(registry, reader) }
  })
  const names = members.map(({ name }) => name)
  const choose = chooser(registry, readers, members)
  const chosen = (bytes: Buffer, start: number, end: number): Member => {
    const member = choose(bytes, start, end)
    if (member === undefined) throw unexpected(registry, readSchemaId(bytes, start, end), names)
    return member
  }
  return {
    name: `avro ${names.join(' or ')}`,
    prepare: preparation(registry),
    decode: (bytes, start, end) => chosen(bytes, start, end).codec.decode(bytes, start, end),
    reader: (path) => readerOf(members, chosen, path),
    fields: (paths) => fieldsOf(members, chosen, paths),
    types: {
      names,
      of: createTypeOf(registry, readers),
      fit: createFit(readers),
      ...createRenewal(readers),
    },
    takes: (bytes, start, end) => (others === 'skip' ? choose : chosen)(bytes, start, end) !== undefined,
  }
}

function chooser(
  registry: SchemaRegistry,
  readers: readonly RegisteredSchema[],
  members: readonly Member[],
): Choose {
  const byId = new Map<number, Member | undefined>()
  let lastId = -1
  let last: Member | undefined
  return (bytes, start, end) => {
    const id = readSchemaId(bytes, start, end)
    if (id === lastId) return last
    if (!byId.has(id)) {
      const writer = registry.byId(id)
      if (writer === undefined) throw registry.refusal?.(id) ?? unknownId(id)
      const reader = readerFor(readers, writer)
      byId.set(id, reader && members[readers.indexOf(reader)])
    }
    lastId = id
    last = byId.get(id)
    return last
  }
}

function unexpected(registry: SchemaRegistry, id: number, names: readonly string[]): MillraceError {
  const found = registry.byId(id)?.fullName ?? `of the schema ${id}`
  const read = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`
  return permanentError(
    'RECORD_TYPE_UNEXPECTED',
    `The record is a ${found}, and its source reads ${read}: add it to "schema", or say "others: skip".`,
    { facts: { id } },
  )
}

function has({ root }: Member, path: readonly string[]): boolean {
  return typeof fieldAt(root, path) !== 'string'
}

function readerOf(
  members: readonly Member[],
  chosen: (bytes: Buffer, start: number, end: number) => Member,
  path: readonly string[],
): FieldReader {
  const own = new Map(
    members.filter((member) => has(member, path)).map((member) => [member, member.codec.reader(path)]),
  )
  if (own.size === 0) {
    const what = members.length === 1 ? (fieldAt(members[0]!.root, path) as string) : noneHas(members, path)
    throw permanentError('CONFIG_INVALID', what)
  }
  const contradiction = contradictionAt(members, path)
  return {
    locate(bytes, start, end, place) {
      if (contradiction !== undefined) throw permanentError('RECORD_INVALID', contradiction)
      const reader = own.get(chosen(bytes, start, end))
      return reader === undefined ? 0 : reader.locate(bytes, start, end, place)
    },
    read: (bytes, start, end) => own.get(chosen(bytes, start, end))?.read(bytes, start, end),
  }
}

function noneHas(members: readonly Member[], path: readonly string[]): string {
  return `There is no field "${path.join('.')}" in any of ${members.map(({ name }) => name).join(', ')}.`
}

/** A text and a number have no bytes in common by which equal ones could be told: an id or key is one of them. */
function contradictionAt(members: readonly Member[], path: readonly string[]): string | undefined {
  const firstOf = new Map<string, string>()
  for (const { name, root } of members) {
    const node = fieldAt(root, path)
    if (typeof node === 'string') continue
    for (const kind of kindsOf(node)) if (!firstOf.has(kind)) firstOf.set(kind, name)
  }
  const [text, integer] = [firstOf.get('text'), firstOf.get('integer')]
  if (text === undefined || integer === undefined) return undefined
  return `The field "${path.join('.')}" is text in ${text} and a number in ${integer}: it cannot be an id or key.`
}

function kindsOf(node: AvroNode): readonly string[] {
  const leaves = node.kind === 'union' ? node.branches : [node]
  return leaves.flatMap((leaf) => {
    if (leaf.kind === 'int' || leaf.kind === 'long') return ['integer']
    const isText = leaf.kind === 'string' || leaf.kind === 'bytes' || leaf.kind === 'fixed'
    return isText && !isDecimal(leaf) ? ['text'] : []
  })
}

interface MemberFields {
  readonly reader: FieldsReader
  /** For each value of the reader, its place among all. */
  readonly places: readonly number[]
}

/** Undefined where some type has to be decoded for it, or no type has a field. */
function fieldsOf(
  members: readonly Member[],
  chosen: (bytes: Buffer, start: number, end: number) => Member,
  paths: readonly (readonly string[])[],
): FieldsReader | undefined {
  if (!paths.every((path) => members.some((member) => has(member, path)))) return undefined
  const own = new Map<Member, MemberFields>()
  for (const member of members) {
    const places = [...paths.keys()].filter((place) => has(member, paths[place]!))
    const reader = member.codec.fields?.(places.map((place) => paths[place]!))
    if (reader === undefined) return undefined
    own.set(member, { reader, places })
  }
  const values = new Array<unknown>(paths.length)
  return {
    values,
    read(bytes, start, end) {
      const { reader, places } = own.get(chosen(bytes, start, end))!
      reader.read(bytes, start, end)
      values.fill(undefined)
      for (let n = 0; n < places.length; n++) values[places[n]!] = reader.values[n]
    },
  }
}
