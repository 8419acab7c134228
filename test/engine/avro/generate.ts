import fc from 'fast-check'
import type { AvroNode } from '../../../engine/avro/model.ts'
import { decimalToText } from '../../../engine/avro/decimal.ts'

/** Draws from an arbitrary: what the properties here are given. */
export type Draw = <T>(arbitrary: () => fc.Arbitrary<T>) => T

/**
 * Runs a property over generated schemas. A failure prints its seed; it is not shrunk, for the draws of one run depend
 * on each other so much that shrinking finds little and takes all memory.
 */
export function checkDrawn(runs: number, predicate: (draw: Draw) => void): void {
  const share = Number(process.env['FC_RUNS'] ?? 1)
  fc.assert(
    fc.property(fc.gen(), (gen) => predicate((arbitrary) => gen(arbitrary))),
    { numRuns: Math.ceil(runs * share), endOnFailure: true },
  )
}

const below = (draw: Draw, limit: number) => draw(() => fc.nat({ max: limit - 1 }))
const chance = (draw: Draw, percent: number) => below(draw, 100) < percent

interface Scope {
  names: number
  /** Full names that can be referred to; records under construction only where a byte guards them. */
  readonly closed: string[]
  readonly open: string[]
}

type Json = string | Json[] | { [key: string]: unknown }

