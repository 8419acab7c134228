import { jsonPlaces } from '../json-places.ts'
import type { Schema } from '../schema.ts'
import { isJson, schemaParts, type SchemaPart } from '../schema-walk.ts'
import type { StyleFound, StyleRule } from './style-rule.ts'
import { staleStyleAllowance, styleRules } from './style-rules.ts'

/** A schema to be looked at. */
export interface StyledFile {
  readonly path: string
  readonly topic: string
  readonly schema: Schema
  /** The text of the file, for places. */
  readonly text: string
  readonly before: Schema | undefined
}

/** One thing that is said of a schema, with its place. */
export interface StyleFinding {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly code: string
  readonly severity: StyleRule['severity']
  readonly title: string
  readonly message: string
}

interface Allowance {
  readonly part: SchemaPart
  readonly code: string
  readonly reason: unknown
}

interface Hit {
  readonly rule: StyleRule
  readonly found: StyleFound
}

/**
 * What the rules say of a schema, in the order of its text. `"lintAllow": {"MS008": "why"}` at a part allows that finding at the part
 * and in what is inside of it; one that allows nothing is told itself.
 */
export function styleFindings(file: StyledFile, rules: readonly StyleRule[] = styleRules): StyleFinding[] {
  const places = jsonPlaces(file.text.replace(/^\uFEFF/, ''))
  const parts = schemaParts(file.schema.json)
  const hits = rules.flatMap((rule) =>
    [...rule.check({ ...file, parts })].map((found): Hit => ({ rule, found })),
  )
  const allowances = parts.flatMap(allowancesOf)
  const left = hits.filter((hit) => !allowances.some((one) => covers(one, hit)))
  const idle = allowances.filter((one) => !hits.some((hit) => covers(one, hit)))
  const at = ({ pointer }: SchemaPart, attribute: string | undefined) => {
    const inner = attribute === undefined ? undefined : places.get(`${pointer}/${attribute}`)
    return { file: file.path, ...(inner ?? places.get(pointer) ?? { line: 1, column: 1 }) }
  }
  const told = left.map(({ rule: { code, title, severity }, found }): StyleFinding => ({
    ...at(found.part, found.attribute),
    ...{ code, title, severity: found.severity ?? severity, message: found.message },
  }))
  const stale = idle.map((one): StyleFinding => {
    const { code, title, severity } = staleStyleAllowance
    return { ...at(one.part, 'lintAllow'), code, title, severity, message: staleText(one, rules) }
  })
  return [...told, ...stale].sort(
    (a, b) => a.line - b.line || a.column - b.column || a.code.localeCompare(b.code),
  )
}

function allowancesOf(part: SchemaPart): Allowance[] {
  const given = part.json['lintAllow']
  if (!isJson(given)) return []
  return Object.entries(given).map(([code, reason]) => ({ part, code, reason }))
}

function covers({ part, code, reason }: Allowance, { rule, found }: Hit): boolean {
  if (code !== rule.code || typeof reason !== 'string' || reason.trim() === '') return false
  return found.part.json === part.json || found.part.within.some(({ json }) => json === part.json)
}

function staleText({ code, reason }: Allowance, rules: readonly StyleRule[]): string {
  if (!rules.some((rule) => rule.code === code))
    return `"lintAllow" names ${code}, and there is no such rule.`
  if (typeof reason !== 'string' || reason.trim() === '') {
    return `"lintAllow" gives no reason for ${code}: write one as its value.`
  }
  return `"lintAllow" of ${code} allows nothing: there is no such finding at it, or inside of it.`
}
