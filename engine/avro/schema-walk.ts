/** A schema's JSON object. */
export type SchemaJson = Readonly<Record<string, unknown>>

/** A part of a schema, as it is written. */
export interface SchemaPart {
  /** `field`: a field of a record. `named`: a record, enum or fixed. `type`: any other type that is an object. */
  readonly what: 'field' | 'named' | 'type'
  readonly json: SchemaJson
  /** JSON pointer: `/fields/0/type`. */
  readonly pointer: string
  /** For people: `lines[].price`; empty at the root. */
  readonly path: string
  /** The namespace around it. */
  readonly namespace: string
  /** What it stands in, from the root. */
  readonly within: readonly SchemaPart[]
}

/** All parts of a valid schema in the order of the text; each named type once, where it is defined. */
export function schemaParts(json: unknown): SchemaPart[] {
  const found: SchemaPart[] = []
  visit(json, { pointer: '', path: '', namespace: '', within: [] }, found)
  return found
}

type Position = Omit<SchemaPart, 'what' | 'json'>

function visit(json: unknown, at: Position, found: SchemaPart[]): void {
  if (Array.isArray(json)) {
    for (const [index, branch] of json.entries()) {
      visit(branch, { ...at, pointer: `${at.pointer}/${index}` }, found)
    }
  } else if (isJson(json)) visitObject(json, at, found)
}

function visitObject(json: SchemaJson, at: Position, found: SchemaPart[]): void {
  const kind = json['type']
  const named = kind === 'record' || kind === 'enum' || kind === 'fixed'
  const part: SchemaPart = { what: named ? 'named' : 'type', json, ...at }
  found.push(part)
  const inner = { ...at, within: [...at.within, part] }
  if (kind === 'array') visit(json['items'], below(inner, 'items', '[]'), found)
  else if (kind === 'map') visit(json['values'], below(inner, 'values', '{}'), found)
  else if (kind === 'record') {
    const namespace = namespaceOf(json, at.namespace)
    const fields = json['fields'] as readonly SchemaJson[]
    for (const [index, field] of fields.entries()) {
      const path = at.path === '' ? String(field['name']) : `${at.path}.${String(field['name'])}`
      const place = { ...inner, namespace, path, pointer: `${at.pointer}/fields/${index}` }
      const whole: SchemaPart = { what: 'field', json: field, ...place }
      found.push(whole)
      visit(field['type'], { ...below(place, 'type', ''), within: [...place.within, whole] }, found)
    }
  }
}

function below(at: Position, part: string, shown: string): Position {
  return { ...at, pointer: `${at.pointer}/${part}`, path: at.path + shown }
}

/** The namespace inside of a named type. */
export function namespaceOf(json: SchemaJson, outer: string): string {
  const name = String(json['name'])
  if (name.includes('.')) return name.slice(0, name.lastIndexOf('.'))
  return typeof json['namespace'] === 'string' ? json['namespace'] : outer
}

/** True for a JSON object. */
export function isJson(json: unknown): json is SchemaJson {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
