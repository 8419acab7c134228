import { mergeReferences } from '../registry-references.ts'
import { isJson } from '../schema-walk.ts'

/**
 * A schema's JSON as one text whatever its spelling: names in full, `"int"` for `{"type": "int"}`, attributes sorted,
 * empty lists of aliases left out. Documentation and attributes of one's own are in it: two schemas with one normal form
 * differ in nothing that anybody could want to keep.
 */
export function normalForm(json: unknown): string {
  return JSON.stringify(normal(mergeReferences(json, [])))
}

function normal(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(normal)
  if (!isJson(json)) return json
  const entries = Object.entries(json)
    .filter(([key, value]) => !isIdle(key, value, json))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => [key, key === 'default' ? sorted(value) : normal(value)] as const)
  const [only] = entries
  // A wrapper without attributes around a primitive's or a type's name, or around a whole type.
  if (entries.length === 1 && only?.[0] === 'type') return only[1]
  return Object.fromEntries(entries)
}

function isIdle(key: string, value: unknown, json: object): boolean {
  if (key === 'namespace') return value === '' || 'name' in json
  if (key === 'aliases') return Array.isArray(value) && value.length === 0
  return key === 'order' && value === 'ascending'
}

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted)
  if (!isJson(json)) return json
  return Object.fromEntries(
    Object.entries(json)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  )
}
