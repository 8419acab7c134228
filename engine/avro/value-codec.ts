import type {
  FieldReader as ValueFieldReader,
  FieldsReader,
  ValueCodec,
  ValueEncoder,
} from '../component/codec.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { kindOf, MillraceError, permanentError } from '../errors.ts'
import { createEncoder, createWireCodec, type EncoderOptions, unknownId } from './codec.ts'
import { createFit } from './fit.ts'
import { createRenewal } from './renewal.ts'
import { compileFieldReader, createColumns, describeFieldFailure, type FieldReader } from './field-reader.ts'
import type { FieldRequest } from './field-plan.ts'
import { isDecimal } from './resolution.ts'
import type { AvroNode } from './model.ts'
import type { RegisteredSchema, SchemaRegistry } from './registry.ts'
import { fieldAt, type Schema } from './schema.ts'
import { peekSchemaId, readSchemaId, WIRE_HEADER_BYTES } from './wire.ts'

// The answers of a reader's locate, as engine/component/codec.ts numbers them. Rooms import only types from there.
const found = 1
const absent = 0
const undecodable = -1

// An id that the registry does not know is asked for again after this many milliseconds.
const askAgainAfter = 1000
const mostAsked = 10_000

/**
 * The values of a topic as a topology sees them: records of `reader`, whatever version wrote them.
 *
 * An id whose schema cannot be had for good does not fail `prepare`: the values that carry it throw
 * AVRO_UNKNOWN_SCHEMA_ID (or what else is wrong) when they are decoded, and the registry is asked again at most once a
 * second.
 */
export function avroValueCodec(registry: SchemaRegistry, reader: RegisteredSchema): ValueCodec {
  const codec = createWireCodec(registry)
  const prepare = preparation(registry)
  return {
    name: `avro ${reader.schema.fullName}`,
    prepare,
    decode: (bytes, start, end) => codec.decode(bytes, start, end, reader),
    reader: (path) =>
      fieldReader(registry, reader, path, (bytes, start, end) => codec.decode(bytes, start, end, reader)),
    fields: (paths) => fieldsReader(registry, reader, paths),
    types: {
      names: [reader.schema.fullName],
      of: createTypeOf(registry, [reader]),
      fit: createFit([reader]),
      ...createRenewal([reader]),
    },
  }
}

/** Answers the full name of the schema, of those given, that a value is read as: the one that its writer's is a version of. */
export function createTypeOf(
  registry: SchemaRegistry,
  readers: readonly RegisteredSchema[],
): (bytes: Buffer, start: number, end: number) => string | undefined {
  const byId = new Map<number, string | undefined>()
  let lastId = -1
  let last: string | undefined
  return (bytes, start, end) => {
    const id = peekSchemaId(bytes, start, end)
    if (id === lastId || id < 0) return id < 0 ? undefined : last
    if (!byId.has(id)) {
      const writer = registry.byId(id)
      if (writer === undefined) return undefined
      byId.set(id, readerFor(readers, writer)?.schema.fullName)
    }
    lastId = id
    last = byId.get(id)
    return last
  }
}

/** The schema that a writer's is a version of: of the same name, or with an alias of that name. */
export function readerFor(
  readers: readonly RegisteredSchema[],
  { fullName }: Schema,
): RegisteredSchema | undefined {
  const isFormerly = ({ schema: { root } }: RegisteredSchema): boolean =>
    root.kind === 'record' && root.aliases.includes(fullName)
  return readers.find(({ schema }) => schema.fullName === fullName) ?? readers.find(isFormerly)
}

/** An encoder of one schema, for sinks and `produce`. */
export function avroValueEncoder(schema: RegisteredSchema, options: EncoderOptions = {}): ValueEncoder {
  return { name: `avro ${schema.schema.fullName}`, encode: createEncoder(schema, options) }
}

/** Loads the schemas of a run's values; what is wrong with one of them is for its values to say. */
export function preparation(registry: SchemaRegistry): ValueCodec['prepare'] {
  const refusedAt = new Map<number, number>()
  // Whoever comes while an id is asked for waits for the same answer: the tasks of a worker share a codec.
  const asking = new Map<number, Promise<void>>()
  const load = async (id: number): Promise<void> => {
    try {
      await registry.load(id)
    } catch (error) {
      if (kindOf(error) !== 'permanent') throw error
      // A verdict on the values with this id: it is theirs to fail, one by one. Garbage may have a new id in each value.
      if (refusedAt.size >= mostAsked) refusedAt.clear()
      refusedAt.set(id, performance.now())
    } finally {
      asking.delete(id)
    }
  }
  const fetch = (id: number): Promise<void> => {
    const asked = asking.get(id) ?? load(id)
    asking.set(id, asked)
    return asked
  }
  return (records) => {
    const missing = missingIds(registry, records).filter((id) => {
      const at = refusedAt.get(id)
      return at === undefined || performance.now() - at >= askAgainAfter
    })
    return missing.length === 0 ? undefined : Promise.all(missing.map(fetch)).then(() => undefined)
  }
}

function missingIds(registry: SchemaRegistry, records: PackedRecords): number[] {
  const { bytes, count, valueStarts, valueEnds } = records
  const missing = new Set<number>()
  let known = -1
  for (let row = 0; row < count; row++) {
    const id = peekSchemaId(bytes, valueStarts[row]!, valueEnds[row]!)
    if (id < 0 || id === known) continue
    if (registry.byId(id) === undefined) missing.add(id)
    else known = id
  }
  return [...missing]
}

