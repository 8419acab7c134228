import type { RegistryVersion } from '../registry-admin.ts'
import type { SchemaFile } from '../schema-files.ts'
import { versionLabel } from './check-types.ts'
import type { CompatibilityMode } from '../../component/compatibility.ts'
import { rulesOf } from './modes.ts'
import { normalForm } from './normal-form.ts'
import { findingText, readingVerdict } from './reading-verdict.ts'

/** What a registry has of a subject. */
export interface SubjectState {
  /** Undefined where the registry has no levels. */
  readonly level: string | undefined
  /** Oldest first. */
  readonly versions: readonly RegistryVersion[]
}

/** A file and the version of the registry that is the same, if there is one. */
export interface MatchedFile {
  readonly file: SchemaFile
  readonly version: number | undefined
}

/** What is to be done about a subject. */
export interface SubjectStep {
  readonly subject: string
  readonly action: 'register' | 'set level' | 'unchanged' | 'refused'
  /** The files that become versions, oldest first. */
  readonly register: readonly SchemaFile[]
  /** The level to set, and the one that there is; undefined where it is right, or the registry has none. */
  readonly level: { readonly from: string; readonly to: CompatibilityMode } | undefined
  /** Why it cannot be done: sentences. */
  readonly refusals: readonly string[]
  /** What is otherwise than the files say, and stays so: sentences. */
  readonly drift: readonly string[]
}

/** Which version of the registry each file is. Spelling is no difference; documentation is one. */
export function matchFiles(
  files: readonly SchemaFile[],
  versions: readonly RegistryVersion[],
): MatchedFile[] {
  const byForm = new Map<string, number>()
  for (const { schema, version } of versions) {
    if (schema !== undefined) byForm.set(normalForm(schema.json), version)
  }
  return files.map((file) => ({ file, version: byForm.get(normalForm(file.schema.json)) }))
}

/** The versions of the registry that no file is. */
export function strangersOf(
  files: readonly SchemaFile[],
  versions: readonly RegistryVersion[],
): RegistryVersion[] {
  const known = new Set(files.map(({ schema }) => normalForm(schema.json)))
  return versions.filter(({ schema }) => schema === undefined || !known.has(normalForm(schema.json)))
}

/** Compares the files of a subject, oldest first, with what the registry has. */
export function planSubject(
  subject: string,
  files: readonly SchemaFile[],
  mode: CompatibilityMode,
  { level, versions }: SubjectState,
): SubjectStep {
  const matched = matchFiles(files, versions)
  const last = matched.findLastIndex(({ version }) => version !== undefined)
  const register = matched.slice(last + 1).map(({ file }) => file)
  const skipped = matched.slice(0, last + 1).filter(({ version }) => version === undefined)
  const strangers = strangersOf(files, versions)
  const refusals = [
    ...manyTypes(subject, files, register, mode),
    ...register.flatMap((file) => strangerRefusals(file, strangers, mode)),
  ]
  const change = level === undefined || level === mode ? undefined : { from: level, to: mode }
  const action = register.length > 0 ? 'register' : change === undefined ? 'unchanged' : 'set level'
  return {
    subject,
    action: refusals.length > 0 ? 'refused' : action,
    register,
    level: change,
    refusals,
    drift: [...skipped.map(skippedText), ...strangers.map(strangerText)],
  }
}

/** A step that something else forbids as well. */
export function refusedStep(step: SubjectStep, sentences: readonly string[]): SubjectStep {
  if (sentences.length === 0) return step
  return { ...step, action: 'refused', refusals: [...step.refusals, ...sentences] }
}

/** A registry compares whatever is in a subject: another record is incompatible with all that are there. */
function manyTypes(
  subject: string,
  files: readonly SchemaFile[],
  register: readonly SchemaFile[],
  mode: CompatibilityMode,
): string[] {
  const names = [...new Set(files.map(({ schema }) => schema.fullName))]
  if (names.length < 2 || register.length === 0 || mode === 'NONE') return []
  return [
    `${subject} is one subject for ${names.join(', ')}, which registries compare with each other: give each a subject of its own ` +
      '(registry: { subjects: record } in the environment), or the topic compatibility: NONE in schemas/catalogue.yaml.',
  ]
}

function skippedText({ file }: MatchedFile): string {
  return `${file.path} was never registered, and a later version is: it stays so, for it would become the newest.`
}

function strangerText({ version, trouble }: RegistryVersion): string {
  const why = trouble === undefined ? 'no file here is it: see schemas pull' : trouble.replace(/\.$/, '')
  return `Version ${version} is in the registry alone (${why}).`
}

/** The files are checked among themselves; what the registry has besides counts too. */
function strangerRefusals(
  file: SchemaFile,
  strangers: readonly RegistryVersion[],
  mode: CompatibilityMode,
): string[] {
  const { backward, forward } = rulesOf(mode)
  return strangers.flatMap(({ version, schema }) => {
    if (schema === undefined || schema.fullName !== file.schema.fullName) return []
    const label = versionLabel(file)
    const reads = backward ? readingVerdict(schema.root, file.schema.root) : []
    const isRead = forward ? readingVerdict(file.schema.root, schema.root) : []
    const there = `version ${version} of the registry`
    return [
      ...reads.map((one) => `Readers of ${label} cannot read what ${there} wrote: ${findingText(one)}.`),
      ...isRead.map((one) => `Readers of ${there} cannot read what ${label} writes: ${findingText(one)}.`),
    ]
  })
}
