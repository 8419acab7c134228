import avro from 'avsc'
import { decimalToBytes, decimalToText } from '../../../engine/avro/decimal.ts'
import type { Logical } from '../../../engine/avro/model.ts'
import { cursor, readLong, zigzag } from '../../../engine/avro/varint.ts'

// avsc's types have a protected protocol of underscored methods over a "tap", a buffer with a position. It is not in
// its typings, and is the only way to read a long or a map in one's own way without a slice per value; avsc's
// version is pinned by the lockfile, and test/engine/avro/codec.test.ts breaks when it changes.
interface Tap {
  buf: Buffer
  pos: number
  readLong(): number
  readString(): string
  skipLong(): void
  writeLong(value: number): void
  writeFixed(bytes: Buffer, length?: number): void
}

const exact = 2 ** 51
const minLong = -(2n ** 63n)
const maxLong = 2n ** 63n - 1n

function isLong(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value === 'bigint' && value >= minLong && value <= maxLong
}

function fromVarint(bytes: Buffer): number | bigint {
  readLong(bytes, 0, bytes.length)
  return cursor.long
}

const plainLong = avro.types.LongType.__with(
  {
    fromBuffer: fromVarint,
    toBuffer: (value: number | bigint) => zigzag(BigInt(value)),
    fromJSON: (value: number | bigint) => value,
    toJSON: (value: number | bigint) => value,
    isValid: isLong,
    compare: (left: number | bigint, right: number | bigint) => (left === right ? 0 : left < right ? -1 : 1),
  },
  true,
)

/**
 * Avro's long as a number where that is exact, as a bigint beyond ±(2^53 − 1); both are accepted when writing. The
 * two overrides spare the usual value a slice of the buffer.
 */
const longType = Object.create(plainLong, {
  _read: {
    value(tap: Tap): number | bigint {
      const start = tap.pos
      const value = tap.readLong()
      // avsc sums in doubles: up to here its result is exact.
      if (value > -exact && value < exact) return value
      const after = readLong(tap.buf, start, Math.min(tap.pos, tap.buf.length))
      return after < 0 ? value : cursor.long
    },
  },
  _write: {
    value(tap: Tap, value: unknown): void {
      if (typeof value === 'number' && value > -exact && value < exact && value % 1 === 0)
        tap.writeLong(value)
      else if (isLong(value)) tap.writeFixed(zigzag(BigInt(value as number | bigint)))
      else throw new Error('not a long')
    },
  },
}) as avro.Type

interface Updating {
  readonly typeName: string
  _read(tap: Tap): unknown
  _update(resolver: { _read?: (tap: Tap) => unknown }, writer: Updating, options: unknown): void
}

/** A float or double that reads a writer's long as such: avsc's own loses the sign of one beyond ±2^53. */
function floatType(kind: 'float' | 'double'): avro.Type {
  const plain = avro.Type.forSchema(kind) as unknown as Updating
  return Object.create(plain, {
    _update: {
      value(resolver: { _read?: (tap: Tap) => unknown }, writer: Updating, options: unknown): void {
        if (writer.typeName === 'abstract:long') resolver._read = (tap) => Number(writer._read(tap))
        else plain._update(resolver, writer, options)
      },
    },
  }) as avro.Type
}

const numberTypes: ReadonlyMap<unknown, avro.Type> = new Map([
  ['long', longType],
  ['float', floatType('float')],
  ['double', floatType('double')],
])

/** avsc's map sets properties with `=`, which loses a key named `__proto__` or makes its value the prototype. */
class SafeMapType extends avro.types.MapType {
  _read(this: { valuesType: { _read(tap: Tap): unknown } }, tap: Tap): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
      while (count-- > 0) {
        const key = tap.readString()
        const item = this.valuesType._read(tap)
        if (key === '__proto__') {
          Object.defineProperty(value, key, {
            value: item,
            enumerable: true,
            writable: true,
            configurable: true,
          })
        } else value[key] = item
      }
    }
    return value
  }
}

function blockCount(tap: Tap): number {
  const count = tap.readLong()
  if (count < 0) tap.skipLong()
  return Math.abs(count)
}

interface Underlying {
  readonly typeName: string
  readonly size?: number
}

/** A decimal as text with exactly `scale` digits after the point; text, numbers and bigints are accepted. */
class DecimalType extends avro.types.LogicalType {
  declare readonly logical: Logical

