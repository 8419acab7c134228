import { fatalError, type MillraceError } from '../errors.ts'
import { checkDefault } from './defaults.ts'
import { logicalOf } from './logical.ts'
import {
  type AvroField,
  type AvroNode,
  isNamed,
  isPrimitiveName,
  type NamedNode,
  type RecordNode,
} from './model.ts'
import { didYouMean } from './suggest.ts'

type Json = Readonly<Record<string, unknown>>

interface Context {
  readonly source: string
  readonly names: Map<string, NamedNode>
}

// What Java accepts. It also keeps anything out of generated code that is no identifier: names of fields are in it.
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Checks the JSON of a schema and resolves its names.
 *
 * @param source the file or registry id, for error sentences.
 * @throws AVRO_SCHEMA_INVALID (fatal): the sentence names `source` and the place in the schema.
 */
export function parseNode(json: unknown, source: string): AvroNode {
  const context: Context = { source, names: new Map() }
  const node = typeNode(context, json, 'the root', '')
  for (const named of context.names.values()) {
    if (named.kind === 'record') refuseEndless(context, named, named, new Set())
  }
  return node
}

function invalid(context: Context, place: string, what: string): MillraceError {
  return fatalError('AVRO_SCHEMA_INVALID', `${context.source}: at ${place}: ${what}`, { facts: { place } })
}

function typeNode(context: Context, json: unknown, place: string, namespace: string): AvroNode {
  if (typeof json === 'string') return reference(context, json, place, namespace)
  if (Array.isArray(json)) return unionNode(context, json, place, namespace)
  if (typeof json !== 'object' || json === null) {
    throw invalid(
      context,
      place,
      `a type is a name, an object or a list of branches, not ${JSON.stringify(json) ?? 'nothing'}.`,
    )
  }
  const schema = json as Json
  switch (schema['type']) {
    case 'record':
      return recordNode(context, schema, place, namespace)
    case 'enum':
      return enumNode(context, schema, place, namespace)
    case 'fixed':
      return fixedNode(context, schema, place, namespace)
    case 'array':
      return { kind: 'array', items: typeNode(context, schema['items'], inside(place, 'items'), namespace) }
    case 'map':
      return { kind: 'map', values: typeNode(context, schema['values'], inside(place, 'values'), namespace) }
    default:
      return primitiveNode(context, schema, place)
  }
}

function primitiveNode(context: Context, schema: Json, place: string): AvroNode {
  const type = schema['type']
  if (typeof type !== 'string') {
    throw invalid(
      context,
      place,
      `"type" is missing or not a name; write the inner type itself, without a wrapper.`,
    )
  }
  if (!isPrimitiveName(type)) {
    const known = [
      'record',
      'enum',
      'fixed',
      'array',
      'map',
      'string',
      'long',
      'int',
      'double',
      'bytes',
      'boolean',
    ]
    throw invalid(context, place, `there is no type "${type}" here.${didYouMean(type, known)}`)
  }
  const logical = logicalOf(type, undefined, schema)
  return logical === undefined ? { kind: type } : { kind: type, logical }
}

function reference(context: Context, name: string, place: string, namespace: string): AvroNode {
  if (isPrimitiveName(name)) return { kind: name }
  const node = context.names.get(qualify(name, namespace))
  if (node !== undefined) return node
  const known = [
    ...context.names.keys(),
    'string',
    'long',
    'int',
    'double',
    'float',
    'bytes',
    'boolean',
    'null',
  ]
  throw invalid(
    context,
    place,
    `there is no type "${name}"; a name is defined before its use.${didYouMean(name, known)}`,
  )
}

function unionNode(context: Context, json: readonly unknown[], place: string, namespace: string): AvroNode {
  if (json.length === 0) throw invalid(context, place, 'a union needs at least one branch.')
  const branches = json.map((branch, index) => typeNode(context, branch, `${place}[${index}]`, namespace))
  const seen = new Set<string>()
  for (const [index, branch] of branches.entries()) {
    if (branch.kind === 'union')
      throw invalid(context, `${place}[${index}]`, 'a union cannot be a branch of a union.')
    const name = isNamed(branch) ? branch.name : branch.kind
    if (seen.has(name)) throw invalid(context, `${place}[${index}]`, `the union has "${name}" twice.`)
    seen.add(name)
  }
  return { kind: 'union', branches }
}

function recordNode(context: Context, schema: Json, place: string, outer: string): AvroNode {
  const { name, namespace, aliases } = declareName(context, schema, place, outer)
  const node: RecordNode = { kind: 'record', name, aliases, fields: [] }
  context.names.set(name, node)
  const fields = schema['fields']
  if (!Array.isArray(fields)) throw invalid(context, place, `record ${name} needs a list of "fields".`)
  for (const [index, field] of fields.entries()) {
    const parsed = recordField(context, field, inside(place, `fields[${index}]`), namespace)
    if (node.fields.some((other) => other.name === parsed.name)) {
      throw invalid(
        context,
        inside(place, `fields[${index}]`),
        `record ${name} has two fields named "${parsed.name}".`,
      )
    }
    node.fields.push(parsed)
  }
  return node
}

