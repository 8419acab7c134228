import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CompatibilityMode } from '../../component/compatibility.ts'
import { subjectOf } from '../registry.ts'
import type { SchemaFile } from '../schema-files.ts'
import type { CheckProblem, PastFiles, SubjectReport, VersionReport } from './check-types.ts'
import { checkVersionsOf } from './history.ts'
import { majorNotes } from './majors.ts'
import { pastProblems } from './past.ts'

/** What `check` goes by, besides the files. */
export interface CheckRules {
  /** What is promised for a topic. */
  readonly modeOf: (topic: string) => CompatibilityMode
  /** A day such as `2026-11-22`. */
  readonly today: string
  readonly past?: PastFiles
}

/** The files of each full name of each topic, in the order of the files. */
export function byRecord(files: readonly SchemaFile[]): SchemaFile[][] {
  const groups = new Map<string, SchemaFile[]>()
  for (const file of files) {
    const key = `${file.topic}/${file.schema.fullName}`
    groups.set(key, [...(groups.get(key) ?? []), file])
  }
  return [...groups.values()]
}

/** Judges all records of a project, as far as its files and its history tell. */
export function checkFiles(files: readonly SchemaFile[], rules: CheckRules): SubjectReport[] {
  const { past } = rules
  const changed = past === undefined ? [] : pastProblems(files, past)
  const gone = Map.groupBy(
    changed.filter(({ code }) => code === 'REMOVED'),
    (one) => subjectOfPath(one, past!.files),
  )
  const reports = byRecord(files).map((versions) => {
    const report = checkRecord(versions, files, rules)
    const lost = gone.get(report.subject) ?? []
    gone.delete(report.subject)
    const judged = report.versions.map((one) => withPast(one, changed))
    const last = judged.at(-1)!
    // A version that is gone has no file to be told at: it is told with the newest.
    return { ...report, versions: judged.with(-1, { ...last, problems: [...last.problems, ...lost] }) }
  })
  return [...reports, ...[...gone.values()].map((problems) => goneReport(problems, rules))]
}

function fileOf({ file }: CheckProblem, files: readonly SchemaFile[]): SchemaFile {
  return files.find(({ path }) => path === file)!
}

function subjectOfPath(problem: CheckProblem, files: readonly SchemaFile[]): string {
  const { topic, schema } = fileOf(problem, files)
  return subjectOf(topic, schema.fullName)
}

function checkRecord(
  versions: readonly SchemaFile[],
  files: readonly SchemaFile[],
  { modeOf, today }: CheckRules,
): SubjectReport {
  const { topic, schema } = versions[0]!
  const mode = modeOf(topic)
  const inTopic = files.filter((file) => file.topic === topic)
  const reports = checkVersionsOf(versions, mode, today).map((report, index) => {
    const file = versions[index]!
    const notes = majorNotes(file, inTopic, (name) => existsSync(join(dirname(file.path), name)))
    return { ...report, notes: [...report.notes, ...notes] }
  })
  return {
    subject: subjectOf(topic, schema.fullName),
    topic,
    record: schema.fullName,
    mode,
    versions: reports,
  }
}

function withPast(report: VersionReport, changed: readonly CheckProblem[]): VersionReport {
  const own = changed.filter(({ code, file }) => code === 'EDITED' && file === report.file)
  return { ...report, problems: [...report.problems, ...own] }
}

/** A record of which no version is left. */
function goneReport(problems: readonly CheckProblem[], { modeOf, past }: CheckRules): SubjectReport {
  const [first] = problems
  const { topic, schema } = fileOf(first!, past!.files)
  const record = schema.fullName
  const version: VersionReport = {
    ...{ version: 'none', file: first!.file, change: 'none', what: 'no version is left' },
    ...{ upgrade: 'together', problems, notes: [] },
  }
  const subject = subjectOf(topic, record)
  return { subject, topic, record, mode: modeOf(topic), versions: [version] }
}
