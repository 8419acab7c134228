import { permanentError, type MillraceError } from '../errors.ts'
import { defaultValue, isObject } from './defaults.ts'
import { type AvroField, type AvroNode, describeNode, type RecordNode } from './model.ts'
import { canRead, isDecimal, matchingFields } from './resolution.ts'
import { didYouMean } from './suggest.ts'

/**
 * How a field is handed out. `span`: where its bytes lie. `number`: as a double. `value`: as the JavaScript value
 * that a whole decode would give.
 */
export type FieldAs = 'span' | 'number' | 'value'

/** A field to read: names from the root, in terms of the reader schema where there is one. A map takes any name. */
export interface FieldRequest {
  readonly path: readonly string[]
  readonly as: FieldAs
}

/** Something that a slot is set to without looking at the bytes. `undefined`: absent. */
export interface Constant {
  readonly slot: number
  readonly value: unknown
  /** The type whose default it is; undefined for an absent field. */
  readonly node?: AvroNode
}

/** A slot that a leaf fills; `reader` is the type to give the value as. */
export interface Target {
  readonly slot: number
  readonly reader: AvroNode
}

/** What generated code does at a node of the writer schema. Constants are set before all else. */
export type Plan =
  | { readonly op: 'pass'; readonly node: AvroNode; readonly constants: readonly Constant[] }
  | {
      readonly op: 'leaf'
      readonly node: AvroNode
      readonly constants: readonly Constant[]
      readonly targets: readonly Target[]
    }
  | {
      readonly op: 'record'
      readonly node: RecordNode
      readonly constants: readonly Constant[]
      readonly fields: ReadonlyMap<AvroField, readonly Plan[]>
    }
  | { readonly op: 'union'; readonly constants: readonly Constant[]; readonly branches: readonly Plan[] }
  | {
      readonly op: 'map'
      readonly values: AvroNode
      readonly constants: readonly Constant[]
      readonly entries: ReadonlyMap<string, Plan>
    }

interface Want {
  readonly slot: number
  readonly as: FieldAs
  readonly path: readonly string[]
  readonly depth: number
}

interface Search {
  readonly code: 'CONFIG_INVALID' | 'AVRO_UNDECODABLE'
  readonly found: Set<number>
  readonly problems: Map<number, string>
  /** Which kind of bytes a span has: text and integers must not be taken for each other. */
  readonly spans: Map<number, string>
}

/**
 * Finds where in the writer schema the wanted fields are, through aliases, defaults and unions.
 *
 * @throws with a sentence (permanent) when no record of the writer can have a wanted field, it is no leaf, has not the
 * form asked for, or its type cannot be read as the reader's: CONFIG_INVALID without a reader schema, since the names
 * are then wrong; AVRO_UNDECODABLE with one, since a value of this writer is what does not fit.
 */
export function planFields(
  writer: AvroNode,
  reader: AvroNode | undefined,
  requests: readonly FieldRequest[],
): Plan {
  const code = reader === undefined ? 'CONFIG_INVALID' : 'AVRO_UNDECODABLE'
  const search: Search = { code, found: new Set(), problems: new Map(), spans: new Map() }
  const wants = requests.map(({ path, as }, slot) => ({ slot, as, path, depth: 0 }))
  const plan = planNode(search, writer, reader, wants)
  for (const { slot, path } of wants) {
    if (search.found.has(slot)) continue
    throw refused(
      search,
      `The field "${path.join('.')}" cannot be read: ${search.problems.get(slot) ?? 'it is nowhere.'}`,
    )
  }
  return plan
}

function refused(search: Search, message: string): MillraceError {
  return permanentError(search.code, message)
}

