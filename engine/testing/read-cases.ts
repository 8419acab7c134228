import { problemsOf } from '../config/issue-text.ts'
import { configErrors, type ConfigProblem } from '../config/problems.ts'
import type { Env } from '../config/substitute.ts'
import { parseYaml, readYamlFile, type YamlFile } from '../config/yaml-file.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import { unknownNames } from './case-names.ts'
import { caseFileSchema, type CaseFile, type TestCase } from './case-schema.ts'

/** A place in a case file. */
export interface CasePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A case file, checked. */
export interface ReadCases extends CaseFile {
  readonly file: string
  /** Where a case stands, or a step of it: 0 is the case itself. */
  place(index: number, step?: number): CasePlace
  /** What names nodes that the topology does not have, or cases of one name: all of it as one error. */
  check(plan: TopologyPlan): void
}

/** Reads and checks a case file. Rejects with CONFIG_UNREADABLE, or one CONFIG_INVALID with all that is wrong. */
export async function readCases(path: string, env: Env): Promise<ReadCases> {
  return checked(await readYamlFile(path, env))
}

/** The same for a text that is at hand. */
export function readCasesText(file: string, text: string, env: Env): ReadCases {
  return checked(parseYaml(file, text, env))
}

function checked(yaml: YamlFile): ReadCases {
  const { file, value } = yaml
  if (yaml.problems.length > 0) throw configErrors(yaml.problems)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'This is no file of test cases: a mapping with a list of cases is expected.'
    throw configErrors([{ file, ...yaml.place([]), message }])
  }
  const parsed = caseFileSchema.safeParse(value)
  if (!parsed.success) throw configErrors(parsed.error.issues.flatMap((issue) => placed(issue, yaml)))
  const place = (index: number, step = 0): CasePlace => {
    const path = step === 0 ? ['cases', String(index)] : ['cases', String(index), 'then', String(step - 1)]
    return { file, ...yaml.place(path) }
  }
  const check = (plan: TopologyPlan): void => {
    const unknown = [...unknownNames(parsed.data, plan)].map(({ path, message }) => ({
      file,
      ...yaml.place(path),
      message,
    }))
    const problems = [...unknown, ...twins(parsed.data.cases, place)]
    if (problems.length > 0) throw configErrors(problems)
  }
  return { ...parsed.data, file, place, check }
}

function placed(issue: Parameters<typeof problemsOf>[0], yaml: YamlFile): ConfigProblem[] {
  const context = {
    schema: caseFileSchema,
    root: yaml.value,
    whole: 'the test file',
    types: { sources: [], processors: [], sinks: [] },
    secret: (path: readonly PropertyKey[]) => yaml.substituted(path),
  }
  return problemsOf(issue, context).map(({ path, onKey, message }) => ({
    file: yaml.file,
    ...(onKey ? yaml.keyPlace(path) : yaml.place(path)),
    message,
  }))
}

function* twins(cases: readonly TestCase[], place: ReadCases['place']): Generator<ConfigProblem> {
  const names = new Set<string>()
  for (const [index, { name }] of cases.entries()) {
    if (names.has(name)) yield { ...place(index), message: `There is another case "${name}": rename one.` }
    names.add(name)
  }
}
