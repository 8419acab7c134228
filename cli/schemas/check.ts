import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { PastFiles, SubjectReport } from '../../engine/avro/compatibility/check-types.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { MillraceError } from '../../engine/errors.ts'
import { exitCodeOf } from '../command-line/exit-codes.ts'
import { outputFlag, textFlag, usage } from '../command-line/flags.ts'
import type { Revision } from '../lint/git.ts'
import { dayFlag, modesOf, namedFiles, schemaFilesOf, type SchemasContext } from './context.ts'
import { checkText, lintReportsOf } from './check-text.ts'

/** `millrace schemas check`. Answers 0, 1 where something is wrong, 2 where a file cannot be read. */
export async function checkSchemas(context: SchemasContext): Promise<number> {
  const { args } = context
  const format = outputFlag(args.values, ['text', 'json', 'github', 'junit'])
  try {
    const reports = await reportsOf(context)
    const broken = reports.some(({ versions }) => versions.some(({ problems }) => problems.length > 0))
    if (format === 'text') for (const line of checkText(reports)) args.out(line)
    else if (format === 'json') args.out(JSON.stringify({ ok: !broken, subjects: reports }, undefined, 2))
    else {
      const { showFindings } = await import('./findings.ts')
      await showFindings(await lintReportsOf(reports), format, 'millrace schemas check', args)
    }
    return broken ? 1 : 0
  } catch (error) {
    if (!(error instanceof MillraceError) || exitCodeOf(error) !== 1) throw error
    args.err(`millrace: ${error.message}`)
    return 2
  }
}

async function reportsOf(context: SchemasContext): Promise<SubjectReport[]> {
  const { args, words } = context
  const { checkFiles } = await import('../../engine/avro/compatibility/check.ts')
  const [files, modeOf] = await Promise.all([schemaFilesOf(context), modesOf(context)])
  const revision = textFlag(args.values, 'against')
  const past = revision === undefined ? undefined : await pastOf(revision, context)
  const named = namedFiles(files, words)
  const reports = checkFiles(files, { modeOf, today: dayFlag(args), ...(past && { past }) })
  const wanted = new Set(named.map(({ topic, schema }) => `${topic}-${schema.fullName}`))
  const chosen = words.length === 0 ? reports : reports.filter(({ subject }) => wanted.has(subject))
  if (textFlag(args.values, 'env') === undefined) return chosen
  const { withRegistry } = await import('./check-registry.ts')
  return withRegistry(chosen, files, context)
}

/** The schemas as a revision of git has them, and as they were where HEAD branched off from it. */
async function pastOf(revision: string, context: SchemasContext): Promise<PastFiles> {
  const { openRevision } = await import('../lint/git.ts')
  const found = await openRevision(revision, context.root).catch((error: unknown) => {
    // Here it is a revision, and never a file.
    const message = error instanceof Error ? error.message : String(error)
    throw usage(
      message
        .replace('is neither a file nor a revision', 'is no revision')
        .replace('is no file, and', 'cannot be had:'),
    )
  })
  const base = await found.branchedAt()
  const files = await filesIn(found, context)
  return { revision, files, base: base === undefined ? files : await filesIn(base, context) }
}

/** The schemas of a revision, by the paths that they would have now. */
async function filesIn(revision: Revision, { args, root, folder }: SchemasContext): Promise<SchemaFile[]> {
  const { readSchemaFiles } = await import('../../engine/avro/schema-files.ts')
  const aside = mkdtempSync(join(tmpdir(), 'millrace-schemas-'))
  try {
    await revision.extract(resolve(args.cwd, root, 'schemas'), aside)
    const files = await readSchemaFiles(aside)
    return files.map((file) => ({ ...file, path: file.path.replace(aside, folder) }))
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const there = error.message.replaceAll(aside, `${revision.name}:schemas`)
    throw new MillraceError(error.kind, error.code, there)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}