const plain = ['boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'string', 'long']
const logical: Json[] = [
  { type: 'long', logicalType: 'timestamp-millis' },
  { type: 'int', logicalType: 'date' },
  { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 3 },
  { type: 'string', logicalType: 'uuid' },
]

/** A random record schema as JSON: all types, namespaces, recursion through unions, arrays and maps. */
export function drawSchema(draw: Draw): Json {
  const scope: Scope = { names: 0, closed: [], open: [] }
  return recordJson(draw, scope, 3, 1 + below(draw, 6))
}

function recordJson(draw: Draw, scope: Scope, depth: number, count: number): Json {
  const name = `R${scope.names++}`
  const namespace = chance(draw, 30) ? `ns${below(draw, 3)}` : 'app'
  const full = `${namespace}.${name}`
  scope.open.push(full)
  const fields = Array.from({ length: count }, (_, index) => ({
    name: `f${index}`,
    type: typeJson(draw, scope, depth, false),
  }))
  scope.open.pop()
  scope.closed.push(full)
  return { type: 'record', name, namespace, fields }
}

function typeJson(draw: Draw, scope: Scope, depth: number, guarded: boolean): Json {
  const kind = below(draw, depth > 0 ? 14 : 8)
  if (kind < 5) return plain[below(draw, plain.length)]!
  if (kind === 5) return logical[below(draw, logical.length)]!
  if (kind === 6) return namedJson(draw, scope)
  if (kind === 7) return referenceJson(draw, scope, guarded)
  if (kind === 8) return recordJson(draw, scope, depth - 1, below(draw, 4))
  if (kind === 9) return { type: 'array', items: typeJson(draw, scope, depth - 1, true) }
  if (kind === 10) return { type: 'map', values: typeJson(draw, scope, depth - 1, true) }
  return unionJson(draw, scope, depth)
}

function namedJson(draw: Draw, scope: Scope): Json {
  const name = `app.N${scope.names++}`
  scope.closed.push(name)
  if (chance(draw, 50)) return { type: 'fixed', name, size: below(draw, 20) }
  const symbols = Array.from({ length: 1 + below(draw, 4) }, (_, index) => `S${index}`)
  return { type: 'enum', name, symbols }
}

function referenceJson(draw: Draw, scope: Scope, guarded: boolean): Json {
  const names = guarded ? [...scope.closed, ...scope.open] : scope.closed
  return names.length === 0 ? 'string' : names[below(draw, names.length)]!
}

function unionJson(draw: Draw, scope: Scope, depth: number): Json {
  const branches: Json[] = []
  const seen = new Set<string>()
  for (let left = 1 + below(draw, 4); left > 0; left--) {
    const known = scope.closed.length
    const branch = chance(draw, 35) ? 'null' : typeJson(draw, scope, depth - 1, true)
    if (Array.isArray(branch) || seen.has(branchName(branch))) {
      // A branch that is not used defines nothing.
      scope.closed.length = known
      continue
    }
    branches.push(branch)
    seen.add(branchName(branch))
  }
  // Without an end to choose, a value of a recursive schema would never end.
  const ends = branches.some((branch) => branch === 'null' || plain.includes(branch as string))
  return ends ? branches : [...branches, 'null']
}

function branchName(branch: Json): string {
  if (typeof branch === 'string') return branch
  const { type, name, namespace } = branch as Record<string, string>
  if (name === undefined) return type!
  return name.includes('.') ? name : `${namespace}.${name}`
}

/** A value, its bytes and what it should be read as: unions bare, longs bigint where needed, decimals text. */
export interface Drawn {
  readonly bytes: Buffer
  readonly value: unknown
}

/** A zigzag varint, by bigint arithmetic: slow, and unlike the code under test. */
export function varint(value: number | bigint): Buffer {
  let rest = BigInt(value) >= 0n ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n
  const bytes: number[] = []
  do {
    bytes.push(Number(rest % 128n) + (rest >= 128n ? 128 : 0))
    rest /= 128n
  } while (rest > 0n)
  return Buffer.from(bytes)
}

const sized = (bytes: Buffer) => Buffer.concat([varint(bytes.length), bytes])

/** A random value of a schema, encoded by hand, with blocks as avsc never writes them. Ends for recursive schemas. */
export function drawValue(draw: Draw, node: AvroNode, depth = 5): Drawn {
  switch (node.kind) {
    case 'null':
      return { bytes: Buffer.alloc(0), value: null }
    case 'boolean': {
      const value = draw(() => fc.boolean())
      return { bytes: Buffer.from([value ? 1 : 0]), value }
    }
    case 'record': {
      const parts = node.fields.map((field) => ({
        name: field.name,
        ...drawValue(draw, field.type, depth - 1),
      }))
      const value = Object.fromEntries(parts.map((part) => [part.name, part.value]))
      return { bytes: Buffer.concat(parts.map((part) => part.bytes)), value }
    }
    case 'union': {
      const index = drawBranch(draw, node.branches, depth)
      const inner = drawValue(draw, node.branches[index]!, depth - 1)
      return { bytes: Buffer.concat([varint(index), inner.bytes]), value: inner.value }
    }
    case 'array': {
      const items = drawItems(draw, depth).map(() => drawValue(draw, node.items, depth - 1))
      return {
        bytes: blocks(
          draw,
          items.map((item) => item.bytes),
        ),
        value: items.map((item) => item.value),
      }
    }
    case 'map': {
      const items = drawItems(draw, depth).map((index) => ({
        key: `k${index}`,
        ...drawValue(draw, node.values, depth - 1),
      }))
      const encoded = items.map((item) => Buffer.concat([sized(Buffer.from(item.key)), item.bytes]))
      return {
        bytes: blocks(draw, encoded),
        value: Object.fromEntries(items.map((item) => [item.key, item.value])),
      }
    }
    default:
      return drawLeaf(draw, node)
  }
}

// Deep in a recursive schema only null and leaves end it.
function drawBranch(draw: Draw, branches: readonly AvroNode[], depth: number): number {
  const index = below(draw, branches.length)
  if (depth > 0) return index
  const end = branches.findIndex(
    (branch) => branch.kind !== 'record' && branch.kind !== 'array' && branch.kind !== 'map',
  )
  return end < 0 ? index : end
}

const drawItems = (draw: Draw, depth: number) =>
  depth <= 0 ? [] : Array.from({ length: below(draw, depth > 2 ? 4 : 2) }, (_, index) => index)

/** Items in one block or several, with or without their size in bytes. */
export function blocks(draw: Draw, items: readonly Buffer[]): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < items.length;) {
    const count = 1 + below(draw, items.length - at)
    const bytes = Buffer.concat(items.slice(at, at + count))
    parts.push(...(chance(draw, 50) ? [varint(-count), varint(bytes.length), bytes] : [varint(count), bytes]))
    at += count
  }
  return Buffer.concat([...parts, varint(0)])
}

function drawLeaf(draw: Draw, node: AvroNode): Drawn {
  if (node.kind === 'int') {
    const value = draw(() => fc.integer())
    return { bytes: varint(value), value }
  }
  if (node.kind === 'long') {
    const value = draw(() =>
      fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer().map(BigInt),
        fc.maxSafeInteger().map(BigInt),
      ),
    )
    const number = Number(value)
    return { bytes: varint(value), value: Number.isSafeInteger(number) ? number : value }
  }
  if (node.kind === 'float') {
    const bytes = Buffer.alloc(4)
    const value = Math.fround(draw(() => fc.float({ noNaN: true })))
    bytes.writeFloatLE(value)
    return { bytes, value }
  }
  if (node.kind === 'double') {
    const bytes = Buffer.alloc(8)
    const value = draw(() => fc.double({ noNaN: true }))
    bytes.writeDoubleLE(value)
    return { bytes, value }
  }
  if (node.kind === 'string') {
    const value = draw(() => fc.string({ unit: 'binary', maxLength: 90, size: 'max' }))
    return { bytes: sized(Buffer.from(value)), value }
  }
  return drawBytes(draw, node)
}

