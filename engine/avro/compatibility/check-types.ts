import type { SchemaFile } from '../schema-files.ts'
import type { ChangeKind, UpgradeOrder } from './change.ts'
import type { CompatibilityMode } from '../../component/compatibility.ts'

/** What is wrong with a version. */
export interface CheckProblem {
  /**
   * `INCOMPATIBLE`: some reader fails. `MISREAD`: it reads, and what it reads means something else. `VERSION`: the number
   * does not say what the change is. `UNCHANGED`: it is the version before, spelled otherwise. `EDITED`, `REMOVED`: a version that
   * was there is not what it was. `DEPRECATION`: a field goes before its day. `REGISTRY`: the registry refuses it.
   */
  readonly code:
    'INCOMPATIBLE' | 'MISREAD' | 'VERSION' | 'UNCHANGED' | 'EDITED' | 'REMOVED' | 'DEPRECATION' | 'REGISTRY'
  readonly file: string
  /** Of the field that it is about, `lines[].price`, where there is one. */
  readonly path?: string
  /** A sentence. */
  readonly message: string
}

/** What is said of one version. */
export interface VersionReport {
  readonly version: string
  readonly file: string
  readonly change: ChangeKind | 'first'
  /** What changed since the version before. */
  readonly what: string
  readonly upgrade: UpgradeOrder
  readonly problems: readonly CheckProblem[]
  readonly notes: readonly string[]
}

/** What is said of one record of a topic. */
export interface SubjectReport {
  readonly subject: string
  readonly topic: string
  readonly record: string
  readonly mode: CompatibilityMode
  /** Oldest first. */
  readonly versions: readonly VersionReport[]
}

/** The files of a revision of git, by paths as they would be now. */
export interface PastFiles {
  /** Its name, for sentences. */
  readonly revision: string
  readonly files: readonly SchemaFile[]
  /** The files of the revision that it and what is checked both come from. */
  readonly base: readonly SchemaFile[]
}

/** The number of a version as people write it: `1.2.0`, or the plain count. */
export function versionLabel({ version, semver }: Pick<SchemaFile, 'version' | 'semver'>): string {
  return semver === undefined ? String(version) : `${semver.major}.${semver.minor}.${semver.patch}`
}
