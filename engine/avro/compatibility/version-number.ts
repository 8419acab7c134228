import { formatSemver, type Semver } from '../semver.ts'
import type { SchemaFile } from '../schema-files.ts'
import type { ChangeKind } from './change.ts'

/**
 * Which number a change has to have, where the file has another one: a sentence, or undefined. A change of words may be
 * a MINOR; a compatible one is no PATCH; one that breaks is a MAJOR, and so another namespace.
 */
export function numberProblem(before: SchemaFile, after: SchemaFile, kind: ChangeKind): string | undefined {
  if (before.semver === undefined || after.semver === undefined) return undefined
  const shown = formatSemver(after.semver)
  if (kind === 'major') {
    const major = before.semver.major + 1
    const name = majorName(before.schema.fullName, major)
    return `It breaks readers, so it must be version ${major}.0.0, a record of its own named ${name}, not ${shown}.`
  }
  const isPatch = after.semver.minor === before.semver.minor
  if (kind !== 'minor' || !isPatch) return undefined
  const wanted = formatSemver(nextMinor(before.semver))
  return `It changes what is written or read, so it must be version ${wanted}, not ${shown}.`
}

/** The version after this one, for a kind of change that keeps the name. */
export function nextVersion(before: Semver, kind: ChangeKind): Semver {
  return kind === 'patch' ? { ...before, patch: before.patch + 1 } : nextMinor(before)
}

function nextMinor({ major, minor }: Semver): Semver {
  return { major, minor: minor + 1, patch: 0 }
}

/** The full name of a record in another MAJOR: `shop.orders.v2.OrderCreated`; the first has no such part. */
export function majorName(fullName: string, major: number): string {
  const parts = fullName.split('.')
  const name = parts.pop()!
  if (/^v[1-9]\d*$/.test(parts.at(-1) ?? '')) parts.pop()
  return [...parts, ...(major === 1 ? [] : [`v${major}`]), name].join('.')
}
