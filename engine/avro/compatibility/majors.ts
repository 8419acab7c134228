import type { SchemaFile } from '../schema-files.ts'
import { schemaFrom, type Schema } from '../schema.ts'
import { formatSemver } from '../semver.ts'
import { simpleName } from '../model.ts'
import { normalForm } from './normal-form.ts'
import { readingVerdict } from './reading-verdict.ts'
import { majorName } from './version-number.ts'

/**
 * What is worth knowing of the first version of a MAJOR above 1: whether anything in it breaks, and whether there is a
 * cast from the MAJOR before.
 *
 * @param files those of the topic. `has`: whether the topic's folder has a file of that name.
 */
export function majorNotes(
  file: SchemaFile,
  files: readonly SchemaFile[],
  has: (name: string) => boolean,
): string[] {
  const { semver, schema } = file
  if (semver === undefined || semver.major < 2 || semver.minor > 0 || semver.patch > 0) return []
  const former = majorName(schema.fullName, semver.major - 1)
  const before = files.findLast((other) => other.schema.fullName === former && other.semver !== undefined)
  if (before === undefined)
    return [`There is no version ${semver.major - 1} of it here: ${former} is missing.`]
  const { major, minor } = before.semver!
  const cast = `${simpleName(schema.fullName)}.v${major}-v${semver.major}.ts`
  const notes = readingVerdict(renamed(before.schema, schema).root, schema.root)
  return [
    ...(notes.length > 0
      ? []
      : [
          `Nothing in it breaks readers of ${major}.x: it could be ${formatSemver({ major, minor: minor + 1, patch: 0 })}.`,
        ]),
    ...(has(cast)
      ? []
      : [`${cast} is missing: nothing makes values of ${major}.x such of ${semver.major}.x.`]),
  ]
}

/** A schema with the names that it would have in the namespace of another. */
function renamed(schema: Schema, other: Schema): Schema {
  const namespace = (name: string): string => name.slice(0, name.lastIndexOf('.'))
  const [from, to] = [namespace(schema.fullName), namespace(other.fullName)]
  const text = normalForm(schema.json).replaceAll(`"${from}.`, `"${to}.`)
  return schemaFrom(JSON.parse(text), schema.source)
}
