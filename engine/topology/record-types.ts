import type { FieldTree } from './facts.ts'

/** The record types of values, by full name. */
export type RecordTrees = ReadonlyMap<string, FieldTree>

/**
 * What values look like that are any of several records. A field that only some have may be absent; one whose types contradict
 * each other says so.
 */
export function oneOf(records: RecordTrees): FieldTree {
  const [only] = records.values()
  if (records.size === 1) return { ...only!, records }
  const merged = together([...records])
  return { ...merged, type: [...records.keys()].join(' or '), records }
}

/** The records that the values may be; undefined where that is not known. */
export function recordsOf(shape: FieldTree): RecordTrees | undefined {
  if (shape.records !== undefined) return shape.records
  const name = /^record (\S+)$/.exec(shape.type)?.[1]
  return name === undefined ? undefined : new Map([[name, shape]])
}

/** The values that are one of these records; undefined where none is, or nobody can say. */
export function narrowed(shape: FieldTree, names: readonly string[]): FieldTree | undefined {
  return only(shape, (name) => names.includes(name))
}

/** The values that are none of these records. */
export function without(shape: FieldTree, names: readonly string[]): FieldTree | undefined {
  return only(shape, (name) => !names.includes(name))
}

function only(shape: FieldTree, isWanted: (name: string) => boolean): FieldTree | undefined {
  const kept = [...(recordsOf(shape) ?? [])].filter(([name]) => isWanted(name))
  return kept.length === 0 ? undefined : oneOf(new Map(kept))
}

/** What becomes of each type by itself, as nodes do that know of no types. */
export function eachType(shape: FieldTree, make: (one: FieldTree) => FieldTree): FieldTree {
  if (shape.records === undefined) return make(shape)
  return oneOf(new Map([...shape.records].map(([name, one]) => [name, make(one)])))
}

type Named = readonly [name: string, tree: FieldTree]

function together(trees: readonly Named[]): FieldTree {
  const [[, first]] = trees as [Named]
  const clash = clashOf(trees)
  const optional = trees.some(([, tree]) => tree.optional === true)
  const open = trees.some(([, tree]) => tree.open === true)
  const fields = fieldsOf(trees)
  const items = trees.flatMap(([name, tree]): Named[] =>
    tree.items === undefined ? [] : [[name, tree.items]],
  )
  return {
    type: [...new Set(trees.map(([, { type }]) => type))].join(' or '),
    ...(first.logical !== undefined && { logical: first.logical }),
    ...(fields.size > 0 && { fields }),
    ...(items.length > 0 && { items: together(items) }),
    ...(optional && { optional }),
    ...(open && { open }),
    ...(clash !== undefined && { clash }),
  }
}

function fieldsOf(trees: readonly Named[]): Map<string, FieldTree> {
  const names = new Set(trees.flatMap(([, { fields }]) => [...(fields?.keys() ?? [])]))
  return new Map(
    [...names].map((name) => {
      const having = trees.flatMap(([owner, { fields }]): Named[] => {
        const field = fields?.get(name)
        return field === undefined ? [] : [[owner, field]]
      })
      const merged = having.length === 1 ? having[0]![1] : together(having)
      return [name, having.length === trees.length ? merged : { ...merged, optional: true }]
    }),
  )
}

function clashOf(trees: readonly Named[]): FieldTree['clash'] {
  const [[firstName, first], ...others] = trees as [Named, ...Named[]]
  for (const [name, tree] of others) {
    if (tree.clash !== undefined) return tree.clash
    if (first.clash !== undefined) return first.clash
    if (!agree(first, tree)) return [`${typeOf(first)} in ${firstName}`, `${typeOf(tree)} in ${name}`]
  }
  return undefined
}

function typeOf({ type, logical }: FieldTree): string {
  return logical === undefined ? type : `${type} (${logical})`
}

/** What may be taken for each other: whole numbers of two sizes may, a text and a number may not. */
function agree(left: FieldTree, right: FieldTree): boolean {
  const kinds = [kindOf(left), kindOf(right)]
  if (kinds.includes('any')) return true
  if (kinds[0] !== kinds[1]) return false
  const logicals = [left.logical, right.logical]
  return logicals.includes(undefined) || logicals[0] === logicals[1]
}

const numbers = new Set(['int', 'long', 'float', 'double'])

function kindOf({ type, logical, fields, items, open }: FieldTree): string {
  if (fields !== undefined) return 'record'
  if (items !== undefined) return 'list'
  if (open === true || type === 'null') return 'any'
  // A decimal is text in values.
  if (logical === 'decimal' || type === 'string' || type === 'enum') return 'text'
  return numbers.has(type) ? 'number' : type
}
