// Records with everything in them that clients get wrong, from a seed.

import { createHash } from 'node:crypto'
import type { AddressedRecord } from '../../../native/plain-batches.ts'
import { Random } from '../../support/harness-records.ts'
import type { SeenRecord, SentRecord } from '../../support/servers/interop-records.ts'

type Headers = (readonly [string, Buffer | null])[]

const names = ['plain', 'Größe', '件名', '🙂', 'with space', 'a=b,c', 'x'.repeat(300)]

export function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)))
}

/** null, empty, text beyond ASCII, or any bytes. */
function part(random: Random): Buffer | null {
  const choice = random.below(5)
  if (choice === 0) return null
  if (choice === 1) return Buffer.alloc(0)
  if (choice === 2) return Buffer.from('Straße 東京 🚃')
  return bytes(random, 1 + random.below(200))
}

function headers(random: Random): Headers {
  const count = random.chance(0.3) ? 0 : 1 + random.below(4)
  return Array.from({ length: count }, () => [random.pick(names), part(random)])
}

/** One of each kind that is easily lost among random ones. */
function special(random: Random): SentRecord[] {
  const key = Buffer.from('special')
  const many: Headers = Array.from({ length: 300 }, (_, index) => [
    `header-${index % 7}`,
    bytes(random, index % 5),
  ])
  return [
    { key: null, value: null },
    { key: Buffer.alloc(0), value: Buffer.alloc(0) },
    { key, value: null, headers: [['tombstone', Buffer.from('yes')]] },
    { key, value: Buffer.from([0, 255, 0, 254, 128]), headers: [['', Buffer.from('no name')]] },
    {
      key,
      value: Buffer.alloc(0),
      headers: [
        ['twice', Buffer.from('1')],
        ['other', null],
        ['twice', Buffer.alloc(0)],
        ['twice', Buffer.from('1')],
        ['binary', Buffer.from([0, 1, 0, 0xff, 0xfe, 0xc3, 0x28, 0])],
      ],
    },
    { key, value: Buffer.from('many'), headers: many },
    { key: bytes(random, 10_000), value: bytes(random, 900 * 1024) },
    { key, value: Buffer.from('compressible '.repeat(40_000)) },
    { key, value: Buffer.from('1970'), timestamp: 1 },
    { key, value: Buffer.from('2001'), timestamp: 1_000_000_000_000 },
    { key, value: Buffer.from('2100'), timestamp: 4_102_444_800_123 },
  ]
}

/** About 60 records for one partition. The time 0 is left out: only Java can write it. */
export function awkwardRecords(seed: number, partition: number): SentRecord[] {
  const random = new Random(seed)
  const any = Array.from({ length: 50 }, (): SentRecord => {
    const timestamp = random.chance(0.3) ? { timestamp: 1 + random.below(2 ** 31) * 1000 } : {}
    return { key: part(random), value: part(random), headers: headers(random), ...timestamp }
  })
  return [...special(random), ...any].map((record) => ({ ...record, partition }))
}

/** The same for our own writer. */
export function addressed(
  topic: string,
  { key, value, headers = [], timestamp, partition }: SentRecord,
): AddressedRecord {
  return {
    topic,
    key,
    value,
    headers: headers.map(([name, content]) => ({ name, value: content })),
    ...(timestamp !== undefined && { timestamp }),
    ...(partition !== undefined && { partition }),
  }
}

function short(part: Buffer | null): string {
  if (part === null) return 'null'
  if (part.length <= 64) return `0x${part.toString('hex')}`
  return `${part.length} bytes ${createHash('sha256').update(part).digest('hex')}`
}

/** All that a record is but its place, as a line: for comparisons whose failures can be read. */
export function line({ key, value, headers = [], timestamp }: SentRecord | SeenRecord): string {
  const named = headers.map(([name, content]) => `${JSON.stringify(name)}:${short(content)}`)
  return `${timestamp ?? 'now'} ${short(key)} = ${short(value)} {${named.join(', ')}}`
}

/** What was sent without a time has that of its sending, which is not known beforehand. */
function lineWithout({ key, value, headers }: SeenRecord): string {
  return line({ key, value, headers })
}

/** Lines by partition. */
export function linesByPartition(seen: readonly SeenRecord[], sent: readonly SentRecord[][]): string[][] {
  const lines: string[][] = sent.map(() => [])
  for (const record of seen) {
    const own = lines[record.partition]!
    const isTimed = sent[record.partition]![own.length]?.timestamp !== undefined
    own.push(isTimed ? line(record) : lineWithout(record))
  }
  return lines
}
