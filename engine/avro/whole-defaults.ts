import { defaultValue } from './defaults.ts'
import type { AvroNode } from './model.ts'
import { branchName, isBare } from './union-form.ts'
import { zigzag } from './varint.ts'

type Json = Readonly<Record<string, unknown>>

/** What a field without bytes is decoded as: its default (a checked one), made anew at each call. */
export function decodedDefault(node: AvroNode, json: unknown): unknown {
  switch (node.kind) {
    case 'union': {
      const [first] = node.branches as readonly [AvroNode]
      const value = decodedDefault(first, json)
      return first.kind === 'null' || isBare(node.branches) ? value : { [branchName(first)]: value }
    }
    case 'array':
      return (json as readonly unknown[]).map((item) => decodedDefault(node.items, item))
    case 'map':
      return Object.fromEntries(
        Object.entries(json as Json).map(([key, value]) => [key, decodedDefault(node.values, value)]),
      )
    case 'record':
      return Object.fromEntries(
        node.fields.map((field) => [field.name, decodedDefault(field.type, given(json, field))]),
      )
    default:
      return defaultValue(node, json)
  }
}

/** The bytes that a field's default (a checked one) has in a record. */
export function encodedDefault(node: AvroNode, json: unknown): Buffer {
  switch (node.kind) {
    case 'union':
      return Buffer.concat([zigzag(0n), encodedDefault(node.branches[0]!, json)])
    case 'array':
      return blockOf((json as readonly unknown[]).map((item) => encodedDefault(node.items, item)))
    case 'map': {
      const entries = Object.entries(json as Json)
      return blockOf(
        entries.map(([key, value]) =>
          Buffer.concat([sized(Buffer.from(key)), encodedDefault(node.values, value)]),
        ),
      )
    }
    case 'record':
      return Buffer.concat(node.fields.map((field) => encodedDefault(field.type, given(json, field))))
    default:
      return encodedLeaf(node, json)
  }
}

/** A record's default may leave out fields that have one of their own. */
function given(json: unknown, field: { readonly name: string; readonly default: unknown }): unknown {
  return (json as Json)[field.name] ?? field.default
}

function encodedLeaf(node: AvroNode, json: unknown): Buffer {
  switch (node.kind) {
    case 'null':
      return Buffer.alloc(0)
    case 'boolean':
      return Buffer.of(json === true ? 1 : 0)
    case 'int':
    case 'long':
      return zigzag(BigInt(json as number))
    case 'float': {
      const bytes = Buffer.alloc(4)
      bytes.writeFloatLE(json as number)
      return bytes
    }
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(json as number)
      return bytes
    }
    case 'enum':
      return zigzag(BigInt(node.symbols.indexOf(json as string)))
    case 'fixed':
      return Buffer.from(json as string, 'latin1')
    default:
      return sized(Buffer.from(json as string, node.kind === 'bytes' ? 'latin1' : 'utf8'))
  }
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([zigzag(BigInt(bytes.length)), bytes])
}

function blockOf(items: readonly Buffer[]): Buffer {
  const end = zigzag(0n)
  return items.length === 0 ? end : Buffer.concat([zigzag(BigInt(items.length)), ...items, end])
}
