/** A growing buffer to write into; reused between rows, since allocating per row would cost more than encoding. */
export class ByteSink {
  buffer: Buffer
  length = 0

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafe(capacity)
  }

  /** Makes room for `count` more bytes. Fetch `buffer` again after it. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }

  /** Appends one byte. */
  u8(value: number): void {
    this.reserve(1)
    this.buffer[this.length++] = value
  }

  /** Appends two bytes, big-endian. */
  u16(value: number): void {
    this.reserve(2)
    this.buffer[this.length++] = value >>> 8
    this.buffer[this.length++] = value
  }

  /** Appends the low four bytes of an integer, big-endian; signed and unsigned alike. */
  u32(value: number): void {
    this.reserve(4)
    this.length = putU32(this.buffer, this.length, value)
  }

  /** Appends a safe integer as eight bytes, big-endian, two's complement. */
  i64(value: number): void {
    this.reserve(8)
    const high = Math.floor(value / 4_294_967_296)
    const at = putU32(this.buffer, this.length, high)
    this.length = putU32(this.buffer, at, value - high * 4_294_967_296)
  }

  /** Appends an unsigned integer below 2^32 in one to five bytes, low bits first. */
  varint(value: number): void {
    this.reserve(5)
    let rest = value
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.length++] = rest
  }

  /** Appends bytes. */
  bytes(value: Uint8Array): void {
    this.reserve(value.length)
    this.buffer.set(value, this.length)
    this.length += value.length
  }

  /** Appends text as UTF-8. */
  utf8(value: string): void {
    this.reserve(value.length * 3)
    const { buffer } = this
    let at = this.length
    // Short ASCII is faster byte by byte than by a call out of JavaScript.
    if (value.length <= 40) {
      let index = 0
      for (; index < value.length; index++) {
        const code = value.charCodeAt(index)
        if (code > 0x7f) break
        buffer[at++] = code
      }
      if (index === value.length) {
        this.length = at
        return
      }
    }
    this.length += buffer.write(value, this.length)
  }

  /** Inverts every bit from `start` on: what turns an ascending key part into a descending one. */
  invertFrom(start: number): void {
    const { buffer, length } = this
    for (let at = start; at < length; at++) buffer[at] = (buffer[at] ?? 0) ^ 0xff
  }

  /** A copy of what was written since `start`. */
  copy(start = 0): Buffer {
    return Buffer.from(this.buffer.subarray(start, this.length))
  }
}

/** A signed 64-bit big-endian integer as a number; exact within ±2^53. */
export function readI64(buffer: Uint8Array, at: number): number {
  return (readU32(buffer, at) | 0) * 4_294_967_296 + readU32(buffer, at + 4)
}

/** An unsigned 32-bit big-endian integer. */
export function readU32(buffer: Uint8Array, at: number): number {
  const b = buffer
  return (((b[at] ?? 0) << 24) | ((b[at + 1] ?? 0) << 16) | ((b[at + 2] ?? 0) << 8) | (b[at + 3] ?? 0)) >>> 0
}

function putU32(buffer: Buffer, at: number, value: number): number {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
  return at + 4
}
