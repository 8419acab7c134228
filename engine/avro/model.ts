/** The types of Avro that have no parts. */
export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/**
 * A logical type whose underlying type fits. Only `decimal` changes the value (a string such as "-12.50", with
 * exactly `scale` digits after the point); the others are names for people and for tables: `timestamp-millis`,
 * `timestamp-micros`, `date`, `time-*` stay the integer that is written, `uuid` stays a string.
 */
export interface Logical {
  readonly name: string
  readonly precision: number
  readonly scale: number
}

/** A primitive type, with its logical type if it has one that is valid. */
export interface PrimitiveNode {
  readonly kind: PrimitiveKind
  readonly logical?: Logical
}

/** A field of a record. `default` is the schema's JSON; it is only meaningful when `hasDefault`. */
export interface AvroField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvroNode
  readonly hasDefault: boolean
  readonly default: unknown
}

/** A record; `name` is the full name. Recursive schemas contain the same object again. */
export interface RecordNode {
  readonly kind: 'record'
  readonly name: string
  readonly aliases: readonly string[]
  readonly fields: AvroField[]
}

/** An enum; `name` is the full name. */
export interface EnumNode {
  readonly kind: 'enum'
  readonly name: string
  readonly aliases: readonly string[]
  readonly symbols: readonly string[]
  readonly default?: string
}

/** Bytes of one fixed length; `name` is the full name. */
export interface FixedNode {
  readonly kind: 'fixed'
  readonly name: string
  readonly aliases: readonly string[]
  readonly size: number
  readonly logical?: Logical
}

/** An array. */
export interface ArrayNode {
  readonly kind: 'array'
  readonly items: AvroNode
}

/** A map; keys are strings. */
export interface MapNode {
  readonly kind: 'map'
  readonly values: AvroNode
}

/** A union; its branches are no unions. */
export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly AvroNode[]
}

/** A type that has a name of its own. */
export type NamedNode = RecordNode | EnumNode | FixedNode

/** A checked Avro schema: names are resolved to the objects they mean, so walk it with a set of those seen. */
export type AvroNode = PrimitiveNode | NamedNode | ArrayNode | MapNode | UnionNode

const primitives: ReadonlySet<string> = new Set<PrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

/** True for `int`, `string` … */
export function isPrimitiveName(name: string): name is PrimitiveKind {
  return primitives.has(name)
}

/** True for records, enums and fixed. */
export function isNamed(node: AvroNode): node is NamedNode {
  return node.kind === 'record' || node.kind === 'enum' || node.kind === 'fixed'
}

/** The name without its namespace. */
export function simpleName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}

/** What the node is, for error sentences: `string`, `record audit.User`, `null or long`. */
export function describeNode(node: AvroNode): string {
  if (node.kind === 'union') {
    // null last: "double or null" reads better, and the order of branches does not matter to the reader.
    const parts = node.branches.filter((branch) => branch.kind !== 'null').map(describeNode)
    return [...parts, ...(parts.length < node.branches.length ? ['null'] : [])].join(' or ')
  }
  if (node.kind === 'array') return `array of ${describeNode(node.items)}`
  if (node.kind === 'map') return `map of ${describeNode(node.values)}`
  if (node.kind === 'enum')
    return node.symbols.length <= 8 ? `one of ${node.symbols.join(', ')}` : `enum ${node.name}`
  if (node.kind === 'fixed') return decimalText(node) ?? `${node.size} bytes (fixed ${node.name})`
  if (node.kind === 'record') return `record ${node.name}`
  return decimalText(node) ?? node.kind
}

function decimalText(node: { readonly logical?: Logical }): string | undefined {
  if (node.logical?.name !== 'decimal') return undefined
  return `decimal(${node.logical.precision}, ${node.logical.scale})`
}

/**
 * The fewest bytes that a value can take. Ends for recursive schemas, because a record contains itself only through a
 * union, array or map, which take a byte at least.
 */
export function minSize(node: AvroNode): number {
  switch (node.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return node.size
    case 'record':
      return node.fields.reduce((sum, field) => sum + minSize(field.type), 0)
    default:
      return 1
  }
}

/** The bytes of every value, or -1 where values differ in size. */
export function fixedSize(node: AvroNode): number {
  if (node.kind === 'boolean') return 1
  if (node.kind === 'null' || node.kind === 'float' || node.kind === 'double' || node.kind === 'fixed') {
    return minSize(node)
  }
  if (node.kind !== 'record') return -1
  let sum = 0
  for (const field of node.fields) {
    const size = fixedSize(field.type)
    if (size < 0) return -1
    sum += size
  }
  return sum
}
