import { createHash } from 'node:crypto'
import { type AvroNode, type AvroField, isNamed, type NamedNode } from './model.ts'

/** How much of a schema a JSON form keeps. */
interface Form {
  /** Keep what resolution and values depend on: aliases, defaults, decimals' precision, logical types. */
  readonly full: boolean
  readonly seen: Set<string>
}

/**
 * The parsing canonical form of the Avro specification: equal for schemas that write the same bytes. It leaves out
 * documentation, defaults, aliases and logical types.
 */
export function canonicalForm(node: AvroNode): string {
  return JSON.stringify(nodeForm(node, { full: false, seen: new Set() }))
}

/**
 * Everything that a reader or writer can notice, in one order, with full names: the canonical form, and aliases,
 * defaults and logical types. Only documentation, sort order and unknown attributes are left out.
 */
export function identityForm(node: AvroNode): unknown {
  return nodeForm(node, { full: true, seen: new Set() })
}

function nodeForm(node: AvroNode, form: Form): unknown {
  if (node.kind === 'union') return node.branches.map((branch) => nodeForm(branch, form))
  if (node.kind === 'array') return { type: 'array', items: nodeForm(node.items, form) }
  if (node.kind === 'map') return { type: 'map', values: nodeForm(node.values, form) }
  if (isNamed(node)) return namedForm(node, form)
  const extra = form.full ? logicalForm(node) : {}
  return Object.keys(extra).length === 0 ? node.kind : { type: node.kind, ...extra }
}

function namedForm(node: NamedNode, form: Form): unknown {
  if (form.seen.has(node.name)) return node.name
  form.seen.add(node.name)
  const head = { name: node.name, type: node.kind }
  const aliases = form.full && node.aliases.length > 0 ? { aliases: node.aliases } : {}
  if (node.kind === 'fixed')
    return { ...head, size: node.size, ...aliases, ...(form.full ? logicalForm(node) : {}) }
  if (node.kind === 'record')
    return { ...head, fields: node.fields.map((field) => fieldForm(field, form)), ...aliases }
  const fallback = form.full && node.default !== undefined ? { default: node.default } : {}
  return { ...head, symbols: node.symbols, ...aliases, ...fallback }
}

function fieldForm(field: AvroField, form: Form): unknown {
  const bare = { name: field.name, type: nodeForm(field.type, form) }
  if (!form.full) return bare
  return {
    ...bare,
    ...(field.hasDefault ? { default: sorted(field.default) } : {}),
    ...(field.aliases.length > 0 ? { aliases: field.aliases } : {}),
  }
}

function logicalForm(node: {
  readonly logical?: { name: string; precision: number; scale: number }
}): object {
  if (node.logical === undefined) return {}
  const { name, precision, scale } = node.logical
  return name === 'decimal' ? { logicalType: name, precision, scale } : { logicalType: name }
}

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  )
}

const emptyRabin = 0xc15d213aa4d7a795n

const rabinTable = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index)
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (emptyRabin & -(value & 1n))
  return BigInt.asUintN(64, value)
})

/** The 64-bit Rabin fingerprint (CRC-64-AVRO) of a text's UTF-8 bytes, unsigned, as the Avro specification has it. */
export function rabinFingerprint(text: string): bigint {
  let value = emptyRabin
  for (const byte of Buffer.from(text)) value = (value >> 8n) ^ rabinTable[Number(value & 0xffn) ^ byte]!
  return value
}

/** The first 31 bits of a text's SHA-256, never 0: a schema id that every machine computes alike. */
export function hashId(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) >>> 1 || 1
}