function planNode(
  search: Search,
  writer: AvroNode,
  reader: AvroNode | undefined,
  wants: readonly Want[],
): Plan {
  if (writer.kind === 'union') {
    const branches = writer.branches.map((branch) => planNode(search, branch, reader, wants))
    return { op: 'union', constants: [], branches }
  }
  const target = pickBranch(search, writer, reader, wants)
  if (writer.kind === 'record') return planRecord(search, writer, target as RecordNode | undefined, wants)
  if (writer.kind === 'map') return planMap(search, writer, target, wants)
  if (writer.kind === 'array') {
    refuseEnd(search, writer, wants)
    return giveUp(search, writer, wants, 'it is in an array; decode the whole record for that.')
  }
  return planLeaf(search, writer, target ?? writer, wants)
}

/** The reader's type for this writer's: of a union the first branch that can read it. */
function pickBranch(
  search: Search,
  writer: AvroNode,
  reader: AvroNode | undefined,
  wants: readonly Want[],
): AvroNode | undefined {
  if (reader === undefined) return undefined
  const target = reader.kind === 'union' ? reader.branches.find((branch) => canRead(writer, branch)) : reader
  // A record is read field by field: fields that nobody wants need not fit.
  const fits = target !== undefined && canRead(writer, target, { shallow: reader.kind !== 'union' })
  if (fits) return target
  const where = wants[0] === undefined ? '' : ` at "${wants[0].path.slice(0, wants[0].depth).join('.')}"`
  throw refused(
    search,
    `The writer's ${describeNode(writer)}${where} cannot be read as ${describeNode(reader)}.`,
  )
}

function giveUp(search: Search, node: AvroNode, wants: readonly Want[], problem: string): Plan {
  for (const { slot } of wants) {
    // That a null has no fields explains nothing; the other branch does.
    if (node.kind !== 'null' && !search.problems.has(slot)) search.problems.set(slot, problem)
  }
  return { op: 'pass', node, constants: wants.map(({ slot }) => ({ slot, value: undefined })) }
}

function planLeaf(search: Search, node: AvroNode, reader: AvroNode, wants: readonly Want[]): Plan {
  const here = wants.filter((want) => want.depth === want.path.length)
  const beyond = wants.filter((want) => want.depth < want.path.length)
  const constants = giveUp(search, node, beyond, `${describeNode(node)} has no fields.`).constants
  if (here.length === 0) return { op: 'pass', node, constants }
  // A null says nothing about what the field is; another branch has to.
  if (node.kind !== 'null' || reader.kind === 'null') for (const want of here) search.found.add(want.slot)
  for (const want of here) checkAs(search, want, node, reader)
  return { op: 'leaf', node, constants, targets: here.map(({ slot }) => ({ slot, reader })) }
}

const numeric: ReadonlySet<string> = new Set(['int', 'long', 'float', 'double', 'null'])
const spanned: Readonly<Record<string, string>> = {
  string: 'text',
  bytes: 'text',
  fixed: 'text',
  int: 'integer',
  long: 'integer',
}

/** Refuses a form that the type does not have, or in which equal values could differ. */
function checkAs(search: Search, want: Want, node: AvroNode, reader: AvroNode): void {
  if (want.as === 'value' || node.kind === 'null') return
  const name = want.path.join('.')
  if (want.as === 'number') {
    if (numeric.has(node.kind)) return
    throw refused(search, `The field "${name}" is ${describeNode(node)}, which is no number.`)
  }
  const span = spanned[reader.kind] === undefined || isDecimal(reader) ? undefined : spanned[node.kind]
  if (span === undefined) {
    throw refused(
      search,
      `The field "${name}" is ${describeNode(reader)}; ids and keys are text, bytes, int or long.`,
    )
  }
  const other = search.spans.get(want.slot) ?? span
  if (other !== span)
    throw refused(search, `The field "${name}" is text or a number: equal ids could not be told.`)
  search.spans.set(want.slot, span)
}

function refuseEnd(search: Search, node: AvroNode, wants: readonly Want[]): void {
  const want = wants.find(({ depth, path }) => depth === path.length)
  if (want === undefined) return
  throw refused(
    search,
    `The field "${want.path.join('.')}" is ${describeNode(node)}, no single value; decode the record for it.`,
  )
}

