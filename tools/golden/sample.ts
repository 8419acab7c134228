import { createHash } from 'node:crypto'
import type { AvroField, AvroNode, PrimitiveNode } from '../../engine/avro/model.ts'
import type { Schema } from '../../engine/avro/schema.ts'
import { Random } from '../../platform/shop/random.ts'

/** How a sample is filled: with nulls and empty lists; as one would expect; with the largest and strangest there is. */
export type Flavor = 'least' | 'usual' | 'most'

interface Making {
  readonly flavor: Flavor
  readonly version: string
  readonly random: Random
}

/** A value of a schema, the same on every machine. Fields that say a version say `version`. */
export function sampleOf(schema: Schema, flavor: Flavor, version: string): unknown {
  const seed = createHash('sha256').update(`${schema.fullName} ${version} ${flavor}`).digest().readUInt32BE()
  return valueOf(schema.root, { flavor, version, random: new Random(seed) }, '')
}

function valueOf(node: AvroNode, making: Making, name: string): unknown {
  const { flavor } = making
  switch (node.kind) {
    case 'record':
      return Object.fromEntries(node.fields.map((field) => [field.name, fieldOf(field, making)]))
    case 'enum':
      return node.symbols.at({ least: 0, usual: Math.min(1, node.symbols.length - 1), most: -1 }[flavor])
    case 'array': {
      const length = { least: 0, usual: 2, most: 5 }[flavor]
      return Array.from({ length }, () => valueOf(node.items, making, name))
    }
    case 'map':
      return flavor === 'least'
        ? {}
        : { a: valueOf(node.values, making, name), '': valueOf(node.values, making, name) }
    case 'union':
      return flavor === 'least' && node.branches.some(({ kind }) => kind === 'null')
        ? null
        : valueOf(
            node.branches.find(({ kind }) => kind !== 'null')!,
            making,
            name,
          )
    case 'fixed':
      throw new Error('No sample is made of a fixed: add one.')
    default:
      return primitiveOf(node, making, name)
  }
}

function fieldOf({ name, type }: AvroField, making: Making): unknown {
  return name === 'eventVersion' || name === 'schemaVersion' ? making.version : valueOf(type, making, name)
}

function primitiveOf({ kind, logical }: PrimitiveNode, { flavor, random }: Making, name: string): unknown {
  if (logical?.name === 'uuid') return random.uuid()
  if (logical?.name === 'timestamp-millis')
    return { least: 0, usual: 1_767_614_400_123, most: 253_402_300_799_999 }[flavor]
  if (logical?.name === 'decimal') return decimalOf(flavor, logical.precision, logical.scale)
  switch (kind) {
    case 'int':
      return { least: 0, usual: random.int(1, 9), most: -2_147_483_648 }[flavor]
    case 'long':
      return { least: 0, usual: random.int(1, 999), most: Number.MAX_SAFE_INTEGER }[flavor]
    case 'boolean':
      return flavor !== 'least'
    case 'string':
      return textOf(flavor, name, random)
    default:
      throw new Error(`No sample is made of ${kind}: add one.`)
  }
}

function decimalOf(flavor: Flavor, precision: number, scale: number): string {
  if (flavor === 'usual') return `99.${'9'.repeat(scale)}`
  const digit = flavor === 'least' ? '0' : '9'
  return `${flavor === 'most' ? '-' : ''}${flavor === 'least' ? '0' : digit.repeat(precision - scale)}.${digit.repeat(scale)}`
}

function textOf(flavor: Flavor, name: string, random: Random): string {
  if (name === 'currency') return 'EUR'
  if (flavor === 'least') return ''
  return flavor === 'usual' ? `${name} ${random.int(1, 999)}` : `${name} — ñ 漢 🦦 ${'x'.repeat(100)}`
}