function recordField(context: Context, json: unknown, at: string, namespace: string): AvroField {
  if (typeof json !== 'object' || json === null)
    throw invalid(context, at, 'a field is an object with name and type.')
  const field = json as Json
  const name = simple(context, field['name'], at, 'field')
  // A field of that name would set the prototype of the decoded object instead of a property.
  if (name === '__proto__') throw invalid(context, at, 'a field cannot be named "__proto__".')
  const place = `${at} (${name})`
  if (field['type'] === undefined) throw invalid(context, place, 'the field has no "type".')
  const type = typeNode(context, field['type'], `${place}.type`, namespace)
  const order = field['order'] ?? 'ascending'
  if (order !== 'ascending' && order !== 'descending' && order !== 'ignore') {
    throw invalid(context, place, `"order" is ascending, descending or ignore, not ${JSON.stringify(order)}.`)
  }
  const aliases = names(context, field['aliases'], place).map((alias) =>
    simple(context, alias, place, 'alias'),
  )
  const hasDefault = field['default'] !== undefined
  if (hasDefault) {
    const problem = checkDefault(type, field['default'])
    if (problem !== undefined) throw invalid(context, `${place}.default`, problem)
  }
  return { name, aliases, type, hasDefault, default: field['default'] }
}

function enumNode(context: Context, schema: Json, place: string, outer: string): AvroNode {
  const { name, aliases } = declareName(context, schema, place, outer)
  const symbols = names(context, schema['symbols'], inside(place, 'symbols')).map((symbol) =>
    simple(context, symbol, inside(place, 'symbols'), 'symbol'),
  )
  if (symbols.length === 0) throw invalid(context, place, `enum ${name} needs "symbols".`)
  const twice = symbols.find((symbol, index) => symbols.indexOf(symbol) !== index)
  if (twice !== undefined) throw invalid(context, inside(place, 'symbols'), `"${twice}" is there twice.`)
  const fallback = schema['default']
  if (fallback === undefined) return define(context, { kind: 'enum', name, aliases, symbols })
  if (typeof fallback !== 'string' || !symbols.includes(fallback)) {
    throw invalid(context, inside(place, 'default'), `${JSON.stringify(fallback)} is not one of the symbols.`)
  }
  return define(context, { kind: 'enum', name, aliases, symbols, default: fallback })
}

function fixedNode(context: Context, schema: Json, place: string, outer: string): AvroNode {
  const { name, aliases } = declareName(context, schema, place, outer)
  const size = schema['size']
  if (typeof size !== 'number' || size !== (size | 0) || size < 0) {
    throw invalid(context, place, `fixed ${name} needs a "size" in bytes.`)
  }
  const logical = logicalOf('fixed', size, schema)
  return define(context, {
    kind: 'fixed',
    name,
    aliases,
    size,
    ...(logical === undefined ? {} : { logical }),
  })
}

function define(context: Context, node: NamedNode): NamedNode {
  context.names.set(node.name, node)
  return node
}

function declareName(context: Context, schema: Json, place: string, outer: string) {
  const given = schema['name']
  if (typeof given !== 'string' || given === '') {
    throw invalid(context, place, `the ${String(schema['type'])} has no "name".`)
  }
  const ownNamespace = schema['namespace']
  if (ownNamespace !== undefined && typeof ownNamespace !== 'string') {
    throw invalid(context, place, '"namespace" is not a string.')
  }
  const name = qualify(given, ownNamespace ?? outer)
  const bad = name.split('.').find((part) => !namePattern.test(part))
  if (bad !== undefined)
    throw invalid(context, place, `"${name}" is not a name: letters, digits and _ between dots.`)
  if (isPrimitiveName(name)) throw invalid(context, place, `"${name}" is the name of a primitive type.`)
  if (context.names.has(name))
    throw invalid(context, place, `"${name}" is defined twice; the second time write its name.`)
  const namespace = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
  const aliases = names(context, schema['aliases'], place).map((alias) => qualify(alias, namespace))
  return { name, namespace, aliases }
}

function names(context: Context, json: unknown, place: string): string[] {
  if (json === undefined) return []
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) return json
  throw invalid(context, place, 'aliases and symbols are lists of names.')
}

function simple(context: Context, json: unknown, place: string, what: string): string {
  if (typeof json === 'string' && namePattern.test(json)) return json
  throw invalid(
    context,
    place,
    `${JSON.stringify(json) ?? 'nothing'} is not a ${what} name: letters, digits and _.`,
  )
}

/** Refuses a record that contains itself without a union, array or map between: no value of it ends. */
function refuseEndless(context: Context, top: RecordNode, node: RecordNode, seen: Set<AvroNode>): void {
  for (const { name, type } of node.fields) {
    if (type.kind !== 'record') continue
    if (type === top)
      throw invalid(context, `record ${node.name}`, `"${name}" contains ${top.name} without end.`)
    if (seen.has(type)) continue
    seen.add(type)
    refuseEndless(context, top, type, seen)
  }
}

/** The full name of a name that stands in a namespace. */
export function qualify(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function inside(place: string, part: string): string {
  return place === 'the root' ? part : `${place}.${part}`
}
