import { isPrimitiveName } from './model.ts'
import { qualify } from './parse.ts'

type Json = Readonly<Record<string, unknown>>

/** A named type as another schema defines it, and the namespace that stands around it there. */
interface Definition {
  readonly json: Json
  readonly outer: string
}

interface Merge {
  readonly definitions: ReadonlyMap<string, Definition>
  readonly written: Set<string>
}

/**
 * One schema out of a schema and those that it takes names from: the definition of such a name stands where the name is
 * first used, and every name is written in full, so that no namespace around it changes it. A name that nobody defines
 * stays as it is, for the parser to complain about.
 *
 * A type without namespace cannot be named from within one: Avro has no way to write that.
 */
export function mergeReferences(schema: unknown, referenced: readonly unknown[]): unknown {
  const definitions = new Map<string, Definition>()
  for (const other of referenced) collect(other, '', definitions)
  return merged(schema, '', { definitions, written: new Set() })
}

/** The names that a schema defines, also inside others. */
function collect(json: unknown, namespace: string, into: Map<string, Definition>): void {
  if (Array.isArray(json)) return json.forEach((branch) => collect(branch, namespace, into))
  if (typeof json !== 'object' || json === null) return
  const schema = json as Json
  const name = definedName(schema, namespace)
  if (name !== undefined && !into.has(name)) into.set(name, { json: schema, outer: namespace })
  const inner = name === undefined ? namespace : namespaceOf(name)
  for (const part of [schema['type'], schema['items'], schema['values']]) collect(part, inner, into)
  for (const field of fieldsOf(schema)) collect(field['type'], inner, into)
}

function merged(json: unknown, namespace: string, merge: Merge): unknown {
  if (typeof json === 'string') return mergedName(json, namespace, merge)
  if (Array.isArray(json)) return json.map((branch) => merged(branch, namespace, merge))
  if (typeof json !== 'object' || json === null) return json
  const schema = json as Json
  const name = definedName(schema, namespace)
  if (name !== undefined) return mergedDefinition(name, schema, merge)
  const parts = ['type', 'items', 'values'].filter((part) => part in schema && !isKind(schema[part]))
  return {
    ...schema,
    ...Object.fromEntries(parts.map((part) => [part, merged(schema[part], namespace, merge)])),
  }
}

function mergedName(name: string, namespace: string, merge: Merge): unknown {
  if (isPrimitiveName(name)) return name
  const full = qualify(name, namespace)
  const definition = merge.definitions.get(full)
  if (merge.written.has(full) || definition === undefined) return full
  return mergedDefinition(full, definition.json, merge)
}

function mergedDefinition(name: string, json: Json, merge: Merge): unknown {
  if (merge.written.has(name)) return name
  merge.written.add(name)
  const { namespace: _, ...rest } = json
  const inner = namespaceOf(name)
  const fields = fieldsOf(json).map((field) => ({ ...field, type: merged(field['type'], inner, merge) }))
  return {
    ...rest,
    name,
    // Inside another namespace a bare name would take that one.
    ...(inner === '' && { namespace: '' }),
    ...(json['type'] === 'record' && { fields }),
  }
}

function definedName(schema: Json, outer: string): string | undefined {
  const { type, name, namespace } = schema
  if (type !== 'record' && type !== 'enum' && type !== 'fixed') return undefined
  if (typeof name !== 'string') return undefined
  return qualify(name, typeof namespace === 'string' ? namespace : outer)
}

function fieldsOf(schema: Json): readonly Json[] {
  const fields: unknown = schema['type'] === 'record' ? schema['fields'] : undefined
  if (!Array.isArray(fields)) return []
  return fields.filter((field): field is Json => typeof field === 'object' && field !== null)
}

/** `array` and `map` say what an object is; anything else at `type` is a type. */
function isKind(json: unknown): boolean {
  return json === 'array' || json === 'map'
}

function namespaceOf(name: string): string {
  return name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
}
