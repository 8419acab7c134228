import type { FieldTree, LintFacts } from './facts.ts'
import { castTargets, recordSetting, textSetting, textsSetting } from './plan-graph.ts'
import type { PlanNode, TopologyPlan } from './plan-types.ts'
import { eachType, narrowed, oneOf, recordsOf, without } from './record-types.ts'

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
    const input = output === undefined ? undefined : this.input(node)
    if (output !== undefined) return input && sideOf(input, node, output)
    if (!this.#outputs.has(node.name)) this.#outputs.set(node.name, this.#make(node))
    return this.#outputs.get(node.name)
  }

  #make(node: PlanNode): Shape {
    if (node.kind === 'source') {
      return sourceShape(node, this.#facts)
    }
    if (node.type === 'aggregate') return aggregated(node)
    const input = this.input(node)
    if (node.kind === 'sink' || input === undefined) return undefined
    if (passing.has(node.type)) return mainOf(input, node)
    if (node.type === 'upcast' || node.type === 'downcast') return cast(input, node, this.#facts)
    const change = this.#changeOf(node)
    return change && eachType(input, change)
  }

  #changeOf(node: PlanNode): ((input: FieldTree) => FieldTree) | undefined {
    if (node.type === 'enrich') return (input) => enriched(input, node, this.#facts)
    if (node.type === 'join') return (input) => this.#joined(input, node)
    if (node.type === 'redact') return (input) => redacted(input, node)
    if (node.type === 'schedule') return (input) => scheduled(input, node)
    // What code makes of a value, nobody can say.
    const isMapped = node.type === 'map' && textSetting(node, 'function') === undefined
    return isMapped ? (input) => mapped(input, node) : undefined
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

/** A source that lists several record types has a value of any of them. */
function sourceShape(node: PlanNode, facts: LintFacts): Shape {
  const names = textsSetting(node, 'schema')
  const trees = names.flatMap((name) => {
    const tree = facts.schemaFields(name)
    return tree === undefined ? [] : [[name, tree] as const]
  })
  if (trees.length === 0 || trees.length < names.length) return undefined
  return typeof node.config.schema === 'string' ? trees[0]![1] : oneOf(new Map(trees))
}

/** What a node lets through on its main output. */
function mainOf(input: FieldTree, node: PlanNode): Shape {
  if (node.type === 'filter' && node.config.schema !== undefined)
    return narrowed(input, textsSetting(node, 'schema'))
  return node.type === 'branch' ? restOf(input, node) : input
}

/** What a node sends to a side output. */
function sideOf(input: FieldTree, node: PlanNode, output: string): Shape {
  if (node.type === 'branch') {
    const names = recordSetting(node, 'schemas')[output]
    return names === undefined ? restOf(input, node) : narrowed(input, [names].flat() as string[])
  }
  // With other tests beside it, records of its own types are left out too.
  const byType = node.type === 'filter' && node.config.schema !== undefined && node.config.field === undefined
  return byType ? without(input, textsSetting(node, 'schema')) : input
}

/** The records that a branch has no output for. */
function restOf(input: FieldTree, node: PlanNode): Shape {
  const named = Object.values(recordSetting(node, 'schemas')).flat() as string[]
  return named.length === 0 ? input : without(input, named)
}

// A record may come from either, so that a field of one of them may be there.
function either(left: Shape, right: Shape): Shape {
  if (left === undefined || right === undefined) return undefined
  if (left === right) return left
  if (left.records !== undefined || right.records !== undefined) return eitherType(left, right)
  const fields = new Map([...(left.fields ?? []), ...(right.fields ?? [])])
  return { type: 'record', fields, open: left.open === true || right.open === true }
}

function eitherType(left: FieldTree, right: FieldTree): Shape {
  const [lefts, rights] = [recordsOf(left), recordsOf(right)]
  if (lefts === undefined || rights === undefined) return undefined
  const records = new Map(lefts)
  for (const [name, tree] of rights) records.set(name, either(lefts.get(name) ?? tree, tree)!)
  return oneOf(records)
}

/** Records of other MAJORs become those that they are cast to, as the source or the schema has them. */
function cast(input: FieldTree, node: PlanNode, facts: LintFacts): Shape {
  const records = recordsOf(input)
  if (records === undefined) return undefined
  const made = new Map<string, FieldTree>()
  for (const [name, tree] of records) {
    const to = castTargets(node, [...records.keys()]).get(name) ?? name
    const target = to === name ? tree : (records.get(to) ?? facts.schemaFields(to))
    if (target === undefined) return undefined
    made.set(to, target)
  }
  return oneOf(made)
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
