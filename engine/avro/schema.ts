import { fatalError, type MillraceError } from '../errors.ts'
import { canonicalForm, hashId, identityForm, rabinFingerprint } from './canonical.ts'
import { type AvroNode, isNamed } from './model.ts'
import { parseNode } from './parse.ts'
import { didYouMean } from './suggest.ts'

/** A checked Avro schema. Immutable; compare by `id`, `canonical` or identity. */
export interface Schema {
  /** The full name of the record, enum or fixed at the root; the kind (`string`, `union`) of anything else. */
  readonly fullName: string
  /** Where it came from, for sentences: a file's path or `schema id 7`. */
  readonly source: string
  readonly root: AvroNode
  /** The JSON that it was made of, with documentation and whatever else is in it: what a registry is given. */
  readonly json: unknown
  /** The parsing canonical form: equal for schemas that write the same bytes. */
  readonly canonical: string
  /** 64-bit Rabin fingerprint of `canonical`, unsigned. */
  readonly fingerprint: bigint
  /**
   * 31 bits, from names, types, defaults, aliases and logical types: what a directory registry calls the schema. The
   * same on every machine; documentation does not change it. A registry server gives out ids of its own.
   */
  readonly contentId: number
}

/**
 * Parses the text of an .avsc file.
 *
 * @param source the file's path (or what else it came from), for error sentences.
 * @throws AVRO_SCHEMA_INVALID (fatal), one sentence with `source` and the place in the text or schema. Names must be
 * defined in the same text, before their use.
 */
export function parseSchema(text: string, source: string): Schema {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw invalidJson(text, source, error)
  }
  return schemaFrom(json, source)
}

function invalidJson(text: string, source: string, error: unknown): MillraceError {
  const message = error instanceof Error ? error.message : String(error)
  const offset = /at position (\d+)/.exec(message)?.[1]
  const before = text.slice(0, offset === undefined ? text.length : Number(offset)).split('\n')
  const place = `${source}:${before.length}:${before.at(-1)!.length + 1}`
  const what = message.replace(/ in JSON at position.*| at position.*/s, '')
  return fatalError('AVRO_SCHEMA_INVALID', `${place}: not JSON: ${what}.`, { cause: error })
}

/** Like {@link parseSchema}, for a schema that is JSON values already. A name alone (`"string"`) is a schema too. */
export function schemaFrom(json: unknown, source: string): Schema {
  const root = parseNode(json, source)
  const canonical = canonicalForm(root)
  return {
    fullName: isNamed(root) ? root.name : root.kind,
    source,
    root,
    json,
    canonical,
    fingerprint: rabinFingerprint(canonical),
    contentId: hashId(JSON.stringify([identityForm(root), saltOf(json)])),
  }
}

/** Two schemas with one id, which chance may bring about once in years, are told apart by an attribute. */
function saltOf(json: unknown): string {
  const salt = typeof json === 'object' && json !== null ? (json as { idSalt?: unknown }).idSalt : undefined
  return typeof salt === 'string' ? salt : ''
}

/**
 * The type of the field at a path of names. Unions are looked through: a field that any branch has is found. A map
 * takes any name.
 *
 * @returns the node (perhaps a union), or a sentence without place that says which name is wrong, with "did you mean".
 */
export function fieldAt(root: AvroNode, path: readonly string[]): AvroNode | string {
  let node = root
  for (const [depth, name] of path.entries()) {
    const next = step(node, name)
    if (next === undefined) return noField(node, name, path.slice(0, depth))
    node = next
  }
  return node
}

function step(node: AvroNode, name: string): AvroNode | undefined {
  if (node.kind === 'record') return node.fields.find((field) => field.name === name)?.type
  if (node.kind === 'map') return node.values
  if (node.kind !== 'union') return undefined
  return node.branches.map((branch) => step(branch, name)).find((found) => found !== undefined)
}

function noField(node: AvroNode, name: string, before: readonly string[]): string {
  const branches = node.kind === 'union' ? node.branches : [node]
  const records = branches.filter((branch) => branch.kind === 'record')
  const where = before.length === 0 ? '' : ` in "${before.join('.')}"`
  if (records.length === 0) {
    const kinds = branches.map((branch) => branch.kind).join(' or ')
    return `There is no field "${name}"${where}: it is ${kinds}.`
  }
  const known = records.flatMap((record) => record.fields.map((field) => field.name))
  const owners = records.map((record) => record.name).join(' or ')
  return `There is no field "${name}" in ${owners}${where}.${didYouMean(name, known)}`
}
