import type { Schema } from '../schema.ts'
import { isJson, schemaParts, type SchemaPart } from '../schema-walk.ts'

/** `"deprecated": {"since": "2026-10-01", "removeAfter": "2027-04-01"}` at a field. Dates are the days of UTC. */
export interface Deprecation {
  readonly since: string
  readonly removeAfter: string
}

/** A field that is gone, or should be. */
export interface DeprecationFinding {
  readonly path: string
  readonly pointer: string
  /** True where the removal breaks a promise. */
  readonly refused: boolean
  readonly message: string
}

/** The deprecation of a field; a sentence's part where it is ill-formed, undefined where there is none. */
export function deprecationOf(field: Readonly<Record<string, unknown>>): Deprecation | string | undefined {
  const given = field['deprecated']
  if (given === undefined || given === false) return undefined
  const wanted = '{"since": "2026-10-01", "removeAfter": "2027-04-01"}'
  if (!isJson(given)) return `"deprecated" is an object such as ${wanted}`
  const { since, removeAfter } = given
  if (!isDay(since) || !isDay(removeAfter)) return `"deprecated" needs two days, as in ${wanted}`
  return since <= removeAfter ? { since, removeAfter } : '"removeAfter" is before "since"'
}

function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const time = Date.parse(`${value}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(value)
}

/**
 * The fields of `before` that `after` has no more, neither by name nor by alias. Before the day that was promised, that is
 * refused. `today` is a day such as `2026-11-22`.
 */
export function removedFields(before: Schema, after: Schema, today: string): DeprecationFinding[] {
  const own = new Set(fieldsIn(after).map(({ path }) => path))
  const there = new Set(fieldsIn(after).flatMap(namesOf))
  // What is inside of a field that was renamed has moved with it.
  const renamed = [...there].filter((path) => !own.has(path))
  const gone = fieldsIn(before).filter(
    ({ path }) => !there.has(path) && !renamed.some((outer) => isWithin(path, outer)),
  )
  const top = gone.filter(({ path }) => !gone.some((other) => isWithin(path, other.path)))
  return top.map(({ json, path, pointer }) => {
    const deprecated = deprecationOf(json)
    const place = { path, pointer }
    if (deprecated === undefined || typeof deprecated === 'string') {
      return { ...place, refused: false, message: `"${path}" is gone, and was never marked as deprecated` }
    }
    const { since, removeAfter } = deprecated
    return today <= removeAfter
      ? {
          ...place,
          refused: true,
          message: `"${path}" may not be removed until ${removeAfter} is over, as was promised`,
        }
      : { ...place, refused: false, message: `"${path}" is gone, deprecated since ${since}` }
  })
}

/** The fields whose day is over, and that are still there. */
export function overdueFields(schema: Schema, today: string): DeprecationFinding[] {
  return fieldsIn(schema).flatMap(({ json, path, pointer }) => {
    const deprecated = deprecationOf(json)
    if (deprecated === undefined || typeof deprecated === 'string' || today <= deprecated.removeAfter)
      return []
    const message = `"${path}" could be removed since ${deprecated.removeAfter}`
    return [{ path, pointer, refused: false, message }]
  })
}

function fieldsIn({ json }: Schema): SchemaPart[] {
  return schemaParts(json).filter(({ what }) => what === 'field')
}

/** The paths that a field answers to: its own, and those of its aliases beside it. */
function namesOf({ json, path }: SchemaPart): string[] {
  const before = path.slice(0, path.length - String(json['name']).length)
  const aliases = Array.isArray(json['aliases']) ? (json['aliases'] as readonly string[]) : []
  return [path, ...aliases.map((alias) => before + alias)]
}

function isWithin(path: string, outer: string): boolean {
  return path.length > outer.length && path.startsWith(outer) && /^[.[{]/.test(path.slice(outer.length))
}
