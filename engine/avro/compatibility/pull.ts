import { changeKind } from './change.ts'
import { normalForm } from './normal-form.ts'
import { readingVerdict } from './reading-verdict.ts'
import { strangersOf } from './registry-plan.ts'
import { nextVersion } from './version-number.ts'
import { simpleName } from '../model.ts'
import type { RegistryVersion } from '../registry-admin.ts'
import type { Schema } from '../schema.ts'
import { majorOfName } from '../schema-file-names.ts'
import type { SchemaFile } from '../schema-files.ts'
import { formatSemver, type Semver } from '../semver.ts'

/** A file to be written for a version of the registry. */
export interface PulledFile {
  readonly topic: string
  readonly name: string
  readonly text: string
  /** The version of the registry. */
  readonly version: number
}

/** The files that a subject’s versions become, and what becomes none: sentences. */
export interface Pull {
  readonly files: readonly PulledFile[]
  readonly left: readonly string[]
}

/** The topic of a subject, by the record in it; undefined where its name says none. */
export function topicOfSubject(subject: string, fullName: string): string | undefined {
  for (const ending of [`-${fullName}`, '-value']) {
    if (subject.length > ending.length && subject.endsWith(ending)) return subject.slice(0, -ending.length)
  }
  return undefined
}

/**
 * The versions of a subject that `files` lack, as files behind the newest there is. They are numbered as the record's other
 * files are: by semver as the changes are, or counted. A registry keeps no such numbers: those of a record without files are
 * made by going through its changes from the first; where one of them breaks readers there is no such number, and it is
 * counted. A version that was only spelled anew is none.
 */
export function pullSubject(
  subject: string,
  versions: readonly RegistryVersion[],
  files: readonly SchemaFile[],
): Pull {
  const left: string[] = []
  const pulled: PulledFile[] = []
  const strangers = new Set(strangersOf(files, versions))
  const lastKnown = versions.findLastIndex((one) => !strangers.has(one))
  const numbers = new Numbers(files, versions)
  const seen = new Set<string>()
  for (const [index, one] of versions.entries()) {
    if (!strangers.has(one)) continue
    const { schema, version, trouble } = one
    const topic = schema === undefined ? undefined : topicOfSubject(subject, schema.fullName)
    if (schema === undefined)
      left.push(`Version ${version} of ${subject} is not written: ${trouble ?? 'it is no Avro'}`)
    else if (topic === undefined) left.push(`${subject} is named after no topic: it is not written.`)
    else if (index < lastKnown) {
      left.push(`Version ${version} of ${subject} is older than what is here: it is not written.`)
    } else if (!seen.has(normalForm(schema.json))) {
      seen.add(normalForm(schema.json))
      const number = numbers.next(topic, schema)
      const name = `${simpleName(schema.fullName)}.v${number}.avsc`
      pulled.push({ topic, name, version, text: `${JSON.stringify(schema.json, undefined, 2)}\n` })
    }
  }
  return { files: pulled, left: [...new Set(left)] }
}

interface Newest {
  readonly schema: Schema
  readonly count: number
  readonly semver: Semver | undefined
}

/** The numbers that come next, by record. */
class Numbers {
  readonly #newest = new Map<string, Newest>()
  readonly #versions: readonly RegistryVersion[]

  constructor(files: readonly SchemaFile[], versions: readonly RegistryVersion[]) {
    this.#versions = versions
    for (const { topic, schema, version, semver } of files) {
      this.#newest.set(`${topic}/${schema.fullName}`, { schema, count: version, semver })
    }
  }

  next(topic: string, schema: Schema): string {
    const key = `${topic}/${schema.fullName}`
    const before = this.#newest.get(key)
    const count = (before?.count ?? 0) + 1
    const semver = before === undefined ? this.#first(schema) : numberAfter(before, schema)
    this.#newest.set(key, { schema, count, semver })
    return semver === undefined ? String(count) : formatSemver(semver)
  }

  /** Undefined where a later version of the record breaks readers: all of them are then counted. */
  #first({ fullName }: Schema): Semver | undefined {
    const own = this.#versions.flatMap(({ schema }) => (schema?.fullName === fullName ? [schema] : []))
    const breaks = own.some((one, index) => index > 0 && isBroken(own[index - 1]!, one))
    return breaks ? undefined : { major: majorOfName(fullName) ?? 1, minor: 0, patch: 0 }
  }
}

function isBroken(before: Schema, after: Schema): boolean {
  return readingVerdict(before.root, after.root).length > 0
}

function numberAfter({ schema: before, semver }: Newest, schema: Schema): Semver | undefined {
  return semver === undefined ? undefined : nextVersion(semver, changeKind(before, schema, false))
}
