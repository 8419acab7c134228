import { crc32 } from 'node:zlib'
import { permanentError } from '../errors.ts'
import { Intervals } from './intervals.ts'

// The settled ranges beyond the committed offset, as text for a broker's commit metadata. Layout before base64url:
// version, encoding, payload, CRC-32 of all before. Encodings: run lengths (LEB128: gap, length, gap, length …), or a
// bit for each offset. The smaller one is used. After Confluent Parallel Consumer's idea of an offset map.

/** Brokers take 4096 bytes of metadata by default. */
export const metadataLimit = 4096

/** At this size a partition takes no new work until its frontier has moved, rather than lose the map. */
export const metadataHighMark = metadataLimit * 0.75

const version = 1
const runs = 1
const bits = 2

/**
 * The ranges as metadata that a broker takes: the highest ones are left out where there are too many, and their
 * records will be processed again after a restart. `metadataHighMark` is there to keep that from happening.
 */
export function fitMetadata(frontier: number, ranges: Intervals): string {
  for (let keep = ranges.size; keep > 0; keep = Math.floor(keep * 0.9)) {
    const metadata = encodeMetadata(frontier, keep === ranges.size ? ranges : ranges.first(keep))
    if (metadata.length <= metadataLimit) return metadata
  }
  return ''
}

/** The ranges beyond `frontier` as metadata; '' where there are none. May exceed `metadataLimit`. */
export function encodeMetadata(frontier: number, ranges: Intervals): string {
  if (ranges.size === 0) return ''
  const byRuns = encodeRuns(frontier, ranges)
  const span = ranges.end(ranges.size - 1) - frontier
  const smaller = span / 8 < byRuns.length ? encodeBits(frontier, ranges, span) : byRuns
  const head = Buffer.from([version, smaller === byRuns ? runs : bits])
  const body = Buffer.concat([head, smaller])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([body, check]).toString('base64url')
}

/** The ranges beyond `frontier`. Throws METADATA_FOREIGN for what another program, or a newer Millrace, wrote. */
export function decodeMetadata(frontier: number, metadata: string): Intervals {
  if (metadata === '') return new Intervals()
  const bytes = Buffer.from(metadata, 'base64url')
  const body = bytes.subarray(0, -4)
  if (bytes.length < 6 || bytes.readUInt32BE(bytes.length - 4) !== crc32(body)) {
    throw foreign('its checksum does not fit')
  }
  if (body[0] !== version)
    throw foreign(`it has version ${body[0]}, and this Millrace reads version ${version}`)
  if (body[1] === runs) return decodeRuns(frontier, body.subarray(2))
  if (body[1] === bits) return decodeBits(frontier, body.subarray(2))
  throw foreign(`it has the unknown encoding ${body[1]}`)
}

function encodeRuns(frontier: number, ranges: Intervals): Buffer {
  const out: number[] = []
  let at = frontier
  for (let n = 0; n < ranges.size; n++) {
    pushUnsigned(out, ranges.start(n) - at)
    pushUnsigned(out, ranges.end(n) - ranges.start(n))
    at = ranges.end(n)
  }
  return Buffer.from(out)
}

function decodeRuns(frontier: number, body: Buffer): Intervals {
  const ranges = new Intervals()
  let offset = frontier
  let at = 0
  const next = (): number => {
    let value = 0
    for (let scale = 1; at < body.length; scale *= 128) {
      const byte = body[at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw foreign('it ends in the middle of a number')
  }
  while (at < body.length) {
    const start = offset + next()
    offset = start + next()
    ranges.add(start, offset)
  }
  return ranges
}

function encodeBits(frontier: number, ranges: Intervals, span: number): Buffer {
  const out = Buffer.alloc(Math.ceil(span / 8))
  for (let n = 0; n < ranges.size; n++) {
    for (let bit = ranges.start(n) - frontier; bit < ranges.end(n) - frontier; bit++)
      out[bit >> 3]! |= 1 << (bit & 7)
  }
  return out
}

function decodeBits(frontier: number, body: Buffer): Intervals {
  const ranges = new Intervals()
  for (let bit = 0; bit < body.length * 8; bit++) {
    if ((body[bit >> 3]! >> (bit & 7)) & 1) ranges.add(frontier + bit, frontier + bit + 1)
  }
  return ranges
}

function pushUnsigned(out: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
  out.push(rest)
}

function foreign(why: string): Error {
  return permanentError('METADATA_FOREIGN', `The commit metadata cannot be read: ${why}.`)
}
