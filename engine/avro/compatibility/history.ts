import type { SchemaFile } from '../schema-files.ts'
import { changeKind, changeText, upgradeOrder } from './change.ts'
import { type CheckProblem, versionLabel, type VersionReport } from './check-types.ts'
import { overdueFields, removedFields } from './deprecation.ts'
import type { CompatibilityMode } from '../../component/compatibility.ts'
import { rulesOf } from './modes.ts'
import { findingText, type ReadingFinding, readingVerdict } from './reading-verdict.ts'
import { numberProblem } from './version-number.ts'

/**
 * Judges the versions of one full name, each against the earlier ones as the mode says.
 *
 * @param files oldest first. `today`: a day such as `2026-11-22`, for deprecations.
 */
export function checkVersionsOf(
  files: readonly SchemaFile[],
  mode: CompatibilityMode,
  today: string,
): VersionReport[] {
  return files.map((file, index) => {
    const notes = index === files.length - 1 ? overdueFields(file.schema, today).map(sentence) : []
    const before = files[index - 1]
    const report = { version: versionLabel(file), file: file.path }
    if (before === undefined) {
      return {
        ...report,
        change: 'first',
        what: 'the first version',
        upgrade: 'any order',
        problems: [],
        notes,
      }
    }
    const broken = readingProblemsOf(file, files.slice(0, index), mode)
    const change = changeKind(before.schema, file.schema, broken.length > 0)
    const removed = removedFields(before.schema, file.schema, today)
    return {
      ...report,
      change,
      what: changeText(before.schema, file.schema, change),
      upgrade: upgradeOrder(before.schema, file.schema),
      problems: [
        ...broken,
        ...(change === 'none' ? [unchanged(file, before)] : []),
        ...numbered(before, file, change),
        ...removed.filter(({ refused }) => refused).map((one) => deprecation(file, one)),
      ],
      notes: [...notes, ...removed.filter(({ refused }) => !refused).map(sentence)],
    }
  })
}

function sentence({ message }: { readonly message: string }): string {
  return `${message}.`
}

function numbered(before: SchemaFile, file: SchemaFile, change: VersionReport['change']): CheckProblem[] {
  const message = change === 'first' ? undefined : numberProblem(before, file, change)
  return message === undefined ? [] : [{ code: 'VERSION', file: file.path, message }]
}

function unchanged(file: SchemaFile, before: SchemaFile): CheckProblem {
  const message = `It is version ${versionLabel(before)} in another spelling, and no version of its own: delete it.`
  return { code: 'UNCHANGED', file: file.path, message }
}

function deprecation(file: SchemaFile, { path, message }: { path: string; message: string }): CheckProblem {
  return { code: 'DEPRECATION', file: file.path, path, message: `${message}: put it back.` }
}

/** Who fails to read whom. Each field is told once, with all the versions that it concerns. */
function readingProblemsOf(
  file: SchemaFile,
  earlier: readonly SchemaFile[],
  mode: CompatibilityMode,
): CheckProblem[] {
  const { backward, forward, transitive } = rulesOf(mode)
  const others = transitive ? earlier : earlier.slice(-1)
  const label = versionLabel(file)
  const told = new Collected(file.path)
  for (const other of others) {
    const root = other.schema.root
    if (backward) {
      const found = readingVerdict(root, file.schema.root)
      told.add(found, (list) => `Readers of ${label} cannot read what ${list} wrote`, versionLabel(other))
    }
    if (forward) {
      const found = readingVerdict(file.schema.root, root)
      told.add(found, (list) => `Readers of ${list} cannot read what ${label} writes`, versionLabel(other))
    }
  }
  return told.problems()
}

interface Told {
  readonly finding: ReadingFinding
  readonly text: (versions: string) => string
  readonly versions: string[]
}

class Collected {
  readonly #file: string
  readonly #told = new Map<string, Told>()

  constructor(file: string) {
    this.#file = file
  }

  add(findings: readonly ReadingFinding[], text: (versions: string) => string, version: string): void {
    for (const finding of findings) {
      const key = text('') + findingText(finding)
      const told = this.#told.get(key) ?? { finding, text, versions: [] }
      told.versions.push(version)
      this.#told.set(key, told)
    }
  }

  problems(): CheckProblem[] {
    return [...this.#told.values()].map(({ finding, text, versions }) => ({
      code: finding.who === 'meaning' ? 'MISREAD' : 'INCOMPATIBLE',
      file: this.#file,
      ...(finding.path !== '' && { path: finding.path }),
      message: `${text(listed(versions))}: ${findingText(finding)}.`,
    }))
  }
}

/** `1.0.0`, `1.0.0 and 1.1.0`, `1.0.0 to 1.9.0`. */
function listed(versions: readonly string[]): string {
  if (versions.length < 3) return versions.join(' and ')
  return `${versions[0]!} to ${versions.at(-1)!} (${versions.length} versions)`
}
