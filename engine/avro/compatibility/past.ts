import type { SchemaFile } from '../schema-files.ts'
import { changeText } from './change.ts'
import { type CheckProblem, versionLabel } from './check-types.ts'
import { normalForm } from './normal-form.ts'

/**
 * What was done to versions that a revision of git has: records were written with them, so none may be edited or removed. Only
 * spelling may differ; and a plain count may have become semver.
 *
 * @param revision its name, for sentences. `then`: the files as they were, by paths as they would be now.
 */
export function pastProblems(
  now: readonly SchemaFile[],
  then: readonly SchemaFile[],
  revision: string,
): CheckProblem[] {
  return then.flatMap((old) => {
    const same = now.filter(
      ({ topic, schema }) => topic === old.topic && schema.fullName === old.schema.fullName,
    )
    const label = versionLabel(old)
    const found = same.find((file) => versionLabel(file) === label)
    if (found !== undefined && isSame(found, old)) return []
    if (found === undefined && same.some((file) => isSame(file, old) && isRenumbered(old, file))) return []
    return [found === undefined ? removed(old, label, revision) : edited(old, found, label, revision)]
  })
}

function isSame(file: SchemaFile, old: SchemaFile): boolean {
  return normalForm(file.schema.json) === normalForm(old.schema.json)
}

function isRenumbered(old: SchemaFile, file: SchemaFile): boolean {
  return old.semver === undefined && file.semver !== undefined
}

function removed(old: SchemaFile, label: string, revision: string): CheckProblem {
  const what = `Version ${label} of ${old.schema.fullName} is in ${revision} and not here`
  return {
    code: 'REMOVED',
    file: old.path,
    message: `${what}: restore it, for records were written with it.`,
  }
}

function edited(old: SchemaFile, found: SchemaFile, label: string, revision: string): CheckProblem {
  const differs = old.schema.contentId === found.schema.contentId ? 'patch' : 'minor'
  const what = changeText(old.schema, found.schema, differs)
  return {
    code: 'EDITED',
    file: found.path,
    message: `Version ${label} is not what it is in ${revision} (${what}): restore it, and make the change as a new version.`,
  }
}
