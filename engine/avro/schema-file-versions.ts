import { fatalError, type MillraceError } from '../errors.ts'
import { compareSemver, type Semver } from './semver.ts'

/** What of a schema's file says its version. */
export interface VersionedFile {
  readonly path: string
  readonly version: number
  readonly semver?: Semver
  readonly schema: { readonly fullName: string }
}

/**
 * Refuses two files for one version, a version that is missing in between, and plain counts beside semver.
 *
 * @param files in the order of full name and version.
 * @throws SCHEMA_REGISTRY_INVALID (fatal).
 */
export function checkVersions(files: readonly VersionedFile[]): void {
  for (const [index, file] of files.entries()) {
    const last = files[index - 1]
    const before = last?.schema.fullName === file.schema.fullName ? last : undefined
    if (before !== undefined && (before.semver === undefined) !== (file.semver === undefined)) {
      const what = `${before.path} and ${file.path} number ${file.schema.fullName} in two ways`
      throw contradiction(`${what}: give both a plain count (v1, v2), or both a version (v1.0, v1.1).`)
    }
    if (file.semver !== undefined) checkSemver(file, before)
    else if (before !== undefined) checkCount(file, before)
  }
}

function checkCount(file: VersionedFile, before: VersionedFile): void {
  if (before.version === file.version) throw twice(before, file, String(file.version))
  if (before.version + 1 !== file.version) {
    throw missing(file, String(before.version), String(before.version + 1))
  }
}

/** MINOR counts from 0 without gaps, and PATCH does within each MINOR. */
function checkSemver(file: VersionedFile, before: VersionedFile | undefined): void {
  const at = file.semver!
  const last = before?.semver
  if (last === undefined) {
    if (at.minor === 0 && at.patch === 0) return
    const first = text({ major: at.major, minor: 0, patch: 0 })
    const what = `${file.path} is the first version of ${file.schema.fullName} here`
    throw contradiction(`${what}: restore version ${first}, or number the file so.`)
  }
  if (compareSemver(last, at) === 0) throw twice(before!, file, text(at))
  const patch = { ...last, patch: last.patch + 1 }
  const minor = { ...last, minor: last.minor + 1, patch: 0 }
  if (compareSemver(at, patch) === 0 || compareSemver(at, minor) === 0) return
  throw missing(file, text(last), text(at.minor === last.minor ? patch : minor))
}

function text({ major, minor, patch }: Semver): string {
  return patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`
}

function twice(before: VersionedFile, file: VersionedFile, version: string): MillraceError {
  return contradiction(
    `${before.path} and ${file.path} are both version ${version} of ${file.schema.fullName}: renumber one of them.`,
  )
}

function missing(file: VersionedFile, last: string, wanted: string): MillraceError {
  return contradiction(
    `${file.path} follows version ${last}: restore version ${wanted} of ${file.schema.fullName}, for records were written with it.`,
  )
}

function contradiction(message: string): MillraceError {
  return fatalError('SCHEMA_REGISTRY_INVALID', message)
}