  constructor(schema: avro.Schema, options?: unknown) {
    super(schema, options)
    const { precision, scale } = schema as unknown as Logical
    Object.assign(this, { logical: { name: 'decimal', precision, scale } })
  }

  override _fromValue(value: Buffer): string {
    return decimalToText(value, 0, value.length, this.logical.scale)
  }

  override _toValue(value: unknown): Buffer | undefined {
    const { size } = this.underlyingType as Underlying
    return decimalToBytes(value, this.logical, size)
  }

  override _resolve(writer: avro.Type): ((value: unknown) => unknown) | undefined {
    // The writer's value is its own text already; only the same scale reads alike.
    if (writer instanceof DecimalType) {
      return writer.logical.scale === this.logical.scale ? (value) => value : undefined
    }
    const own = this.underlyingType as Underlying
    const other = writer as Underlying
    if (own.typeName !== other.typeName || own.size !== other.size) return undefined
    return (value) => this._fromValue(value as Buffer)
  }

  override _export(schema: avro.Schema): void {
    Object.assign(schema, { precision: this.logical.precision, scale: this.logical.scale })
  }
}

// Which JavaScript values a branch takes, where avsc's name of the type does not say it: two branches that take the
// same need wrapping.
const classes: Readonly<Record<string, readonly string[]>> = {
  int: ['number'],
  'abstract:long': ['number'],
  float: ['number'],
  double: ['number'],
  enum: ['string'],
  'logical:decimal': ['string', 'number'],
  fixed: ['bytes'],
  map: ['object'],
  record: ['object'],
}

function unionType(branches: readonly avro.Schema[], options: object): avro.Type {
  const types = branches.map((branch) => avro.Type.forSchema(branch, options))
  const taken = types.flatMap((type) => classes[type.typeName] ?? [type.typeName])
  const Union =
    new Set(taken).size < taken.length ? avro.types.WrappedUnionType : avro.types.UnwrappedUnionType
  return new Union(types as unknown as avro.Schema, options)
}

function typeHook(schema: avro.Schema, options: object): avro.Type | undefined {
  if (Array.isArray(schema)) return unionType(schema, options)
  const kind = typeof schema === 'string' ? schema : (schema as { type: unknown }).type
  return kind === 'map' ? new SafeMapType(schema, options) : numberTypes.get(kind)
}

/**
 * The avsc type of a schema in `avscForm`. Its values are plain objects (their prototype is Object.prototype, so that
 * spread, JSON.stringify, structuredClone and deep equality behave), longs may be bigint, decimals are text, and a
 * union is bare where the JavaScript value tells the branch, otherwise `{ 'branch.Name': value }`.
 */
export function avscType(form: unknown): avro.Type {
  const type = avro.Type.forSchema(form as avro.Schema, {
    typeHook: typeHook,
    // avsc calls it with the schema that names it; its typings ask for any schema.
    logicalTypes: { decimal: DecimalType },
    omitRecordMethods: true,
  })
  makePlain(type as unknown as Parts, new Set())
  return type
}

interface Parts {
  readonly recordConstructor?: { prototype: unknown }
  readonly _branchConstructor?: { prototype: unknown } | null
  readonly _indices?: object
  readonly _branchIndices?: object
  readonly _fieldsByName?: object
  readonly fields?: readonly { readonly type: Parts }[]
  readonly types?: readonly Parts[]
  readonly itemsType?: Parts
  readonly valuesType?: Parts
  readonly underlyingType?: Parts
}

function makePlain(type: Parts | undefined, seen: Set<Parts>): void {
  if (type === undefined || seen.has(type)) return
  seen.add(type)
  // avsc looks names up in plain objects, so that "constructor" would be a symbol of every enum.
  for (const index of [type._indices, type._branchIndices, type._fieldsByName]) {
    if (index !== undefined) Object.setPrototypeOf(index, null)
  }
  if (type.recordConstructor !== undefined) type.recordConstructor.prototype = Object.prototype
  if (type._branchConstructor != null) type._branchConstructor.prototype = Object.prototype
  for (const field of type.fields ?? []) makePlain(field.type, seen)
  for (const branch of type.types ?? []) makePlain(branch, seen)
  makePlain(type.itemsType, seen)
  makePlain(type.valuesType, seen)
  makePlain(type.underlyingType, seen)
}
