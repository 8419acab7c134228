import type { Schema } from '../schema.ts'
import { isJson, type SchemaPart } from '../schema-walk.ts'

/** What a rule of style looks at. */
export interface StyleSubject {
  readonly schema: Schema
  readonly topic: string
  /** All parts of the schema, in the order of its text. */
  readonly parts: readonly SchemaPart[]
  /** The version before, where there is one. */
  readonly before: Schema | undefined
}

/** What a rule found. */
export interface StyleFound {
  readonly part: SchemaPart
  /** The attribute that it is about, for the place. */
  readonly attribute?: string
  /** Sentences: what is wrong, and what to do. */
  readonly message: string
  /** Where it differs from the rule's. */
  readonly severity?: StyleRule['severity']
}

/** One rule. */
export interface StyleRule {
  /** Stable: it stands in schemas. */
  readonly code: string
  readonly title: string
  readonly severity: 'error' | 'warning' | 'info'
  /** Why it matters. Markdown. */
  readonly explanation: string
  /** What to do about it. Markdown. */
  readonly remedy: string
  /** A field, or a schema, that it complains about, and how it would be fine. */
  readonly example: { readonly wrong: object; readonly right: object }
  check(subject: StyleSubject): Iterable<StyleFound>
}

/** A type at a leaf, without the null beside it. */
export interface LeafType {
  readonly type: string
  readonly logicalType: string | undefined
}

/** What the values of a field are made of: the branches of unions, the items of arrays, the values of maps. */
export function leafTypes(type: unknown): LeafType[] {
  if (typeof type === 'string') return type === 'null' ? [] : [{ type, logicalType: undefined }]
  if (Array.isArray(type)) return type.flatMap(leafTypes)
  if (!isJson(type)) return []
  const inner = type['type']
  if (inner === 'array') return leafTypes(type['items'])
  if (inner === 'map') return leafTypes(type['values'])
  const logical = type['logicalType']
  if (typeof inner !== 'string') return leafTypes(inner)
  return inner === 'null'
    ? []
    : [{ type: inner, logicalType: typeof logical === 'string' ? logical : undefined }]
}

/** The fields among the parts, with their names. */
export function fieldsOf({ parts }: StyleSubject): { part: SchemaPart; name: string; leaves: LeafType[] }[] {
  return parts
    .filter(({ what }) => what === 'field')
    .map((part) => ({ part, name: String(part.json['name']), leaves: leafTypes(part.json['type']) }))
}

/** The words of a name: `unitPriceMinor` is unit, price, minor. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_]+/)
    .map((word) => word.toLowerCase())
}

/** The fields beside a field, and around it. */
export function fieldsAround({ within }: SchemaPart): string[] {
  return within
    .filter(({ json }) => json['type'] === 'record')
    .flatMap(({ json }) => (json['fields'] as readonly { name: string }[]).map(({ name }) => name))
}
