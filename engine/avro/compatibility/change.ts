import { schemaDifferences } from '../difference.ts'
import { identityForm } from '../canonical.ts'
import type { Schema } from '../schema.ts'
import { isJson } from '../schema-walk.ts'
import { normalForm } from './normal-form.ts'
import { quietChanges } from './quiet-changes.ts'
import { readingVerdict } from './reading-verdict.ts'

/** How much a version changes: nothing but spelling; words and aliases; what is kept compatible; what breaks. */
export type ChangeKind = 'none' | 'patch' | 'minor' | 'major'

/** In which order programs may go over to a version. */
export type UpgradeOrder = 'any order' | 'consumers first' | 'producers first' | 'together'

/**
 * The kind of a change. `patch`: values are written and read as before: documentation, aliases, sort order, and attributes of
 * one's own differ. `broken`: whether the promise of the subject is broken.
 */
export function changeKind(before: Schema, after: Schema, broken: boolean): ChangeKind {
  if (normalForm(before.json) === normalForm(after.json)) return 'none'
  if (broken) return 'major'
  return valueForm(before) === valueForm(after) ? 'patch' : 'minor'
}

function valueForm({ root }: Schema): string {
  return JSON.stringify(withoutAliases(identityForm(root)))
}

function withoutAliases(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutAliases)
  if (!isJson(json)) return json
  const kept = Object.entries(json).filter(([key, value]) => key !== 'aliases' || !Array.isArray(value))
  return Object.fromEntries(
    kept.map(([key, value]) => [key, key === 'default' ? value : withoutAliases(value)]),
  )
}

/** Who may write and read the new version first, so that nobody meets what it cannot read. */
export function upgradeOrder(before: Schema, after: Schema): UpgradeOrder {
  const backward = readingVerdict(before.root, after.root).length === 0
  const forward = readingVerdict(after.root, before.root).length === 0
  if (backward && forward) return 'any order'
  if (backward) return 'consumers first'
  return forward ? 'producers first' : 'together'
}

const mostTold = 3

/** What changes for readers of the new version, in a few words. */
export function changeText(before: Schema, after: Schema, kind: ChangeKind): string {
  if (kind === 'none') return 'only the spelling differs'
  if (kind === 'patch') return 'documentation, aliases or attributes differ'
  const differences = schemaDifferences(before.root, after.root).map(
    ({ path, what }) => `${path === '' ? 'the value' : `"${path}"`} ${what}`,
  )
  const found = differences.length > 0 ? differences : quietChanges(before.root, after.root)
  if (found.length === 0) return 'types or defaults differ'
  const told = found.slice(0, mostTold)
  const more = found.length - told.length
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
