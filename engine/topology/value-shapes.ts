import type { FieldTree, LintFacts } from './facts.ts'
import { recordSetting, textSetting } from './plan-graph.ts'
import type { PlanNode, TopologyPlan } from './plan-types.ts'

type Shape = FieldTree | undefined

const gap: FieldTree = {
  type: 'record',
  fields: new Map([
    ['key', { type: 'string' }],
    ['from', { type: 'long' }],
    ['to', { type: 'long' }],
  ]),
}
const unknownFields: FieldTree = { type: 'unknown', open: true }

/** Processors that pass values on as they are. */
const passing = new Set(['branch', 'dedupe', 'filter', 'merge', 'resequence', 'throttle', 'validate'])

/** What the values look like at each node of a plan; undefined where nobody can say. */
export class ValueShapes {
  readonly #plan: TopologyPlan
  readonly #facts: LintFacts
  readonly #outputs = new Map<string, Shape>()

  constructor(plan: TopologyPlan, facts: LintFacts) {
    this.#plan = plan
    this.#facts = facts
  }

  /** The values that a node gets. */
  input(node: PlanNode): Shape {
    const inputs = node.from
      .filter(({ table }) => table === undefined)
      .map((ref) => this.output(this.#plan.nodes.get(ref.node)!, ref.output))
    return inputs.length === 0 ? undefined : inputs.reduce(either)
  }

  /** The values that come out of a node. Side outputs carry values as they came in, but for the gaps of a sequence. */
  output(node: PlanNode, output?: string): Shape {
    if (node.type === 'resequence' && output === 'gaps') return gap
    if (output !== undefined) return this.input(node)
    if (!this.#outputs.has(node.name)) this.#outputs.set(node.name, this.#make(node))
    return this.#outputs.get(node.name)
  }

  #make(node: PlanNode): Shape {
    if (node.kind === 'source') {
      const schema = textSetting(node, 'schema')
      return schema === undefined ? undefined : this.#facts.schemaFields(schema)
    }
    if (node.type === 'aggregate') return aggregated(node)
    const input = this.input(node)
    if (node.kind === 'sink' || input === undefined) return undefined
    if (passing.has(node.type)) return input
    if (node.type === 'enrich') return enriched(input, node, this.#facts)
    if (node.type === 'join') return this.#joined(input, node)
    if (node.type === 'redact') return redacted(input, node)
    if (node.type === 'schedule') return scheduled(input, node)
    // What code makes of a value, nobody can say.
    return node.type === 'map' && textSetting(node, 'function') === undefined
      ? mapped(input, node)
      : undefined
  }

  /** The row is a value of the source that is the table; null in a left join without one. */
  #joined(input: FieldTree, node: PlanNode): FieldTree {
    const table = node.from.find((ref) => ref.table !== undefined)
    const row = table === undefined ? undefined : this.output(this.#plan.nodes.get(table.node)!)
    const field = { ...(row ?? unknownFields), optional: node.config.kind === 'left' }
    const fields = new Map([...(input.fields ?? []), [textSetting(node, 'as')!, field] as const])
    return { ...input, fields }
  }
}

/** How a path is followed. */
export interface PathRules {
  /** Whether it leads through a list to each of its entries. */
  readonly throughLists?: boolean
}

/** The field at a dotted path; `unknown` where nobody can say, undefined where it certainly is not. */
export function fieldAt(
  shape: FieldTree,
  path: string,
  { throughLists = false }: PathRules = {},
): FieldTree | 'unknown' | undefined {
  let at = shape
  for (const name of path.split('.')) {
    while (throughLists && at.items !== undefined) at = at.items
    const inner = at.fields?.get(name)
    if (inner === undefined) return at.open === true ? 'unknown' : undefined
    at = inner
  }
  return at
}

// A record may come from either, so that a field of one of them may be there.
function either(left: Shape, right: Shape): Shape {
  if (left === undefined || right === undefined) return undefined
  if (left === right) return left
  const fields = new Map([...(left.fields ?? []), ...(right.fields ?? [])])
  return { type: 'record', fields, open: left.open === true || right.open === true }
}

function aggregated(node: PlanNode): FieldTree {
  const window = Object.keys(recordSetting(node, 'window')).length > 0
  const fields = new Map<string, FieldTree>([
    ['key', { type: 'string' }],
    ['version', { type: 'long' }],
    ...(window ? (['from', 'to'] as const).map((name): [string, FieldTree] => [name, { type: 'long' }]) : []),
    ...Object.keys(recordSetting(node, 'fields')).map((name): [string, FieldTree] => [name, unknownFields]),
  ])
  return { type: 'record', fields }
}

function scheduled(input: FieldTree, node: PlanNode): FieldTree {
  const as = textSetting(node, 'as')
  return as === undefined ? input : put(input, [as], { type: 'long' })
}

function enriched(input: FieldTree, node: PlanNode, facts: LintFacts): FieldTree {
  const columns = facts.table(textSetting(node, 'table') ?? '')?.columns
  const wanted = node.config.columns
  const names = Array.isArray(wanted) ? (wanted as string[]) : undefined
  const taken = columns?.filter(({ name, kind }) => names?.includes(name) ?? kind === 'regular')
  const row: FieldTree =
    taken === undefined
      ? unknownFields
      : { type: 'row', fields: new Map(taken.map(({ name, type }) => [name, { type, open: true }])) }
  return put(input, [textSetting(node, 'as') ?? ''], row)
}

/** What is hashed or cut becomes a text; a path with wildcards may lead anywhere, and changes nothing that is known. */
function redacted(input: FieldTree, node: PlanNode): FieldTree {
  const list = (name: string): string[] =>
    Array.isArray(node.config[name]) ? (node.config[name] as string[]) : []
  let shape = input
  for (const path of list('remove')) shape = remove(shape, path.split('.'))
  for (const path of [...list('hash'), ...Object.keys(recordSetting(node, 'last'))]) {
    if (fieldAt(shape, path) !== undefined) shape = put(shape, path.split('.'), unknownFields)
  }
  return shape
}

// The steps of `map`, in its order.
function mapped(input: FieldTree, node: PlanNode): FieldTree {
  const pairs = (name: string): [string, string][] =>
    Object.entries(recordSetting(node, name)) as [string, string][]
  const list = (name: string): string[] =>
    Array.isArray(node.config[name]) ? (node.config[name] as string[]) : []
  let shape = input
  for (const [, from] of pairs('rename')) shape = remove(shape, from.split('.'))
  for (const [to, from] of [...pairs('copy'), ...pairs('rename')]) {
    const found = fieldAt(input, from)
    if (found !== undefined) shape = put(shape, to.split('.'), found === 'unknown' ? unknownFields : found)
  }
  for (const [to] of pairs('set')) shape = put(shape, to.split('.'), unknownFields)
  for (const [to] of pairs('default')) {
    if (fieldAt(shape, to) === undefined) shape = put(shape, to.split('.'), unknownFields)
  }
  for (const field of list('json')) {
    if (fieldAt(shape, field) !== undefined) shape = put(shape, field.split('.'), { type: 'string' })
  }
  if (list('keep').length > 0) shape = picked(shape, list('keep'))
  for (const field of list('drop')) shape = remove(shape, field.split('.'))
  return shape
}

function picked(shape: FieldTree, keep: readonly string[]): FieldTree {
  let kept: FieldTree = { type: 'record', fields: new Map() }
  for (const path of keep) {
    const found = fieldAt(shape, path)
    if (found !== undefined) kept = put(kept, path.split('.'), found === 'unknown' ? unknownFields : found)
  }
  return kept
}

function put(shape: FieldTree, path: readonly string[], value: FieldTree): FieldTree {
  const [name, ...rest] = path
  if (name === undefined) return value
  const fields = new Map(shape.fields)
  fields.set(name, put(fields.get(name) ?? { type: 'record' }, rest, value))
  return { ...shape, fields }
}

function remove(shape: FieldTree, path: readonly string[]): FieldTree {
  const [name, ...rest] = path
  const inner = name === undefined ? undefined : shape.fields?.get(name)
  if (name === undefined || inner === undefined) return shape
  const fields = new Map(shape.fields)
  if (rest.length === 0) fields.delete(name)
  else fields.set(name, remove(inner, rest))
  return { ...shape, fields }
}
