import type { AccessSettings, HttpSettings } from './access-config.ts'
import { accessFileSchema } from './access-schema.ts'
import { accessOf, httpOf } from './access.ts'
import { References } from './environment-secrets.ts'
import { configErrors, distinct, type ConfigProblem } from './problems.ts'
import type { Env } from './substitute.ts'
import { valueProblems } from './value-problems.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

/** What an access file says. */
export interface AccessFile {
  readonly http?: HttpSettings
  readonly access?: AccessSettings
}

/**
 * Reads an access file: the sections `http` and `access` of an environment, alone. Rejects with CONFIG_UNREADABLE where
 * there is no such file, and with one CONFIG_INVALID that holds everything that is wrong in it, with its places.
 */
export async function loadAccessFile(path: string, env: Env): Promise<AccessFile> {
  const yaml = await readYamlFile(path, env)
  if (yaml.broken) throw configErrors(yaml.problems)
  const mistake = mistakeOf(yaml)
  if (mistake !== undefined) throw configErrors([...yaml.problems, mistake])
  const parsed = accessFileSchema.safeParse(yaml.value)
  if (!parsed.success) {
    const wrong = valueProblems(yaml, accessFileSchema, 'the access file', parsed.error.issues)
    throw configErrors(distinct([...yaml.problems, ...wrong]))
  }
  const references = new References(yaml, env)
  const { http, access } = parsed.data
  const file = {
    ...(http && { http: await httpOf(http, references) }),
    ...(access && { access: await accessOf(access, references) }),
  }
  const problems = distinct([...yaml.problems, ...references.problems])
  if (problems.length > 0) throw configErrors(problems)
  return file
}

function mistakeOf(yaml: YamlFile): ConfigProblem | undefined {
  const { value } = yaml
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined
  const message = 'This is no access file: a mapping with http and access is expected.'
  return { file: yaml.file, ...yaml.place([]), message }
}
