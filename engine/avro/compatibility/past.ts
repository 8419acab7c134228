import type { SchemaFile } from '../schema-files.ts'
import { changeText } from './change.ts'
import { type CheckProblem, type PastFiles, versionLabel } from './check-types.ts'
import { normalForm } from './normal-form.ts'

/**
 * What was done to versions that a revision of git has: records were written with them, so none may be edited or removed. Only
 * spelling may differ; and a plain count may have become semver.
 *
 * What was added to the revision since both were one was not removed here: it is not merged yet.
 */
export function pastProblems(
  now: readonly SchemaFile[],
  { revision, files: then, base }: PastFiles,
): CheckProblem[] {
  return then.flatMap((old) => {
    const same = now.filter((file) => isOfRecord(file, old))
    const label = versionLabel(old)
    const found = same.find((file) => versionLabel(file) === label)
    if (found !== undefined && isSame(found, old)) return []
    if (found === undefined && same.some((file) => isSame(file, old) && isRenumbered(old, file))) return []
    if (found === undefined && !base.some((file) => isOfRecord(file, old) && versionLabel(file) === label))
      return []
    return [found === undefined ? removed(old, label, revision) : edited(old, found, label, revision)]
  })
}

function isOfRecord({ topic, schema }: SchemaFile, other: SchemaFile): boolean {
  return topic === other.topic && schema.fullName === other.schema.fullName
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
