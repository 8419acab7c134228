import type { CheckProblem, SubjectReport } from '../../engine/avro/compatibility/check-types.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import type { SchemasContext } from './context.ts'
import { stepsOf, withOpenRegistry } from './registry.ts'

/** Reports with what the registry says to the versions that it does not have yet, at the newest of each record. */
export function withRegistry(
  reports: readonly SubjectReport[],
  files: readonly SchemaFile[],
  context: SchemasContext,
): Promise<SubjectReport[]> {
  return withOpenRegistry(context, async (registry) => {
    const wanted = new Set(reports.map(({ subject }) => subject))
    const asked = files.filter(({ topic, schema }) => wanted.has(`${topic}-${schema.fullName}`))
    const steps = await stepsOf(asked, [], registry, context)
    return reports.map((report) => {
      const last = report.versions.at(-1)!
      const file = files.find(({ path }) => path === last.file)
      const step = file && steps.find(({ subject }) => subject === registry.subjectOf(file))
      const problems = (step?.refusals ?? []).map((message): CheckProblem => ({
        code: 'REGISTRY',
        file: last.file,
        message,
      }))
      const notes = [...last.notes, ...(step?.drift ?? [])]
      return {
        ...report,
        versions: report.versions.with(-1, { ...last, problems: [...last.problems, ...problems], notes }),
      }
    })
  })
}
