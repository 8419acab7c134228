import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import { outputFlag, usage } from '../command-line/flags.ts'
import { modesOf, namedFiles, schemaFilesOf, type SchemasContext } from './context.ts'
import { bySubject, stateOf, withOpenRegistry } from './registry.ts'
import { textTable } from '../terminal/text-table.ts'

/** `millrace schemas diff`. Answers 0 where nothing differs, 3 where something does. */
export async function diffSchemas(context: SchemasContext): Promise<number> {
  const [, older, newer] = context.words
  const two = context.words.length === 3 && isVersion(older!) && isVersion(newer!)
  return two ? diffVersions(context) : diffRegistry(context)
}

function isVersion(word: string): boolean {
  return /^v?\d+(\.\d+){0,2}$/.test(word)
}

async function diffVersions(context: SchemasContext): Promise<number> {
  const { args, words } = context
  const [{ schemaDifferences }, { changeKind, upgradeOrder }] = await Promise.all([
    import('../../engine/avro/difference.ts'),
    import('../../engine/avro/compatibility/change.ts'),
  ])
  const files = namedFiles(await schemaFilesOf(context), words.slice(0, 1))
  const [before, after] = await Promise.all([versionOf(files, words[1]!), versionOf(files, words[2]!)])
  const upgrade = upgradeOrder(before.schema, after.schema)
  const broken = upgrade === 'together' || upgrade === 'producers first'
  const change = changeKind(before.schema, after.schema, broken)
  const differences = schemaDifferences(before.schema.root, after.schema.root)
  if (outputFlag(args.values, ['text', 'json']) === 'json') {
    const from = { from: before.path, to: after.path }
    args.out(JSON.stringify({ ...from, change, upgrade, differences }, undefined, 2))
  } else {
    args.out(`${before.path} → ${after.path}: ${change === 'none' ? 'the same' : change.toUpperCase()}`)
    for (const { path, what, breaks } of differences) {
      args.out(`  ${path === '' ? 'the value' : path} ${what}${breaks ? ': readers of the newer fail' : ''}`)
    }
    if (change !== 'none') args.out(`Upgrade ${upgrade === 'any order' ? 'in any order' : upgrade}.`)
  }
  return change === 'none' ? 0 : 3
}

async function versionOf(files: readonly SchemaFile[], word: string): Promise<SchemaFile> {
  const { versionLabel } = await import('../../engine/avro/compatibility/check-types.ts')
  const wanted = word.replace(/^v/, '')
  const found = files.filter((file) => {
    const label = versionLabel(file)
    return label === wanted || (file.semver !== undefined && label === `${wanted}.0`)
  })
  const [file] = found
  if (file !== undefined && found.length === 1) return file
  const labels = files.map(versionLabel).join(', ')
  throw usage(
    found.length > 1
      ? `Several records have a version ${word}: name the record in full.`
      : `There is no version ${word}: there are ${labels}.`,
  )
}

async function diffRegistry(context: SchemasContext): Promise<number> {
  const { args, words } = context
  const [files, modeOf, { matchFiles, strangersOf }, { versionLabel }] = await Promise.all([
    schemaFilesOf(context),
    modesOf(context),
    import('../../engine/avro/compatibility/registry-plan.ts'),
    import('../../engine/avro/compatibility/check-types.ts'),
  ])
  const named = namedFiles(files, words)
  return withOpenRegistry(context, async (registry) => {
    const subjects: SubjectDifference[] = []
    for (const [subject, own] of bySubject(named, registry)) {
      const { versions, level } = await stateOf(registry, subject)
      const missing = matchFiles(own, versions).filter(({ version }) => version === undefined)
      subjects.push({
        subject,
        file: own.at(-1)!.path,
        onlyFiles: missing.map(({ file }) => versionLabel(file)),
        onlyRegistry: strangersOf(own, versions).map(({ version }) => version),
        level: { registry: level, files: modeOf(own[0]!.topic) },
      })
    }
    const format = outputFlag(args.values, ['text', 'json', 'github', 'junit'])
    if (format === 'json') args.out(JSON.stringify({ subjects }, undefined, 2))
    else if (format === 'text') for (const line of differenceLines(subjects)) args.out(line)
    else {
      const { showFindings } = await import('./findings.ts')
      await showFindings(subjects.map(differenceReport), format, 'millrace schemas diff', args)
    }
    return subjects.some(differs) ? 3 : 0
  })
}

interface SubjectDifference {
  readonly subject: string
  /** The newest file of the subject. */
  readonly file: string
  /** Versions of files that the registry lacks. */
  readonly onlyFiles: readonly string[]
  /** Versions of the registry that no file is. */
  readonly onlyRegistry: readonly number[]
  readonly level: { readonly registry: string | undefined; readonly files: string }
}

function differs({ onlyFiles, onlyRegistry, level }: SubjectDifference): boolean {
  const levels = level.registry !== undefined && level.registry !== level.files
  return onlyFiles.length > 0 || onlyRegistry.length > 0 || levels
}

function differenceReport({ subject, file, onlyFiles, onlyRegistry, level }: SubjectDifference): LintReport {
  const sentences = [
    ...(onlyFiles.length > 0 ? [`only files have ${onlyFiles.join(', ')}.`] : []),
    ...(onlyRegistry.length > 0 ? [`only the registry has version ${onlyRegistry.join(', ')}.`] : []),
    ...(level.registry === undefined || level.registry === level.files
      ? []
      : [`the registry has ${level.registry}, and the catalogue says ${level.files}.`]),
  ]
  const place = { file, line: 1, column: 1, code: 'DIFFERENCE', title: 'Files and registry differ' }
  return {
    file,
    findings: sentences.map((sentence) => ({
      ...place,
      severity: 'error',
      message: `${subject}: ${sentence}`,
    })),
  }
}

function differenceLines(subjects: readonly SubjectDifference[]): string[] {
  const rows = subjects
    .filter(differs)
    .map(({ subject, onlyFiles, onlyRegistry, level }) => [
      ...[subject, onlyFiles.join(', '), onlyRegistry.join(', ')],
      level.registry === undefined || level.registry === level.files
        ? ''
        : `${level.registry}, not ${level.files}`,
    ])
  if (rows.length === 0) return ['The registry has what the files say.']
  return textTable(['subject', 'only in files', 'only in the registry', 'compatibility there'], rows)
}
