import { fatalError, permanentError } from '../errors.ts'
import { identityForm } from './canonical.ts'
import { type RegisteredSchema, type SchemaRegistry, subjectOf } from './registry.ts'
import type { Schema } from './schema.ts'
import { readSchemaFiles, type SchemaFile } from './schema-files.ts'
import { didYouMean } from './suggest.ts'

/** A registry over a directory, and the files that it was read from. */
export interface DirectoryRegistry extends SchemaRegistry {
  readonly directory: string
  /** In the order of topic, name and version. */
  files(): readonly SchemaFile[]
}

interface Contents {
  readonly files: readonly SchemaFile[]
  readonly byId: ReadonlyMap<number, Schema>
  /** The newest version by full name and by subject; several where topics disagree. */
  readonly latest: ReadonlyMap<string, readonly SchemaFile[]>
}

/**
 * The registry of embedded mode: `schemas/{topic}/{Name}.v{N}.avsc`, read and checked at once.
 *
 * A schema's id is a 31-bit hash of its content (Schema.contentId). So it is the same on every machine and branch,
 * without a file of ids that branches would both append to, and records outlive renamed files and new folders. Two
 * schemas with one hash are refused here; an attribute `"idSalt": "1"` at the root of one of them parts them.
 *
 * `latest` takes a subject (`audit-events-audit.AuditEvent`) or a full name (`audit.AuditEvent`) that means one thing.
 * `load` of an unknown id reads the directory again: another process may have added a version.
 *
 * @throws the errors of readSchemaFiles, and SCHEMA_REGISTRY_INVALID (fatal) for two schemas with one id.
 */
export async function openDirectoryRegistry(directory: string): Promise<DirectoryRegistry> {
  let contents = index(await readSchemaFiles(directory))
  let reading: Promise<void> | undefined

  const reread = async (): Promise<void> => {
    try {
      contents = index(await readSchemaFiles(directory))
    } finally {
      reading = undefined
    }
  }
  return {
    directory,
    files: () => contents.files,
    byId: (id) => contents.byId.get(id),
    load: async (id) => {
      if (!contents.byId.has(id)) await (reading ??= reread())
      const schema = contents.byId.get(id)
      if (schema !== undefined) return schema
      throw permanentError(
        'AVRO_UNKNOWN_SCHEMA_ID',
        `No schema in ${directory} has the id ${id}: a version was edited or removed after records were written with it, or the value comes from another registry; restore the file, and make changes as a new version.`,
        { facts: { id } },
      )
    },
    latest: async (subject) => newest(directory, contents, subject),
  }
}

function index(files: readonly SchemaFile[]): Contents {
  const byId = new Map<number, Schema>()
  const latest = new Map<string, SchemaFile[]>()
  for (const file of files) {
    const { contentId, fullName, root, source } = file.schema
    const other = byId.get(contentId)
    if (
      other !== undefined &&
      JSON.stringify(identityForm(other.root)) !== JSON.stringify(identityForm(root))
    ) {
      throw fatalError(
        'SCHEMA_REGISTRY_INVALID',
        `${source} and ${other.source} have by chance the same id ${contentId}: add "idSalt": "1" to the newer one.`,
      )
    }
    // The first one stays, so that a schema keeps its identity when the directory is read again.
    if (other === undefined) byId.set(contentId, file.schema)
    latest.set(subjectOf(file.topic, fullName), [file])
    const elsewhere = latest.get(fullName)?.filter(({ topic }) => topic !== file.topic) ?? []
    latest.set(fullName, [...elsewhere, file])
  }
  return { files, byId, latest }
}

function newest(directory: string, contents: Contents, subject: string): RegisteredSchema {
  const [file, ...others] = contents.latest.get(subject) ?? []
  if (file === undefined) {
    const names = new Set(contents.files.map(({ schema }) => schema.fullName))
    const wanted = nameIn(contents, subject)
    const listed = names.size > 0 && names.size <= 10 ? ` There are: ${[...names].join(', ')}.` : ''
    throw fatalError(
      'SCHEMA_NOT_FOUND',
      `There is no schema "${wanted}" in ${directory}.${didYouMean(wanted, names) || listed}`,
      { facts: { subject } },
    )
  }
  const different = others.find(({ schema }) => schema.contentId !== file.schema.contentId)
  if (different !== undefined) {
    throw fatalError(
      'SCHEMA_REGISTRY_INVALID',
      `"${subject}" means ${file.path} or ${different.path}, which differ: name the topic too, or make them alike.`,
    )
  }
  return { id: file.schema.contentId, schema: file.schema }
}

/** The record's name in a subject whose topic is known, for "did you mean". */
function nameIn(contents: Contents, subject: string): string {
  const topic = contents.files.map((file) => `${file.topic}-`).find((prefix) => subject.startsWith(prefix))
  return topic === undefined ? subject : subject.slice(topic.length)
}