function drawBytes(draw: Draw, node: AvroNode): Drawn {
  if (node.kind === 'enum') {
    const index = below(draw, node.symbols.length)
    return { bytes: varint(index), value: node.symbols[index] }
  }
  if (node.kind !== 'bytes' && node.kind !== 'fixed') throw new TypeError(node.kind)
  const decimal = node.logical?.name === 'decimal'
  const size =
    node.kind === 'fixed' ? { minLength: node.size, maxLength: node.size } : { maxLength: decimal ? 4 : 12 }
  const value = Buffer.from(draw(() => fc.uint8Array(size)))
  const bytes = node.kind === 'fixed' ? value : sized(value)
  const scale = decimal ? node.logical.scale : undefined
  return { bytes, value: scale === undefined ? value : decimalToText(value, 0, value.length, scale) }
}

/** The ends of a path, over all branches: leaves, and whatever else it ends at. */
export function endsOf(node: AvroNode, path: readonly string[]): AvroNode[] {
  if (node.kind === 'union') return node.branches.flatMap((branch) => endsOf(branch, path))
  const [name, ...rest] = path
  if (name === undefined) return [node]
  if (node.kind === 'map') return endsOf(node.values, rest)
  if (node.kind !== 'record') return []
  const field = node.fields.find((candidate) => candidate.name === name)
  return field === undefined ? [] : endsOf(field.type, rest)
}

/** All paths that end at single values in every branch, down to a depth. */
export function leafPaths(node: AvroNode, depth = 4): string[][] {
  const paths = new Map<string, string[]>()
  const visit = (at: AvroNode, path: string[]): void => {
    if (at.kind === 'union') at.branches.forEach((branch) => visit(branch, path))
    else if (at.kind === 'record' && path.length < depth)
      at.fields.forEach((field) => visit(field.type, [...path, field.name]))
    else if (at.kind === 'map' && path.length < depth)
      ['k0', 'k1', 'k9'].forEach((key) => visit(at.values, [...path, key]))
    else paths.set(path.join('.'), path)
  }
  visit(node, [])
  const complex = new Set(['record', 'array', 'map'])
  return [...paths.values()].filter((path) => {
    const ends = endsOf(node, path)
    const some = ends.some((end) => end.kind !== 'null') || (ends.length > 0 && !passesUnion(node, path))
    return path.length > 0 && some && ends.every((end) => !complex.has(end.kind))
  })
}

function passesUnion(node: AvroNode, path: readonly string[]): boolean {
  if (node.kind === 'union') return true
  const [name, ...rest] = path
  if (name === undefined) return false
  if (node.kind === 'map') return passesUnion(node.values, rest)
  const field = node.kind === 'record' ? node.fields.find((candidate) => candidate.name === name) : undefined
  return field !== undefined && passesUnion(field.type, rest)
}

/** What a path leads to in a value with bare unions; undefined when the way there ends. */
export function pick(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || Buffer.isBuffer(at)) return undefined
    at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined
  }
  return at
}

interface TypeView {
  readonly typeName: string
  readonly types?: readonly (TypeView & { readonly branchName: string; isValid(value: unknown): boolean })[]
  readonly fields?: readonly { readonly name: string; readonly type: TypeView }[]
  readonly itemsType?: TypeView
  readonly valuesType?: TypeView
}

/** A value as avsc decodes it, with its wrapped unions made bare. */
export function bare(type: unknown, value: unknown): unknown {
  const view = type as TypeView
  // A corrupt decimal may have more digits than a branch allows: then no branch is found.
  if (value === null || value === undefined || type === undefined || Buffer.isBuffer(value)) return value
  if (view.typeName === 'union:wrapped') {
    const [[name, inner]] = Object.entries(value) as [[string, unknown]]
    return bare(
      view.types!.find((branch) => branch.branchName === name),
      inner,
    )
  }
  if (view.types !== undefined) {
    // avsc calls a list a valid record if the record needs no field.
    const fits = (branch: { typeName: string }) => Array.isArray(value) === (branch.typeName === 'array')
    const branch = view.types.find((candidate) => fits(candidate) && candidate.isValid(value))
    return bare(branch, value)
  }
  if (view.fields !== undefined) {
    const record = value as Record<string, unknown>
    return Object.fromEntries(view.fields.map(({ name, type: inner }) => [name, bare(inner, record[name])]))
  }
  if (view.itemsType !== undefined) return (value as unknown[]).map((item) => bare(view.itemsType, item))
  if (view.valuesType === undefined) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bare(view.valuesType, item)]))
}
