import type { ProcessorDefinition, Registry } from '../component/define.ts'
import { secretOf, type Secret } from '../component/contracts/secret.ts'
import { noResources, type ProcessorResources, type UserFunction } from '../component/resources.ts'
import { asProcessorError } from '../component/thrown-errors.ts'
import { fatalError, MillraceError } from '../errors.ts'
import type { CastFile } from '../component/casts.ts'
import { checkedAlone } from './checked-node.ts'
import { loadOwnCasts, type OwnCasts } from './own-casts.ts'
import { saidBy } from './own-failure.ts'
import { importOwnFile, problemIn, shownPlaceOf, type OwnFile, type OwnProblem } from './own-file.ts'
import type { ConfigProblem } from './problems.ts'
import { namedIn } from './references.ts'
import type { Env } from './substitute.ts'
import type { YamlFile } from './yaml-file.ts'

/** The functions of files that the processors of a topology call. */
export interface OwnFunctions {
  readonly problems: readonly ConfigProblem[]
  /** The functions of a node, by the settings that name them. */
  readonly ofNode: ReadonlyMap<string, ReadonlyMap<string, UserFunction>>
  /** The casts of the project, where a processor calls them. */
  readonly casts: readonly CastFile[]
}

/** Loads the functions that processors name: `function: ./functions/score.ts`, or `./functions/all.ts#score`. */
export async function loadOwnFunctions(yaml: YamlFile, registry: Registry): Promise<OwnFunctions> {
  const problems: ConfigProblem[] = []
  const ofNode = new Map<string, Map<string, UserFunction>>()
  let casts: OwnCasts | undefined
  for (const { section, name } of namedIn(yaml.value)) {
    const { definition, config } = checkedAlone(section, name, yaml.value, registry)
    if (definition?.kind !== 'processor' || config === undefined) continue
    if (definition.casts === true && casts === undefined) {
      casts = await loadOwnCasts(yaml.file)
      for (const problem of casts.problems) problems.push(problemAt(yaml, [section, name, 'type'], problem))
    }
    const functions = new Map<string, UserFunction>()
    ofNode.set(name, functions)
    for (const [setting, reference] of Object.entries(definition.functions?.(config) ?? {})) {
      if (reference === undefined) continue
      const path = [section, name, setting]
      const loaded = await loadFunction(yaml, reference, path)
      if (typeof loaded === 'function') functions.set(setting, loaded)
      else problems.push(problemAt(yaml, path, loaded))
    }
  }
  return { problems, ofNode, casts: casts?.files ?? [] }
}

function problemAt(yaml: YamlFile, path: readonly string[], { place, message }: OwnProblem): ConfigProblem {
  return { ...(place ?? { file: yaml.file, ...yaml.place(path) }), message }
}

/** What was loaded for one node. */
export interface NodeResources {
  readonly functions: ReadonlyMap<string, UserFunction> | undefined
  readonly casts: readonly CastFile[]
}

/** The processor, whose `create` finds these functions and the secrets of this environment. */
export function withResources(
  definition: ProcessorDefinition,
  { functions, casts }: NodeResources,
  env: Env,
): ProcessorDefinition {
  const resources: ProcessorResources = {
    casts,
    functionOf: (setting) => functions?.get(setting) ?? noResources.functionOf(setting),
    secret: (reference) => secretIn(env, reference),
  }
  return {
    ...definition,
    create: (config, context) => definition.create(config, { ...context, ...resources }),
  }
}

function secretIn(env: Env, reference: string): Secret {
  const name = reference.replace(/^env:/, '')
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value !== undefined && value !== '') return secretOf(value)
  const what = value === undefined ? 'not set' : 'empty'
  throw fatalError(
    'CONFIG_INVALID',
    `The variable ${name}, which the topology names as a secret, is ${what}: set it before the start.`,
  )
}

async function loadFunction(
  yaml: YamlFile,
  reference: string,
  path: readonly string[],
): Promise<UserFunction | OwnProblem> {
  if (yaml.substituted(path)) {
    const message = 'The path of a function is written out: what code runs is not for a variable to say.'
    return { place: undefined, message }
  }
  const [file = '', name = 'default'] = reference.split('#')
  const loaded = await importOwnFile(yaml.file, file)
  if ('message' in loaded) return loaded
  const found = loaded.exports[name]
  if (typeof found === 'function') return placed(found as UserFunction, loaded)
  return problemIn(loaded, missingFunction(name, found, loaded))
}

function missingFunction(name: string, found: unknown, { exports }: OwnFile): string {
  if (found !== undefined)
    return `${name === 'default' ? 'The default export' : `The export "${name}"`} is not a function (docs/guide/processors.md).`
  const others = Object.keys(exports).filter((one) => typeof exports[one] === 'function' && one !== 'default')
  const hint =
    others.length === 0 ? '' : `, or name one of its functions in the topology: #${others.join(', #')}`
  return name === 'default'
    ? `The file has no default export: begin its function with export default${hint}.`
    : `The file exports no "${name}": export it${hint}.`
}

/** The function, whose errors say where in the file they come from. */
function placed(call: UserFunction, file: OwnFile): UserFunction {
  const failed = (error: unknown): never => {
    if (error instanceof MillraceError) throw error
    const where = shownPlaceOf(error) ?? file.shown
    throw asProcessorError(error, `${where}: ${saidBy(error)}`)
  }
  return (value, record) => {
    try {
      const answer = call(value, record)
      return answer instanceof Promise ? answer.catch(failed) : answer
    } catch (error) {
      return failed(error)
    }
  }
}
