import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fatalError, type MillraceError } from '../errors.ts'
import { simpleName } from './model.ts'
import { parseSchema, type Schema } from './schema.ts'

/** One .avsc file of the directory. */
export interface SchemaFile {
  readonly path: string
  /** The folder's name: the topic. */
  readonly topic: string
  readonly version: number
  readonly schema: Schema
}

const filePattern = /^(.+)\.v([1-9]\d{0,5})\.avsc$/

/**
 * Reads `directory/{topic}/{Name}.v{N}.avsc`, in the order of topic, name and version. `Name` is the record's name or
 * full name. Files that do not end in .avsc are left alone.
 *
 * @throws fatal errors of one sentence with the path and what to do: SCHEMA_REGISTRY_INVALID (no directory, a file
 * name that says nothing, two files for one version, a version missing in between), CONFIG_UNREADABLE,
 * AVRO_SCHEMA_INVALID.
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
  const key = (file: SchemaFile) => `${file.schema.fullName} ${String(file.version).padStart(6, '0')}`
  files.sort((left, right) => (key(left) < key(right) ? -1 : 1))
  checkVersions(files)
  return files
}

async function readOne(path: string, fileName: string, topic: string): Promise<SchemaFile> {
  const parts = filePattern.exec(fileName)
  if (parts === null)
    throw contradiction(`${path} says no version: name it Name.v1.avsc, Name.v2.avsc and so on.`)
  const schema = parseSchema(await readText(path), path)
  const { fullName } = schema
  if (parts[1] !== fullName && parts[1] !== simpleName(fullName)) {
    throw contradiction(
      `${path} defines ${fullName}: name the file ${simpleName(fullName)}.v${parts[2]!}.avsc.`,
    )
  }
  return { path, topic, version: Number(parts[2]), schema }
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

function checkVersions(files: readonly SchemaFile[]): void {
  for (const [index, file] of files.entries()) {
    const before = files[index - 1]
    if (before?.schema.fullName !== file.schema.fullName) continue
    if (before.version === file.version) {
      const both = `${before.path} and ${file.path}`
      throw contradiction(
        `${both} are both version ${file.version} of ${file.schema.fullName}: renumber one of them.`,
      )
    }
    if (before.version + 1 !== file.version) {
      throw contradiction(
        `${file.path} follows version ${before.version}: restore version ${before.version + 1} of ${file.schema.fullName}, for records were written with it.`,
      )
    }
  }
}
