import { readFile } from 'node:fs/promises'
import type { StyleFinding } from '../../engine/avro/style/style.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { MillraceError } from '../../engine/errors.ts'
import { nearest } from '../../engine/config/suggest.ts'
import { annotated } from '../terminal/annotated-files.ts'
import { outputFlag, textFlag, usage } from '../command-line/flags.ts'
import { withAccepted } from './accepted.ts'
import { namedFiles, schemaFilesOf, type SchemasContext } from './context.ts'

const severities = ['error', 'warning', 'info'] as const

/** `millrace schemas lint`. Answers 0, 1 where there are findings that fail, 2 where files could not be read. */
export async function lintSchemas(context: SchemasContext): Promise<number> {
  const { args, words } = context
  const explained = textFlag(args.values, 'explain')
  if (explained !== undefined) return explain(explained, context)
  const format = outputFlag(args.values, ['text', 'json', 'github', 'junit'])
  const failing = severities.slice(0, severities.indexOf(failingSeverity(context)) + 1)
  try {
    const files = await schemaFilesOf(context)
    const named = new Set(namedFiles(files, words))
    const isFile = (file: SchemaFile): boolean => words.includes(file.path)
    const chosen = files.filter((file, index) => named.has(file) && (isFile(file) || isNewest(files, index)))
    const { formatLint } = await import('../../engine/topology/lint-format.ts')
    const looked = await Promise.all(
      chosen.map(async (file) => ({ file, findings: await findingsOf(file, files) })),
    )
    const reports = await withAccepted(looked, files, context)
    const told = format === 'github' ? annotated(reports, args) : reports
    const text = formatLint(told, format, failing, 'millrace schemas lint')
    if (text !== '') args.out(text)
    return reports.some(({ findings }) => findings.some(({ severity }) => failing.includes(severity))) ? 1 : 0
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code === 'USAGE') throw error
    args.err(`millrace: ${error.message}`)
    return 2
  }
}

/** Versions that are in use cannot be changed: only the newest of each record is looked at, unless files are named. */
function isNewest(files: readonly SchemaFile[], index: number): boolean {
  const [file, next] = [files[index]!, files[index + 1]]
  return next?.topic !== file.topic || next.schema.fullName !== file.schema.fullName
}

async function findingsOf(file: SchemaFile, files: readonly SchemaFile[]): Promise<StyleFinding[]> {
  const { styleFindings } = await import('../../engine/avro/style/style.ts')
  const { path, topic, schema } = file
  const before = files[files.indexOf(file) - 1]
  const isSame = before?.topic === topic && before.schema.fullName === schema.fullName
  const text = await readFile(path, 'utf8')
  return styleFindings({ path, topic, schema, text, before: isSame ? before.schema : undefined })
}

function failingSeverity({ args }: SchemasContext): (typeof severities)[number] {
  const given = textFlag(args.values, 'fail-on') ?? 'error'
  const found = severities.find((one) => one === given)
  if (found !== undefined) return found
  throw usage(`--fail-on ${given} is no severity: there are ${severities.join(', ')}.`)
}

async function explain(given: string, { args }: SchemasContext): Promise<number> {
  const [{ styleRules, staleStyleAllowance }, { styleRuleText }] = await Promise.all([
    import('../../engine/avro/style/style-rules.ts'),
    import('../../engine/avro/style/style-text.ts'),
  ])
  const code = given.toUpperCase()
  const rule = styleRules.find((one) => one.code === code)
  if (rule === undefined && code !== staleStyleAllowance.code) {
    const near = nearest(code, [staleStyleAllowance.code, ...styleRules.map((one) => one.code)])
    const hint = near === undefined ? 'docs/reference/schemas.md lists them.' : `did you mean ${near}?`
    throw usage(`schemas lint has no code ${given}: ${hint}`)
  }
  const { title, severity, explanation } = rule ?? staleStyleAllowance
  if (outputFlag(args.values, ['text', 'json']) === 'json') {
    const more = rule === undefined ? {} : { remedy: rule.remedy, example: rule.example }
    args.out(JSON.stringify({ code, title, severity, explanation, ...more }))
  } else if (rule === undefined)
    args.out(`# ${code}: ${title}\n\nSeverity: **${severity}**\n\n${explanation}`)
  else args.out([`# ${code}: ${title}`, ...styleRuleText(rule)].join('\n\n'))
  return 0
}
