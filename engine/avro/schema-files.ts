import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fatalError, MillraceError } from '../errors.ts'
import { simpleName } from './model.ts'
import { parseSchema, type Schema } from './schema.ts'
import { majorOfName, parseSchemaFileName, type SchemaFileName } from './schema-file-names.ts'
import { checkVersions } from './schema-file-versions.ts'
import { compareSemver, type Semver } from './semver.ts'

/** One .avsc file of the directory. */
export interface SchemaFile {
  readonly path: string
  /** The folder's name: the topic. */
  readonly topic: string
  /** The plain count of `Name.v3.avsc`; else the file's place among those of its full name, from 1. */
  readonly version: number
  /** Of `Name.v1.2.avsc`; absent where versions are counted plainly. */
  readonly semver?: Semver
  readonly schema: Schema
}

/**
 * Reads `directory/{topic}/{Name}.v{N}.avsc` and `{Name}.v{MAJOR}.{MINOR}[.{PATCH}].avsc`, in the order of topic, full
 * name and version. `Name` is the record's name or full name. A MAJOR above 1 is a namespace that ends in
 * `.v{MAJOR}`, and so a full name of its own. Files that do not end in .avsc are left alone.
 *
 * @throws fatal errors of one sentence with the path and what to do: SCHEMA_REGISTRY_INVALID (no directory, a file
 * name that says nothing, two files for one version, a version missing in between, a namespace of another MAJOR, a
 * count beside semver), CONFIG_UNREADABLE, AVRO_SCHEMA_INVALID.
 */
export async function readSchemaFiles(directory: string): Promise<SchemaFile[]> {
  const files: SchemaFile[] = []
  for (const entry of await list(directory)) {
    const path = join(directory, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) files.push(...(await readTopic(path, entry.name)))
    else if (entry.name.endsWith('.avsc')) {
      throw contradiction(`${path} belongs to no topic: move it into a folder named after its topic.`)
    }
  }
  return files
}

function contradiction(message: string): MillraceError {
  return fatalError('SCHEMA_REGISTRY_INVALID', message)
}

async function list(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.sort((left, right) => (left.name < right.name ? -1 : 1))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') {
      throw contradiction(
        `There is no schema directory ${directory}: create it, with a folder for each topic.`,
      )
    }
    if (code === 'ENOTDIR') throw contradiction(`${directory} is a file, not a directory of schemas.`)
    throw fatalError(
      'CONFIG_UNREADABLE',
      `${directory} cannot be listed (${code ?? 'unknown'}): check its permissions.`,
      {
        cause: error,
      },
    )
  }
}

async function readTopic(directory: string, topic: string): Promise<SchemaFile[]> {
  const files: SchemaFile[] = []
  for (const entry of await list(directory)) {
    if (!entry.name.endsWith('.avsc') || entry.name.startsWith('.')) continue
    files.push(await readOne(join(directory, entry.name), entry.name, topic))
  }
  files.sort(byNameAndVersion)
  checkVersions(files)
  return withOrdinals(files)
}

function byNameAndVersion(left: SchemaFile, right: SchemaFile): number {
  const [a, b] = [left.schema.fullName, right.schema.fullName]
  if (a !== b) return a < b ? -1 : 1
  if (left.semver === undefined || right.semver === undefined) return left.version - right.version
  return compareSemver(left.semver, right.semver)
}

/** Semver has gaps between 1.0.1 and 1.1.0; the registry counts versions one by one. */
function withOrdinals(files: readonly SchemaFile[]): SchemaFile[] {
  const seen = new Map<string, number>()
  return files.map((file) => {
    const { fullName } = file.schema
    const ordinal = (seen.get(fullName) ?? 0) + 1
    seen.set(fullName, ordinal)
    return file.semver === undefined ? file : { ...file, version: ordinal }
  })
}

async function readOne(path: string, fileName: string, topic: string): Promise<SchemaFile> {
  const parsed = parseSchemaFileName(fileName)
  if (parsed === undefined) {
    throw contradiction(
      `${path} says no version: name it Name.v1.avsc, Name.v2.avsc and so on, or Name.v1.0.avsc, Name.v1.1.avsc.`,
    )
  }
  const schema = wholeSchema(await readText(path), path)
  const { fullName } = schema
  if (parsed.name !== fullName && parsed.name !== simpleName(fullName)) {
    throw contradiction(
      `${path} defines ${fullName}: name the file ${simpleName(fullName)}.v${parsed.version}.avsc.`,
    )
  }
  if (parsed.semver !== undefined) checkMajor(path, fullName, parsed.semver)
  return { path, topic, schema, ...versionOf(parsed) }
}

/** A file is a schema by itself: what registries keep in other subjects stands in it. */
function wholeSchema(text: string, path: string): Schema {
  try {
    return parseSchema(text, path)
  } catch (error) {
    if (!(error instanceof MillraceError) || !error.message.endsWith('a name is defined before its use.'))
      throw error
    const more = 'Write its definition here: a file takes no names from other files or subjects.'
    throw fatalError('AVRO_SCHEMA_INVALID', `${error.message} ${more}`, { cause: error, facts: error.facts })
  }
}

function versionOf({ count, semver }: SchemaFileName): { version: number; semver?: Semver } {
  return semver === undefined ? { version: count! } : { version: 0, semver }
}

function checkMajor(path: string, fullName: string, { major }: Semver): void {
  const named = majorOfName(fullName) ?? 1
  if (named === major) return
  const what = `${path} is version ${major} of ${fullName}, whose namespace says ${named}`
  const doThis =
    major === 1
      ? 'take it off the namespace, or number the file by it'
      : `let the namespace end in ".v${major}"`
  throw contradiction(`${what}: ${doThis}, for a MAJOR is a namespace of its own.`)
}

async function readText(path: string): Promise<string> {
  try {
    // Some editors write a byte order mark, which JSON does not allow.
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw fatalError('CONFIG_UNREADABLE', `${path} cannot be read (${code}): it should be a readable file.`, {
      cause: error,
    })
  }
}
