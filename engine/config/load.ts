import type { ProcessorDefinition, Registry } from '../component/define.ts'
import { notATopology, problemsOf, valueAtPath, type IssueContext } from './issue-text.ts'
import { configErrors, distinct, type ConfigProblem } from './problems.ts'
import { checkedAlone } from './checked-node.ts'
import { loadOwnComponents } from './own-components.ts'
import { loadOwnFunctions, withResources, type NodeResources, type OwnFunctions } from './own-functions.ts'
import { namedIn, resolveReferences, type NamedNode } from './references.ts'
import type { Env } from './substitute.ts'
import type {
  ConfigPosition,
  LintAllowance,
  NodeConfig,
  OutlineNode,
  TopologyConfig,
  TopologyReading,
} from './topology-config.ts'
import { sectionNames, topologySchema, type Section } from './topology-schema.ts'
import { parseYaml, readYamlFile, type YamlFile } from './yaml-file.ts'

const maxNodes = 500

/**
 * Reads and checks a topology file. Rejects with CONFIG_UNREADABLE where there is no such file, and with one
 * CONFIG_INVALID that holds everything that is wrong in it.
 */
export async function loadTopologyFile(path: string, registry: Registry, env: Env): Promise<TopologyConfig> {
  return configOf(await readTopologyFile(path, registry, env))
}

/** The checked config of a reading, or its problems as one error. */
export function configOf(reading: TopologyReading): TopologyConfig {
  if (reading.config === undefined) throw configErrors(reading.problems)
  return reading.config
}

/**
 * Reads a topology file and answers its problems as data, so that those of the graph (`planReading` of topology/) can
 * be told together with them. Rejects only where there is no file to read.
 */
export async function readTopologyFile(path: string, registry: Registry, env: Env): Promise<TopologyReading> {
  const yaml = await readYamlFile(path, env)
  const components = await loadOwnComponents(yaml, registry)
  const functions = await loadOwnFunctions(yaml, components.registry)
  return readTopology(yaml, {
    registry: components.registry,
    problems: [...components.problems, ...functions.problems],
    isOwn: (path) => components.isOwn(path),
    equip: (name, definition) => withResources(definition, resourcesOf(functions, name), env),
  })
}

/**
 * The same for a text that is at hand; `file` is what problems call it. It knows no components but the registry's: code
 * of a topology's own is loaded from files beside its file.
 */
export function readTopologyText(file: string, text: string, registry: Registry, env: Env): TopologyReading {
  return readTopology(parseYaml(file, text, env), {
    registry,
    problems: [],
    isOwn: () => false,
    equip: (_name, definition) => definition,
  })
}

function resourcesOf({ ofNode, casts }: OwnFunctions, name: string): NodeResources {
  return { functions: ofNode.get(name), casts }
}

/** The code that a topology may use: the registry's, and what was loaded for it alone. */
interface Code {
  readonly registry: Registry
  /** What was wrong with code of its own. */
  readonly problems: readonly ConfigProblem[]
  /** True if the type at that place was meant as a file: what the schema says of it then is a consequence. */
  isOwn(path: readonly PropertyKey[]): boolean
  /** The processor of that node with what it refers to. */
  equip(name: string, definition: ProcessorDefinition): ProcessorDefinition
}

function readTopology(yaml: YamlFile, own: Code): TopologyReading {
  const { file, value } = yaml
  const { registry } = own
  if (yaml.broken) return unplannable(file, yaml.problems)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = notATopology(value)
    return unplannable(file, [...yaml.problems, { file, ...yaml.place([]), message }])
  }
  const schema = schemaOf(registry)
  const parsed = schema.safeParse(value)
  const context: IssueContext = {
    schema,
    root: value,
    types: typesOf(registry),
    secret: (path) => yaml.substituted(path),
  }
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, context))
  const wrong = issues
    .filter(({ path }) => !isConsequence(yaml, path) && !own.isOwn(path))
    .map(({ path, onKey, message }) => ({
      file,
      ...(onKey ? yaml.keyPlace(path) : yaml.place(path)),
      message,
    }))
  const names = namedIn(value)
  if (names.length > maxNodes) {
    const message = `The topology has ${names.length} nodes: at most ${maxNodes} are planned, split it.`
    return unplannable(file, [...yaml.problems, { file, ...yaml.place([]), message }])
  }
  const named = names.map((node) => checkedAlone(node.section, node.name, value, registry))
  const { outline, connected, problems } = resolveReferences(yaml, named)
  const all = distinct([...yaml.problems, ...own.problems, ...wrong, ...problems])
  const config =
    parsed.success && all.length === 0
      ? assemble(yaml, { data: parsed.data, registry }, equipped(named, own), outline)
      : undefined
  return { file, config, outline, connected, problems: all }
}

