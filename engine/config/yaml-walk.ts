import { isAlias, isMap, isScalar, isSeq, Scalar, type Alias, type Node, type Pair, type YAMLMap } from 'yaml'
import { plainScalar, substitute, type Env } from './substitute.ts'

/** Lines and columns from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A comment that has a line, without its `#`. */
export interface Comment {
  readonly line: number
  readonly text: string
  /** True if nothing but the comment is in the line. */
  readonly alone: boolean
}

interface Walked {
  readonly value: unknown
  /** By path (names joined by \0): where a value stands. */
  readonly places: ReadonlyMap<string, Place>
  /** By path: where the key of a value stands. */
  readonly keys: ReadonlyMap<string, Place>
  readonly substituted: ReadonlySet<string>
  /** Paths whose value could not be read; each has a problem. */
  readonly failed: ReadonlySet<string>
  /** Paths of mappings of which a key could not be read; each has a problem. */
  readonly pruned: ReadonlySet<string>
  readonly comments: readonly Comment[]
  readonly problems: readonly (Place & { readonly message: string })[]
}

// As `maxAliasCount` of the YAML library: a few lines of aliases of aliases would grow to gigabytes otherwise.
const maxAliases = 100
const maxValues = 100_000

const knownTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** Turns parsed YAML into plain values, with variables put in, and remembers where everything stands. */
export function walkYaml(root: Node | null, text: string, env: Env, at: (offset: number) => Place): Walked {
  const walk = new YamlWalk(env, at)
  const value = root === null ? null : walk.value(root, '')
  return { value, ...walk.found, comments: commentsOf(text) }
}

class YamlWalk {
  readonly found = {
    places: new Map<string, Place>(),
    keys: new Map<string, Place>(),
    substituted: new Set<string>(),
    failed: new Set<string>(),
    pruned: new Set<string>(),
    problems: [] as (Place & { message: string })[],
  }
  readonly #env: Env
  readonly #at: (offset: number) => Place
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  #aliases = 0
  #values = 0

  constructor(env: Env, at: (offset: number) => Place) {
    this.#env = env
    this.#at = at
  }

  value(node: Node, path: string): unknown {
    this.found.places.set(path, this.#placeOf(node))
    if (isAlias(node)) return this.#alias(node, path)
    this.#values++
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (node.tag !== undefined && !knownTags.has(node.tag)) {
      return this.#fail(node, path, `The tag ${node.tag} has no meaning in a topology.`)
    }
    if (isScalar(node)) return this.#scalar(node, path)
    this.#open.add(node)
    const value = isMap(node) ? this.#map(node, path) : isSeq(node) ? this.#list(node.items, path) : undefined
    this.#open.delete(node)
    return value
  }

  #list(items: readonly unknown[], path: string): unknown[] {
    return items.map((item, index) =>
      item === null ? null : this.value(item as Node, join(path, String(index))),
    )
  }

  #map(node: YAMLMap, path: string): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    const lines = new Map<string, number>()
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.#key(pair.key, path, lines)
      if (key === undefined) continue
      const inner = join(path, key)
      this.found.keys.set(inner, this.#placeOf(pair.key))
      value[key] = pair.value === null ? null : this.value(pair.value, inner)
    }
    return value
  }

  #key(key: Node, path: string, lines: Map<string, number>): string | undefined {
    const name = isScalar(key) ? String(key.value) : undefined
    const wrong = name === undefined ? 'A key must be a plain word.' : wrongKey(name)
    if (name === undefined || wrong !== undefined) {
      this.found.pruned.add(path)
      return this.#problem(key, wrong!)
    }
    const first = lines.get(name)
    if (first !== undefined)
      return this.#problem(key, `"${name}" is here twice: it already stands in line ${first}.`)
    lines.set(name, this.#placeOf(key).line)
    return name
  }

  #scalar(node: Scalar, path: string): unknown {
    const { value } = node
    if (typeof value !== 'string' || !value.includes('${')) return value
    const { text, changed, problems } = substitute(value, this.#env)
    for (const problem of problems) this.#fail(node, path, problem)
    if (!changed) return text
    this.found.substituted.add(path)
    return node.type === Scalar.PLAIN ? plainScalar(text) : text
  }

  #alias(node: Alias, path: string): unknown {
    const target = this.#anchors.get(node.source)
    if (target === undefined)
      return this.#fail(node, path, `There is no anchor &${node.source} before this alias.`)
    if (this.#open.has(target))
      return this.#fail(node, path, `The alias *${node.source} stands within its own anchor.`)
    if (++this.#aliases > maxAliases || this.#values > maxValues) {
      if (this.#aliases > maxAliases + 1) return void this.found.failed.add(path)
      return this.#problem(
        node,
        `The aliases of this file stand for too much: at most ${maxAliases} are followed.`,
      )
    }
    return this.value(target, path)
  }

  #placeOf(node: Node): Place {
    return this.#at(node.range?.[0] ?? 0)
  }

  #fail(node: Node, path: string, message: string): undefined {
    this.found.failed.add(path)
    return this.#problem(node, message)
  }

  #problem(node: Node, message: string): undefined {
    this.found.problems.push({ ...this.#placeOf(node), message })
  }
}

function wrongKey(name: string): string | undefined {
  if (name === '<<') return 'Merge keys (<<) are not read: write the fields out.'
  if (name === '__proto__') return '"__proto__" cannot be a name.'
  return name.includes('${') ? 'Variables stand in values only, not in keys.' : undefined
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}\0${name}`
}

// The library keeps comments with the nodes that they precede; for "this line or the one above" the text is simpler.
function commentsOf(text: string): Comment[] {
  const comments: Comment[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const match = /(^|\s)#\s*(.*?)\s*$/.exec(line)
    if (match !== null) {
      comments.push({ line: index + 1, text: match[2]!, alone: line.slice(0, match.index).trim() === '' })
    }
  }
  return comments
}
