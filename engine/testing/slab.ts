import type { PackedRecords } from '../component/packed-records.ts'

/**
 * The same records in one buffer of their own, columns and all, as native/ packs them: when the buffer goes, whoever still
 * looks at them sees nothing.
 */
export function inSlab(records: PackedRecords): PackedRecords {
  const { count, bytes } = records
  const slab = new ArrayBuffer(count * (2 * 8 + 6 * 4) + bytes.length)
  let at = 0
  const place = <Column extends Float64Array | Int32Array>(
    make: (at: number) => Column,
    from: Column,
  ): Column => {
    const column = make(at)
    column.set(from)
    at += column.byteLength
    return column
  }
  const doubles = (from: Float64Array) => place((start) => new Float64Array(slab, start, count), from)
  const integers = (from: Int32Array) => place((start) => new Int32Array(slab, start, count), from)
  return {
    ...records,
    offsets: doubles(records.offsets),
    timestamps: doubles(records.timestamps),
    keyStarts: integers(records.keyStarts),
    keyEnds: integers(records.keyEnds),
    valueStarts: integers(records.valueStarts),
    valueEnds: integers(records.valueEnds),
    headerStarts: integers(records.headerStarts),
    headerEnds: integers(records.headerEnds),
    bytes: copied(bytes, Buffer.from(slab, at, bytes.length)),
  }
}

function copied(from: Buffer, to: Buffer): Buffer {
  to.set(from)
  return to
}