/** Compiles a reader of the fields, or says why what this writer writes cannot be read so. */
function compileFor(
  registry: SchemaRegistry,
  reader: RegisteredSchema,
  id: number,
  fields: readonly FieldRequest[],
) {
  const writer = registry.byId(id)
  if (writer === undefined) return undefined
  try {
    return compileFieldReader(writer, fields, reader.schema)
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}

/** Compiled readers by writer id; the one used last is at hand. `undefined`: the writer is not known (yet). */
function byWriter(registry: SchemaRegistry, reader: RegisteredSchema, fields: readonly FieldRequest[]) {
  const readers = new Map<number, FieldReader | MillraceError>()
  let lastId = -1
  let last: FieldReader | MillraceError | undefined
  return (id: number): FieldReader | MillraceError | undefined => {
    if (id === lastId) return last
    const made = readers.get(id) ?? compileFor(registry, reader, id, fields)
    if (made === undefined) return undefined
    readers.set(id, made)
    lastId = id
    last = made
    return made
  }
}

type Decode = (bytes: Buffer, start: number, end: number) => unknown

function fieldReader(
  registry: SchemaRegistry,
  reader: RegisteredSchema,
  path: readonly string[],
  decode: Decode,
): ValueFieldReader {
  const node = fieldAt(reader.schema.root, path)
  if (typeof node === 'string') throw permanentError('CONFIG_INVALID', node)
  return {
    locate: locator(registry, reader, path, node),
    read: isSimple(node)
      ? valueReader(registry, reader, path)
      : (bytes, start, end) => pick(decode(bytes, start, end), path),
  }
}

function isSimple(node: AvroNode): boolean {
  return leavesOf(node).every(
    (leaf) => leaf.kind !== 'record' && leaf.kind !== 'array' && leaf.kind !== 'map',
  )
}

function leavesOf(node: AvroNode): readonly AvroNode[] {
  return node.kind === 'union' ? node.branches : [node]
}

function locator(
  registry: SchemaRegistry,
  reader: RegisteredSchema,
  path: readonly string[],
  node: AvroNode,
) {
  const spanned = ['null', 'string', 'bytes', 'fixed', 'int', 'long']
  const usable = leavesOf(node).every((leaf) => spanned.includes(leaf.kind) && !isDecimal(leaf))
  if (!usable) return (): number => refuseLocate(reader, path)
  // Compiled against the reader itself, so that a path that cannot be located is refused now and not per record.
  const columns = createColumns(compileFieldReader(reader.schema, [{ path, as: 'span' }]), 1)
  const span = columns.fields[0] as Int32Array
  const readerOf = byWriter(registry, reader, [{ path, as: 'span' }])
  return (bytes: Buffer, start: number, end: number, place: Int32Array): number => {
    const id = peekSchemaId(bytes, start, end)
    const compiled = id < 0 ? undefined : readerOf(id)
    if (compiled === undefined || compiled instanceof MillraceError) return undecodable
    if (compiled.read(bytes, start + WIRE_HEADER_BYTES, end, columns, 0) !== 0) return undecodable
    // A default is no id: every record without one would be the same record.
    if (span[1]! < 0) return absent
    place[0] = span[0]!
    place[1] = span[0]! + span[1]!
    return found
  }
}

function refuseLocate(reader: RegisteredSchema, path: readonly string[]): never {
  const what = `"${path.join('.')}" of ${reader.schema.fullName}`
  throw permanentError(
    'RECORD_INVALID',
    `${what} cannot be an id or key: those are text, bytes, int or long.`,
  )
}

function valueReader(registry: SchemaRegistry, reader: RegisteredSchema, path: readonly string[]): Decode {
  const fields = readerOfAll(registry, reader, [path])
  return (bytes, start, end) => {
    fields.read(bytes, start, end)
    return fields.values[0]
  }
}

/** Undefined unless each is a plain value, and what lies before it are records. */
function fieldsReader(
  registry: SchemaRegistry,
  reader: RegisteredSchema,
  paths: readonly (readonly string[])[],
): FieldsReader | undefined {
  const isPlain = (path: readonly string[]): boolean => {
    const parents = path.map((_, depth) => fieldAt(reader.schema.root, path.slice(0, depth)))
    const node = fieldAt(reader.schema.root, path)
    const inRecords = parents.every((parent) => typeof parent !== 'string' && parent.kind === 'record')
    return inRecords && typeof node !== 'string' && isSimple(node)
  }
  return paths.every(isPlain) ? readerOfAll(registry, reader, paths) : undefined
}

function readerOfAll(
  registry: SchemaRegistry,
  reader: RegisteredSchema,
  paths: readonly (readonly string[])[],
): FieldsReader {
  const fields = paths.map((path): FieldRequest => ({ path, as: 'value' }))
  const columns = createColumns(compileFieldReader(reader.schema, fields), 1)
  const cells = columns.fields as readonly unknown[][]
  const values = new Array<unknown>(paths.length)
  const readerOf = byWriter(registry, reader, fields)
  return {
    values,
    read(bytes, start, end) {
      const id = readSchemaId(bytes, start, end)
      const compiled = readerOf(id)
      if (compiled === undefined) throw registry.refusal?.(id) ?? unknownId(id)
      if (compiled instanceof MillraceError) throw compiled
      const code = compiled.read(bytes, start + WIRE_HEADER_BYTES, end, columns, 0)
      if (code !== 0) throw unreadable(reader, paths, code)
      for (let n = 0; n < cells.length; n++) values[n] = cells[n]![0]
    },
  }
}

function unreadable(
  reader: RegisteredSchema,
  paths: readonly (readonly string[])[],
  code: number,
): MillraceError {
  const names = paths.map((path) => `"${path.join('.')}"`).join(', ')
  const what = `${names} of ${reader.schema.fullName} cannot be read`
  return permanentError('AVRO_UNDECODABLE', `${what}: ${describeFieldFailure(code)}.`)
}

function pick(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