// Made once: it takes longer than the checking itself.
const schemas = new WeakMap<Registry, ReturnType<typeof topologySchema>>()

function schemaOf(registry: Registry): ReturnType<typeof topologySchema> {
  const schema = schemas.get(registry) ?? topologySchema(registry)
  schemas.set(registry, schema)
  return schema
}

function unplannable(file: string, problems: readonly ConfigProblem[]): TopologyReading {
  return { file, config: undefined, outline: [], connected: false, problems }
}

/** True for what is said of a value only because it, or a key of it, could not be read. */
function isConsequence(yaml: YamlFile, path: readonly PropertyKey[]): boolean {
  const missing = valueAtPath(yaml.value, path) === undefined
  return yaml.failed(path) || yaml.pruned(path) || (missing && yaml.pruned(path.slice(0, -1)))
}

function equipped(nodes: readonly NamedNode[], own: Code): NamedNode[] {
  return nodes.map((node) =>
    node.definition?.kind === 'processor'
      ? { ...node, definition: own.equip(node.name, node.definition) }
      : node,
  )
}

type Checked = ReturnType<ReturnType<typeof topologySchema>['parse']>

function assemble(
  yaml: YamlFile,
  { data, registry }: { readonly data: Checked; readonly registry: Registry },
  named: readonly NamedNode[],
  outline: readonly OutlineNode[],
): TopologyConfig {
  const { name, description, delivery, critical, errors, budget, commit } = data
  return {
    file: yaml.file,
    name,
    description,
    nodes: named.map((node, index) => nodeConfig(yaml, node, outline[index]!)),
    delivery,
    critical,
    topics: topicComponents(registry),
    errors: { ...errors, within: errors.within },
    budget: { partitionBytes: budget.partition, totalBytes: budget.total },
    commitInterval: commit.every,
    foreignMetadata: commit.foreignMetadata,
    sectionPositions: positionsIn(yaml, []),
    allowances: allowancesOf(yaml),
  }
}

function topicComponents({ sources, sinks }: Registry): TopologyConfig['topics'] {
  const [source, sink] = [sources['topic'], sinks['topic']]
  return source && sink && { source, sink }
}

function nodeConfig(yaml: YamlFile, node: NamedNode, outline: OutlineNode): NodeConfig {
  const { section, name, definition, config } = node
  const type = valueAtPath(yaml.value, [section, name, 'type'])
  return {
    ...outline,
    type,
    definition,
    config,
    fieldPositions: positionsIn(yaml, [section, name]),
  } as NodeConfig
}

/** Where the fields of a mapping stand. */
function positionsIn(yaml: YamlFile, path: readonly string[]): Record<string, ConfigPosition> {
  const fields = Object.keys(valueAtPath(yaml.value, path) as object)
  const entries = fields.map((field) => [field, { file: yaml.file, ...yaml.keyPlace([...path, field]) }])
  return Object.fromEntries(entries) as Record<string, ConfigPosition>
}

function typesOf(registry: Registry): Record<Section, readonly string[]> {
  const types = sectionNames.map((section) => [section, Object.keys(registry[section]).sort()])
  return Object.fromEntries(types) as Record<Section, readonly string[]>
}

function allowancesOf(yaml: YamlFile): LintAllowance[] {
  const alone = new Set(yaml.comments.filter((comment) => comment.alone).map(({ line }) => line))
  return yaml.comments.flatMap(({ line, text }) => {
    const match = /^(?:lint-allow|millrace-lint-disable)\s+(M[LC]\d+):?\s*(.*)$/.exec(text)
    let target = line
    while (alone.has(target)) target++
    return match === null ? [] : [{ line, target, code: match[1]!, reason: match[2]! }]
  })
}
