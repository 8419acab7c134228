import { valueAt, type ProjectedField } from '../../engine/component/index.ts'

/** A value with fields. */
export type Fields = Record<string, unknown>
/** One step: changes `fields`, which are its own, reading the value as it came in. */
export type Step = (fields: Fields, original: unknown) => Fields

/** What the steps of a map may be told. */
export interface MapSteps {
  readonly copy?: Readonly<Record<string, string>> | undefined
  readonly rename?: Readonly<Record<string, string>> | undefined
  readonly set?: Readonly<Record<string, unknown>> | undefined
  readonly default?: Readonly<Record<string, unknown>> | undefined
  readonly json?: readonly string[] | undefined
  readonly keep?: readonly string[] | undefined
  readonly drop?: readonly string[] | undefined
}

/** The steps that a map makes new values by, in the order in which they run. */
export function stepsOf({
  copy = {},
  rename = {},
  set = {},
  default: missing = {},
  json = [],
  keep,
  drop = [],
}: MapSteps): Step[] {
  const steps: Step[] = []
  for (const from of Object.values(rename)) steps.push(without(from))
  for (const [to, from] of [...Object.entries(copy), ...Object.entries(rename)]) steps.push(copied(to, from))
  for (const [to, value] of Object.entries(set)) steps.push((fields) => put(fields, to.split('.'), value))
  for (const [to, value] of Object.entries(missing)) steps.push(defaulted(to, value))
  for (const field of json) steps.push(asJson(field))
  if (keep !== undefined) steps.push((fields) => picked(fields, keep))
  for (const field of drop) steps.push(without(field))
  return steps
}

/**
 * Where all that the steps do is to pick top-level fields, copy fields to the top and set constants there: the fields of
 * the new value, in the order in which the steps would make them. Undefined where they do more.
 */
export function pickedFields({ copy = {}, rename, set = {}, default: missing, json, keep, drop }: MapSteps) {
  if (keep === undefined || [rename, missing, json, drop].some((step) => step !== undefined)) return undefined
  if ([...keep, ...Object.keys(copy), ...Object.keys(set)].some((name) => name.includes('.')))
    return undefined
  return [...new Set(keep)].map((name): ProjectedField => {
    if (Object.hasOwn(set, name)) return { name, constant: set[name] }
    return { name, path: copy[name] ?? name }
  })
}

function copied(to: string, from: string): Step {
  const [target, source] = [to.split('.'), from.split('.')]
  return (fields, original) => {
    const value = valueAt(original, source)
    return value === undefined ? fields : put(fields, target, value)
  }
}

function defaulted(to: string, value: unknown): Step {
  const path = to.split('.')
  return (fields) => ((valueAt(fields, path) ?? null) === null ? put(fields, path, value) : fields)
}

function asJson(field: string): Step {
  const path = field.split('.')
  return (fields) => {
    const value = valueAt(fields, path) ?? null
    return value === null ? fields : put(fields, path, JSON.stringify(value, jsonSafe))
  }
}

function without(field: string): Step {
  const path = field.split('.')
  return (fields) => (valueAt(fields, path) === undefined ? fields : remove(fields, path))
}

function picked(fields: Fields, keep: readonly string[]): Fields {
  return keep.reduce<Fields>((kept, field) => {
    const value = valueAt(fields, field.split('.'))
    return value === undefined ? kept : put(kept, field.split('.'), value)
  }, {})
}

/** Puts `value` at the path. `fields` is this step's own; what lies deeper is shared between branches, and copied. */
function put(fields: Fields, path: readonly string[], value: unknown, depth = 0): Fields {
  const name = path[depth]!
  fields[name] =
    depth === path.length - 1 ? value : put({ ...objectOr(fields[name]) }, path, value, depth + 1)
  return fields
}

function remove(fields: Fields, path: readonly string[], depth = 0): Fields {
  const name = path[depth]!
  if (depth === path.length - 1) delete fields[name]
  else fields[name] = remove({ ...objectOr(fields[name]) }, path, depth + 1)
  return fields
}

function objectOr(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function jsonSafe(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
