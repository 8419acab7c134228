import { join } from 'node:path'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { defaultMode, type CompatibilityMode } from '../../engine/component/compatibility.ts'
import { readCatalogue } from '../../engine/config/catalogue.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { findRoot, needSchemas, shownPath } from '../../project/root.ts'

/** What a sub-command of `schemas` works with. */
export interface SchemasContext {
  readonly args: CommandArgs
  /** The words after the sub-command. */
  readonly words: readonly string[]
  /** The project's folder. */
  readonly root: string
  /** Its `schemas/`, as errors and reports show it. */
  readonly folder: string
}

/** Finds the project. */
export function schemasContext(args: CommandArgs): SchemasContext {
  const root = findRoot({ cwd: args.cwd, project: textFlag(args.values, 'project'), topology: undefined })
  const path = join(root, 'schemas')
  const folder = args.cwd === process.cwd() ? shownPath(path, args.cwd) : path
  return { args, words: args.positionals.slice(1), root, folder }
}

/** The schemas of the project. Rejects as readSchemaFiles does. */
export async function schemaFilesOf({ root, folder }: SchemasContext): Promise<SchemaFile[]> {
  needSchemas(root)
  const { readSchemaFiles } = await import('../../engine/avro/schema-files.ts')
  return readSchemaFiles(folder)
}

/** What is promised for each topic: by the catalogue, or where it says nothing by default. */
export async function modesOf({ folder }: SchemasContext): Promise<(topic: string) => CompatibilityMode> {
  const catalogue = await readCatalogue(join(folder, 'catalogue.yaml'))
  return (topic) => catalogue.get(topic)?.compatibility ?? defaultMode
}

/** The files whose record, topic or subject is named; all where nothing is. Throws USAGE for a name that means nothing. */
export function namedFiles(files: readonly SchemaFile[], names: readonly string[]): SchemaFile[] {
  if (names.length === 0) return [...files]
  const means = ({ topic, schema, path }: SchemaFile, name: string): boolean => {
    const { fullName } = schema
    return [
      topic,
      fullName,
      fullName.slice(fullName.lastIndexOf('.') + 1),
      `${topic}-${fullName}`,
      path,
    ].includes(name)
  }
  const stranger = names.find((name) => !files.some((file) => means(file, name)))
  if (stranger !== undefined) {
    throw usage(
      `"${stranger}" is no topic, record, subject or file of schemas/: leave it out for all of them.`,
    )
  }
  return files.filter((file) => names.some((name) => means(file, name)))
}

/** `--date`, or today: a day of UTC. Throws USAGE. */
export function dayFlag({ values }: CommandArgs): string {
  const day = textFlag(values, 'date') ?? new Date().toISOString().slice(0, 10)
  if (/^\d{4}-\d\d-\d\d$/.test(day) && Number.isFinite(Date.parse(day))) return day
  throw usage(`--date ${day} is no day: write it as 2026-11-22.`)
}
