import { basename, join } from 'node:path'
import type { StyleFinding } from '../../engine/avro/style/style.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { openCatalogue, type CatalogueFile } from '../../engine/config/catalogue.ts'
import type { AcceptedFinding, LintReport } from '../../engine/topology/lint-format.ts'
import type { SchemasContext } from './context.ts'

/** A file that was looked at, and what was found. */
export interface LookedAt {
  readonly file: SchemaFile
  readonly findings: readonly StyleFinding[]
}

/** A `lintAllow` of the catalogue: a code in a version of a topic. */
interface Allowance {
  readonly topic: string
  readonly name: string
  readonly code: string
}

/**
 * Reports of what was found, with that apart which the catalogue accepts (`lintAllow`): a version that is in use cannot be
 * changed. What it accepts and is not there is told (MS000), since it would hide the next finding.
 */
export async function withAccepted(
  looked: readonly LookedAt[],
  all: readonly SchemaFile[],
  { folder }: SchemasContext,
): Promise<LintReport[]> {
  const path = join(folder, 'catalogue.yaml')
  const catalogue = await openCatalogue(path)
  const reports = looked.map((one) => split(one, catalogue))
  const stale = allowancesOf(catalogue).filter((one) => isStale(one, looked, all))
  if (stale.length === 0) return reports
  const { staleStyleAllowance } = await import('../../engine/avro/style/style-rules.ts')
  const { code, title, severity } = staleStyleAllowance
  const findings = stale.map((one) => {
    const place = catalogue.keyPlace(['topics', one.topic, 'lintAllow', one.name, one.code])
    const what = all.some((file) => isOf(one, file))
      ? 'there is no such finding in it'
      : 'there is no such file'
    const message = `lintAllow accepts ${one.code} of ${one.topic}/${one.name}, and ${what}: take it out.`
    return { file: path, ...place, code, title, severity, message }
  })
  return [...reports, { file: path, findings }]
}

function split({ file, findings }: LookedAt, { topics }: CatalogueFile): LintReport {
  const reasons = topics.get(file.topic)?.lintAllow?.[basename(file.path)] ?? {}
  const isAccepted = ({ code }: StyleFinding): boolean => Object.hasOwn(reasons, code)
  return {
    file: file.path,
    findings: findings.filter((one) => !isAccepted(one)),
    accepted: findings
      .filter(isAccepted)
      .map((one): AcceptedFinding => ({ ...one, reason: reasons[one.code]! })),
  }
}

function allowancesOf({ topics }: CatalogueFile): Allowance[] {
  return [...topics].flatMap(([topic, { lintAllow = {} }]) =>
    Object.entries(lintAllow).flatMap(([name, reasons]) =>
      Object.keys(reasons).map((code) => ({ topic, name, code })),
    ),
  )
}

/** Of a file that is there and was not looked at nothing is known. */
function isStale(one: Allowance, looked: readonly LookedAt[], all: readonly SchemaFile[]): boolean {
  const at = looked.find(({ file }) => isOf(one, file))
  if (at !== undefined) return !at.findings.some(({ code }) => code === one.code)
  return !all.some((file) => isOf(one, file))
}

function isOf({ topic, name }: Allowance, file: SchemaFile): boolean {
  return file.topic === topic && basename(file.path) === name
}
