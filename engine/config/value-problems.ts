import type { z } from 'zod'
import { problemsOf, type IssueContext } from './issue-text.ts'
import type { ConfigProblem } from './problems.ts'
import { secretFields } from './secret-reference.ts'
import type { YamlFile } from './yaml-file.ts'

/** What a schema finds wrong in a file with secrets, as problems with their places; `whole` is what the file is. */
export function valueProblems(
  yaml: YamlFile,
  schema: z.ZodType,
  whole: string,
  issues: Parameters<typeof problemsOf>[0][],
): ConfigProblem[] {
  const context: IssueContext = {
    schema,
    root: yaml.value,
    whole,
    types: { sources: [], processors: [], sinks: [] },
    secret: (path) => hiddenAs(path) ?? yaml.substituted(path),
  }
  return issues
    .flatMap((issue) => problemsOf(issue, context))
    .filter(({ path }) => !yaml.failed(path) && !yaml.pruned(path))
    .map(({ path, onKey, message }) => ({
      file: yaml.file,
      ...(onKey ? yaml.keyPlace(path) : yaml.place(path)),
      message,
    }))
}

/** What a value is called that must not be printed. */
function hiddenAs(path: readonly PropertyKey[]): string | undefined {
  const field = String(path.at(-1))
  if (secretFields.has(field)) return 'the secret itself, which has no place here'
  return ['url', 'tokenEndpoint', 'jwks'].includes(field) ? 'what may hold a password' : undefined
}
