import { type AvroField, type AvroNode, describeNode, type EnumNode, type RecordNode } from './model.ts'
import { canRead, matchingFields } from './resolution.ts'
import { branchName, isBare } from './union-form.ts'

/** How a value of the writer becomes one of the reader. Records that contain themselves contain the same object again. */
export type ReadPlan =
  | { readonly op: 'leaf'; readonly node: AvroNode; readonly as: AvroNode }
  | { readonly op: 'enum'; readonly symbols: readonly string[] }
  | RecordPlan
  | { readonly op: 'array'; readonly node: AvroNode; readonly items: ReadPlan }
  | { readonly op: 'map'; readonly node: AvroNode; readonly values: ReadPlan }
  /** By the index that the writer wrote. */
  | { readonly op: 'union'; readonly branches: readonly ReadPlan[] }
  /** `{ [name]: value }`: a branch of a union whose values are not bare. */
  | { readonly op: 'wrap'; readonly name: string; readonly value: ReadPlan }

/** A record: the writer's fields in their order, each with what it becomes, and the reader's with what they are made of. */
export interface RecordPlan {
  readonly op: 'record'
  readonly fields: PlannedField[]
  readonly made: MadeField[]
}

/** A field of the writer; nothing becomes of one that the reader lacks, several of one that aliases name twice. */
interface PlannedField {
  readonly node: AvroNode
  readonly becomes: { readonly slot: number; readonly plan: ReadPlan }[]
}

/** A field of the reader: the value of `slot`, or the field's default. */
interface MadeField {
  readonly field: AvroField
  readonly slot: number | undefined
}

type Known = Map<RecordNode, Map<RecordNode, RecordPlan>>

/**
 * Resolves two schemas by the rules of the Avro specification; both may be the same. A value of a union is read as the
 * first branch that can take it.
 *
 * @throws Error with half a sentence, the path of the field in it, where the reader cannot read what the writer's writes.
 */
export function planReading(writer: AvroNode, reader: AvroNode): ReadPlan {
  return planNode(writer, reader, '', new Map())
}

function planNode(writer: AvroNode, reader: AvroNode, path: string, known: Known): ReadPlan {
  if (writer === reader && writer.kind === 'union') return planSame(writer.branches, path, known)
  if (writer.kind === 'union') {
    return { op: 'union', branches: writer.branches.map((branch) => planNode(branch, reader, path, known)) }
  }
  if (reader.kind === 'union') {
    const branch = reader.branches.find((candidate) => canRead(writer, candidate))
    if (branch === undefined) throw unreadable(writer, reader, path)
    return wrapped(reader.branches, branch, planNode(writer, branch, path, known))
  }
  if (!canRead(writer, reader, { shallow: true })) throw unreadable(writer, reader, path)
  if (writer.kind === 'record') return planRecord(writer, reader as RecordNode, path, known)
  if (writer.kind === 'array') {
    const { items } = reader as AvroNode & { kind: 'array' }
    return { op: 'array', node: writer.items, items: planNode(writer.items, items, `${path}[]`, known) }
  }
  if (writer.kind === 'map') {
    const { values } = reader as AvroNode & { kind: 'map' }
    return { op: 'map', node: writer.values, values: planNode(writer.values, values, `${path}{}`, known) }
  }
  return writer.kind === 'enum'
    ? planEnum(writer, reader as EnumNode)
    : { op: 'leaf', node: writer, as: reader }
}

/** Read as it was written, each branch is itself: the first that could take it may be another one. */
function planSame(branches: readonly AvroNode[], path: string, known: Known): ReadPlan {
  const own = branches.map((branch) => wrapped(branches, branch, planNode(branch, branch, path, known)))
  return { op: 'union', branches: own }
}

function wrapped(branches: readonly AvroNode[], branch: AvroNode, value: ReadPlan): ReadPlan {
  if (branch.kind === 'null' || isBare(branches)) return value
  return { op: 'wrap', name: branchName(branch), value }
}

function planEnum(writer: EnumNode, reader: EnumNode): ReadPlan {
  // That there is a default for symbols that the reader lacks, or none is lacking, was seen before.
  const symbols = writer.symbols.map((symbol) => (reader.symbols.includes(symbol) ? symbol : reader.default!))
  return { op: 'enum', symbols }
}

function planRecord(writer: RecordNode, reader: RecordNode, path: string, known: Known): RecordPlan {
  const before = known.get(writer)?.get(reader)
  if (before !== undefined) return before
  const plan: RecordPlan = { op: 'record', fields: [], made: [] }
  known.set(writer, (known.get(writer) ?? new Map<RecordNode, RecordPlan>()).set(reader, plan))
  const fields = new Map(
    writer.fields.map((field): [AvroField, PlannedField] => [field, { node: field.type, becomes: [] }]),
  )
  plan.fields.push(...fields.values())
  for (const [slot, field] of reader.fields.entries()) {
    const at = path === '' ? field.name : `${path}.${field.name}`
    const matches = writer === reader ? [field] : matchingFields(writer, field)
    if (matches.length > 1) throw new Error(`aliases of "${at}" match several fields of ${writer.name}`)
    const [match] = matches
    if (match !== undefined) {
      fields.get(match)!.becomes.push({ slot, plan: planNode(match.type, field.type, at, known) })
    } else if (!field.hasDefault) {
      throw new Error(`the writer has no field for "${at}", and the reader gives it no default`)
    }
    plan.made.push({ field, slot: match === undefined ? undefined : slot })
  }
  return plan
}

function unreadable(writer: AvroNode, reader: AvroNode, path: string): Error {
  const where = path === '' ? '' : ` at "${path}"`
  return new Error(`the writer's ${describeNode(writer)}${where} is no ${describeNode(reader)}`)
}