/** The wants by their next name. */
function byName(search: Search, node: AvroNode, wants: readonly Want[]): Map<string, Want[]> {
  refuseEnd(search, node, wants)
  const groups = new Map<string, Want[]>()
  for (const want of wants) {
    const name = want.path[want.depth]!
    groups.set(name, [...(groups.get(name) ?? []), { ...want, depth: want.depth + 1 }])
  }
  return groups
}

function planRecord(
  search: Search,
  writer: RecordNode,
  reader: RecordNode | undefined,
  wants: readonly Want[],
): Plan {
  const constants: Constant[] = []
  const fields = new Map<AvroField, Plan[]>()
  for (const [name, group] of byName(search, writer, wants)) {
    const own = (reader ?? writer).fields.find((field) => field.name === name)
    if (own === undefined) {
      const known = (reader ?? writer).fields.map((field) => field.name)
      const problem = `there is no field "${name}" in ${(reader ?? writer).name}.${didYouMean(name, known)}`
      constants.push(...giveUp(search, writer, group, problem).constants)
      continue
    }
    const matches = reader === undefined ? [own] : matchingFields(writer, own)
    if (matches.length > 1)
      throw refused(search, `Aliases of "${name}" match several fields of ${writer.name}.`)
    const [match] = matches
    if (match === undefined) constants.push(...defaults(search, own, group))
    else {
      const plan = planNode(search, match.type, reader === undefined ? undefined : own.type, group)
      fields.set(match, [...(fields.get(match) ?? []), plan])
    }
  }
  return { op: 'record', node: writer, constants, fields }
}

function planMap(
  search: Search,
  writer: AvroNode & { kind: 'map' },
  reader: AvroNode | undefined,
  wants: readonly Want[],
): Plan {
  const values = reader?.kind === 'map' ? reader.values : undefined
  const entries = new Map<string, Plan>()
  for (const [key, group] of byName(search, writer, wants)) {
    entries.set(key, planNode(search, writer.values, values, group))
  }
  const constants = wants.map(({ slot }) => ({ slot, value: undefined }))
  return { op: 'map', values: writer.values, constants, entries }
}

/** What a field that the writer did not have yet is read as. */
function defaults(search: Search, field: AvroField, wants: readonly Want[]): Constant[] {
  if (!field.hasDefault) {
    throw refused(search, `The writer has no field for "${field.name}", and the reader gives it no default.`)
  }
  return wants.map((want) => {
    const { slot, path, depth } = want
    const [node, json] = descend(field.type, field.default, path.slice(depth))
    if (node === undefined) {
      const problem = `there is no single value "${path.join('.')}" in ${describeNode(field.type)}.`
      giveUp(search, field.type, [want], problem)
      return { slot, value: undefined }
    }
    search.found.add(slot)
    checkAs(search, want, node, node)
    return json === undefined ? { slot, value: undefined } : { slot, value: defaultValue(node, json), node }
  })
}

/** The leaf at `path` in a type, and its JSON in the default; no JSON where the default stops before it. */
function descend(node: AvroNode, json: unknown, path: readonly string[]): [AvroNode | undefined, unknown] {
  if (node.kind === 'union') {
    const [first, ...rest] = node.branches.map((branch, index) =>
      descend(branch, index === 0 ? json : undefined, path),
    )
    return first![0] === undefined ? [rest.find(([found]) => found !== undefined)?.[0], undefined] : first!
  }
  const [name, ...after] = path
  if (name === undefined)
    return node.kind === 'record' || node.kind === 'array' || node.kind === 'map'
      ? [undefined, undefined]
      : [node, json]
  if (node.kind === 'map') return descend(node.values, isObject(json) ? json[name] : undefined, after)
  if (node.kind !== 'record') return [undefined, undefined]
  const field = node.fields.find((candidate) => candidate.name === name)
  if (field === undefined) return [undefined, undefined]
  const inner = isObject(json) ? (json[name] ?? field.default) : undefined
  return descend(field.type, inner, after)
}
