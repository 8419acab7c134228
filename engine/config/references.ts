import type { ComponentDefinition } from '../component/define.ts'
import { errorNodeProblems } from './error-nodes.ts'
import { valueAtPath } from './issue-text.ts'
import type { ConfigProblem } from './problems.ts'
import { listed, nearest } from './suggest.ts'
import type { ConfigPosition, ConfigReference, OutlineNode } from './topology-config.ts'
import { sectionNames, sections, type Section } from './topology-schema.ts'
import type { YamlFile } from './yaml-file.ts'

/** A node as the file names it, with its component and settings as far as they are known. */
export interface NamedNode {
  readonly section: Section
  readonly name: string
  readonly definition: ComponentDefinition | undefined
  readonly config: Readonly<Record<string, unknown>> | undefined
}

export interface Resolved {
  readonly outline: readonly OutlineNode[]
  readonly connected: boolean
  readonly problems: readonly ConfigProblem[]
}

/** Says what every `from` means: names are unique over all kinds, and what is read must be there. */
export function resolveReferences(yaml: YamlFile, nodes: readonly NamedNode[]): Resolved {
  const resolver = new Resolver(yaml, nodes)
  const outline = nodes.map((node) => resolver.outline(node))
  const problems = [...resolver.problems, ...errorNodeProblems(yaml, nodes)]
  return { outline, connected: resolver.connected, problems }
}

class Resolver {
  readonly problems: ConfigProblem[] = []
  /** False if somebody may read more than is understood. */
  connected: boolean
  readonly #yaml: YamlFile
  readonly #nodes = new Map<string, NamedNode>()
  // Without a source, `sources` itself is missing or misspelt, and every complaint about a reader of one is noise.
  readonly #sourced: boolean

  constructor(yaml: YamlFile, nodes: readonly NamedNode[]) {
    this.#yaml = yaml
    this.#sourced = nodes.some((node) => node.section === 'sources')
    this.connected = nodes.some((node) => node.section === 'sinks')
    for (const node of nodes) this.#add(node)
  }

  outline(node: NamedNode): OutlineNode {
    const { section, name, definition } = node
    const sideOnly = definition?.kind === 'processor' && definition.sideOnly === true
    const from = section === 'sources' ? [] : [...this.#references(node), ...this.#tables(node)]
    return { kind: sections[section], name, from, sideOnly, position: this.#at([section, name], true) }
  }

  #add(node: NamedNode): void {
    const other = this.#nodes.get(node.name)
    if (other === undefined) {
      this.#nodes.set(node.name, node)
      return
    }
    this.connected = false
    const kinds = `a ${sections[other.section]} and of a ${sections[node.section]}`
    const message = `"${node.name}" is the name of ${kinds}: names are unique in a topology.`
    this.#problem([node.section, node.name], message, true)
  }

  #references({ section, name }: NamedNode): ConfigReference[] {
    const path = [section, name, 'from']
    const from = valueAtPath(this.#yaml.value, path)
    const entries = Array.isArray(from)
      ? from.map((text, index) => ({ text: text as unknown, path: [...path, index] }))
      : [{ text: from, path }]
    if (entries.length === 0) this.connected = false
    const seen = new Set<unknown>()
    return entries.flatMap((entry) => {
      if (seen.has(entry.text)) {
        this.#problem(entry.path, `The ${sections[section]} "${name}" reads "${String(entry.text)}" twice.`)
        return []
      }
      seen.add(entry.text)
      const reference = this.#reference(section, name, entry.text, entry.path)
      if (reference === undefined) this.connected = false
      return reference ?? []
    })
  }

  /** The sources that it reads as tables. */
  #tables({ section, name, definition, config }: NamedNode): ConfigReference[] {
    if (definition?.kind !== 'processor' || definition.joins === undefined) return []
    if (config === undefined) {
      this.connected = false
      return []
    }
    return Object.entries(definition.joins(config)).flatMap(([setting, { source: target, reading }]) => {
      const path = [section, name, setting]
      const node = this.#nodes.get(target)
      if (node?.section === 'sources')
        return { node: target, output: undefined, table: reading, ...this.#at(path) }
      this.connected = false
      const wrong =
        node === undefined
          ? `there is no source "${target}"${this.#hint(target, 'sources')}`
          : `"${target}" is a ${sections[node.section]}: a table is a source.`
      this.#problem(path, `The ${sections[section]} "${name}" joins "${target}", but ${wrong}`)
      return []
    })
  }

  #reference(
    section: Section,
    name: string,
    text: unknown,
    path: readonly PropertyKey[],
  ): ConfigReference | undefined {
    // What is not text, or not of the form, was said by the schema already.
    const [, target, output] = /^([^.\s]+)(?:\.([^.\s]+))?$/.exec(typeof text === 'string' ? text : '') ?? []
    if (target === undefined || this.#yaml.failed(path)) return undefined
    // A node whose own name is refused for its dot.
    if (output !== undefined && this.#nodes.has(text as string)) return undefined
    const wrong = this.#wrong(target, output)
    if (wrong === undefined && !this.#nodes.has(target)) return undefined
    if (wrong === undefined) return { node: target, output, ...this.#at(path) }
    this.#problem(path, `The ${sections[section]} "${name}" reads "${String(text)}", but ${wrong}`)
    return undefined
  }

  #wrong(target: string, output: string | undefined): string | undefined {
    const node = this.#nodes.get(target)
    if (node === undefined && !this.#sourced) return undefined
    if (node === undefined) return `there is no node "${target}"${this.#hint(target)}`
    if (node.section === 'sinks') return `"${target}" is a sink: nothing comes out of it.`
    if (output === undefined) return undefined
    const outputs = outputsOf(node)
    if (outputs === undefined || outputs.includes(output)) return undefined
    if (outputs.length === 0) return `the ${sections[node.section]} "${target}" has no side outputs.`
    const found = nearest(output, outputs)
    const hint = found === undefined ? `it has ${listed(outputs)}.` : `did you mean "${target}.${found}"?`
    return `"${target}" has no output "${output}": ${hint}`
  }

  #hint(target: string, only?: Section): string {
    const names = [...this.#nodes.values()]
      .filter((node) => (only === undefined ? node.section !== 'sinks' : node.section === only))
      .map((node) => node.name)
    const found = nearest(target, names)
    if (found !== undefined) return `: did you mean "${found}"?`
    return names.length === 0 ? '.' : `: there are ${listed(names)}.`
  }

  #at(path: readonly PropertyKey[], key = false): ConfigPosition {
    const { line, column } = key ? this.#yaml.keyPlace(path) : this.#yaml.place(path)
    return { file: this.#yaml.file, line, column }
  }

  #problem(path: readonly PropertyKey[], message: string, key = false): void {
    this.problems.push({ ...this.#at(path, key), message })
  }
}

/** Undefined where the node's settings are wrong, so that nobody can say. */
function outputsOf({ section, definition, config }: NamedNode): readonly string[] | undefined {
  if (section === 'sources') return []
  if (config === undefined || definition?.kind !== 'processor') return undefined
  return definition.outputs?.(config) ?? []
}

/** The nodes that a file names, in its order, whatever else is wrong with them. */
export function namedIn(value: unknown): { section: Section; name: string }[] {
  return sectionNames.flatMap((section) => {
    const nodes = valueAtPath(value, [section])
    if (typeof nodes !== 'object' || nodes === null || Array.isArray(nodes)) return []
    return Object.keys(nodes).map((name) => ({ section, name }))
  })
}
