import type { ComponentDefinition, Registry } from '../component/define.ts'
import { isOperator } from '../component/operator.ts'
import { fatalError, MillraceError } from '../errors.ts'
import { valueAtPath } from './issue-text.ts'
import { saidBy } from './own-failure.ts'
import {
  importOwnFile,
  isPathLike,
  problemIn,
  shownPlaceOf,
  type OwnFile,
  type OwnProblem,
} from './own-file.ts'
import type { ConfigProblem } from './problems.ts'
import { namedIn } from './references.ts'
import { sections, type Section } from './topology-schema.ts'
import type { YamlFile } from './yaml-file.ts'

/** The components of a topology's own, beside those that Millrace has. */
export interface OwnComponents {
  /** The registry that was given, or one that knows the topology's own components too, by their paths. */
  readonly registry: Registry
  readonly problems: readonly ConfigProblem[]
  /** True if the type at that place was meant as a file: what the schema says of it then is a consequence. */
  isOwn(path: readonly PropertyKey[]): boolean
}

/** Loads the components that a topology names by path instead of by name: `type: ./processors/score.ts`. */
export async function loadOwnComponents(yaml: YamlFile, registry: Registry): Promise<OwnComponents> {
  const found = new Map<Section, Record<string, ComponentDefinition>>()
  const problems: ConfigProblem[] = []
  const failed = new Set<string>()
  for (const { section, name } of namedIn(yaml.value)) {
    const path = [section, name, 'type']
    const type = valueAtPath(yaml.value, path)
    if (typeof type !== 'string' || !isPathLike(type)) continue
    const known = found.get(section) ?? {}
    found.set(section, known)
    const loaded = known[type] ?? (await loadComponent(yaml, section, type, path))
    if (!('message' in loaded)) known[type] = loaded
    else {
      failed.add(`${section}\0${name}`)
      problems.push({
        ...(loaded.place ?? { file: yaml.file, ...yaml.place(path) }),
        message: loaded.message,
      })
    }
  }
  const extended = { ...registry }
  for (const [section, own] of found) Object.assign(extended, { [section]: { ...registry[section], ...own } })
  return {
    registry: found.size === 0 ? registry : extended,
    problems,
    isOwn: ([section, name, field]) => field === 'type' && failed.has(`${String(section)}\0${String(name)}`),
  }
}

async function loadComponent(
  yaml: YamlFile,
  section: Section,
  type: string,
  path: readonly PropertyKey[],
): Promise<ComponentDefinition | OwnProblem> {
  if (yaml.substituted(path)) {
    const message = 'The path of a component is written out: what code runs is not for a variable to say.'
    return { place: undefined, message }
  }
  const file = await importOwnFile(yaml.file, type)
  if ('message' in file) return file
  const definition = file.exports.default
  const wrong = wrongDefinition(definition, sections[section])
  return wrong === undefined
    ? guarded(definition as ComponentDefinition, file)
    : problemIn(file, `${wrong} (docs/guide/processors.md).`)
}

const doors = { source: 'defineSource', processor: 'defineProcessor', sink: 'defineSink' } as const
const methods = { source: ['topics', 'codec', 'open'], processor: ['create'], sink: ['open'] } as const

/** What keeps a default export from being a component of that kind; undefined for nothing. */
function wrongDefinition(definition: unknown, kind: keyof typeof doors): string | undefined {
  const door = doors[kind]
  if (definition === undefined)
    return `The file has no default export: end it with export default ${door}({ … })`
  const given = definition as Partial<Record<string, unknown>> | null
  if (typeof given !== 'object' || given === null || typeof given.kind !== 'string')
    return `The default export is not a ${kind}: make it with ${door}({ … })`
  if (given.kind !== kind) return `The default export is a ${given.kind}, and is used as a ${kind}`
  for (const field of ['name', 'summary']) {
    if (typeof given[field] !== 'string' || given[field] === '')
      return `The ${kind} needs the text "${field}"`
  }
  for (const method of methods[kind]) {
    if (typeof given[method] !== 'function')
      return `The ${kind} "${String(given.name)}" needs the function "${method}"`
  }
  return wrongConfig(given, kind)
}

function wrongConfig({ name, config }: Partial<Record<string, unknown>>, kind: string): string | undefined {
  const schema = config as { safeExtend?: unknown; shape?: object } | undefined
  if (typeof schema?.safeExtend !== 'function' || typeof schema.shape !== 'object')
    return `The ${kind} "${String(name)}" needs "config", a z.strictObject({ … }) that describes its fields`
  const taken = ['type', ...(kind === 'source' ? [] : ['from'])].find((field) => field in schema.shape!)
  return taken === undefined
    ? undefined
    : `The config of the ${kind} "${String(name)}" may not have a field "${taken}": every node has one`
}

/**
 * The component, whose mistakes are told with their place: what one of its functions throws becomes a fatal error of
 * one sentence, and so does a `create` that answers something else than operators.
 */
function guarded(definition: ComponentDefinition, file: OwnFile): ComponentDefinition {
  const copy: Record<string, unknown> = { ...definition }
  for (const [name, member] of Object.entries(definition)) {
    if (typeof member !== 'function') continue
    copy[name] = (...args: unknown[]): unknown => {
      const answer = attempted(file, name, () =>
        (member as (...all: unknown[]) => unknown).apply(definition, args),
      )
      if (name === 'create') needOperators(answer, file)
      return answer
    }
  }
  return copy as unknown as ComponentDefinition
}

function attempted(file: OwnFile, name: string, call: () => unknown): unknown {
  const failed = (error: unknown): never => {
    if (error instanceof MillraceError) throw error
    throw fatalError('COMPONENT_FAILED', `${at(file, error)}: ${name} failed: ${saidBy(error)}`, {
      cause: error,
    })
  }
  try {
    const answer = call()
    return answer instanceof Promise ? answer.catch(failed) : answer
  } catch (error) {
    return failed(error)
  }
}

function needOperators(made: unknown, file: OwnFile): void {
  const all = [made].flat()
  if (all.length > 0 && all.every(isOperator)) return
  const remedy = 'return what mapValue, keep, flatMap or another operator of millrace makes'
  throw fatalError('COMPONENT_FAILED', `${at(file)}: create answered no operator: ${remedy}.`)
}

function at({ shown }: OwnFile, error?: unknown): string {
  return shownPlaceOf(error) ?? `${shown}:1:1`
}
