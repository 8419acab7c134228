import { join } from 'node:path'
import type { OutgoingRecord } from '../component/contracts/log.ts'
import { plainRecord } from '../component/packed-records.ts'
import { fatalError, MillraceError } from '../errors.ts'
import { type Embedded, openEmbedded } from './embedded.ts'

/** A record of a spool, and its place in it. */
export interface SpooledRecord {
  readonly place: number
  readonly record: OutgoingRecord
}

/** A queue on disk: what was appended is read in its order, by this process or a later one, until it is passed. */
export interface Spool {
  /** The place that the next record gets. */
  readonly end: number
  /** The first place that was not passed yet; equal to `end` where nothing waits. */
  readonly head: number
  /** Bytes that wait, keys, values and headers all told. */
  readonly bytes: number
  /** Resolves with the place of the first one when all (so many bytes) are on disk, power loss included. Calls keep their order. */
  append(records: readonly OutgoingRecord[], bytes: number): Promise<number>
  /** Waiting records from a place on. */
  read(from: number, limit: number): Promise<readonly SpooledRecord[]>
  /** What lies before `place`, so many bytes, is done with. On disk at once; its room is given back block by block. */
  pass(place: number, bytes: number): Promise<void>
  /** Sets a record aside that will never be taken, with the reason; it stays until somebody looks. */
  setAside(record: OutgoingRecord, reason: string): Promise<void>
  /** How many were set aside, by this process and those before it. */
  asideCount(): Promise<number>
  /** Waits for appends under way. */
  close(): Promise<void>
}

const waiting = { topic: 'waiting', partition: 0 }
const aside = { topic: 'aside', partition: 0 }
const group = 'sender'
const topicHeader = 'millrace.spool.topic'
const reasonHeader = 'millrace.spool.reason'

/**
 * Opens the spool in `folder`, or makes one: an embedded store of its own, for one process at a time.
 *
 * Writes are flushed to the disk before they are answered (`synchronous = FULL`): whoever takes an order for a spool's
 * answer may forget it.
 *
 * @throws STORE_LOCKED (fatal) while another process has it, and as `openEmbedded` does.
 */
export async function openSpool(folder: string): Promise<Spool> {
  const embedded = openLocked(folder)
  try {
    embedded.tablesDb.exec('PRAGMA synchronous = FULL')
    await embedded.log.ensureTopic(waiting.topic, { partitions: 1 })
    await embedded.log.ensureTopic(aside.topic, { partitions: 1 })
    const { first, end } = await embedded.log.bounds(waiting)
    const passed = embedded.groups.committed(group, waiting)?.offset ?? first
    return new EmbeddedSpool(embedded, Math.max(first, passed), end)
  } catch (error) {
    await embedded.close()
    throw error
  }
}

function openLocked(folder: string): Embedded {
  try {
    return openEmbedded(folder, { worker: true })
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'STORE_LOCKED') throw error
    const { pid } = error.facts
    const owner = typeof pid === 'number' ? `process ${pid}` : 'another process'
    throw fatalError(
      'STORE_LOCKED',
      `The spool in ${folder} belongs to ${owner}: give each process a folder of its own, such as ${join(folder, 'NAME')}.`,
      { cause: error, facts: error.facts },
    )
  }
}

/** Bytes of the blocks in which something may wait. */
const waitingBytes = `
  SELECT COALESCE(SUM(b.bytes), 0) FROM millrace_blocks b
  JOIN millrace_partitions p ON p.id = b.partition_id JOIN millrace_topics t ON t.id = p.topic
  WHERE t.name = ? AND b.last >= ?`

/** How many times room is given back at once: a spool that was full for days is emptied little by little. */
const trimsAtOnce = 8

class EmbeddedSpool implements Spool {
  readonly #embedded: Embedded
  #head: number
  #end: number
  #bytes: number

  constructor(embedded: Embedded, head: number, end: number) {
    this.#embedded = embedded
    this.#head = head
    this.#end = end
    const sum = embedded.tablesDb.prepare(waitingBytes)
    sum.setReturnArrays(true)
    this.#bytes = (sum.get(waiting.topic, head) as unknown as [number])[0]
  }

  get head(): number {
    return this.#head
  }

  get end(): number {
    return this.#end
  }

  get bytes(): number {
    return this.#bytes
  }

  async append(records: readonly OutgoingRecord[], bytes: number): Promise<number> {
    if (records.length === 0) return this.#end
    const positions = await this.#embedded.log.append(records.map((record) => inside(waiting, record, [])))
    this.#end = Math.max(this.#end, positions.at(-1)!.offset + 1)
    this.#bytes += bytes
    return positions[0]!.offset
  }

  async read(from: number, limit: number): Promise<readonly SpooledRecord[]> {
    const { records } = await this.#embedded.log.fetch(waiting, Math.max(from, this.#head), limit)
    const found: SpooledRecord[] = []
    for (let row = 0; row < records.count; row++) {
      found.push({ place: records.offsets[row]!, record: outside(plainRecord(records, row)) })
    }
    return found
  }

  async pass(place: number, bytes: number): Promise<void> {
    if (place <= this.#head) return
    this.#embedded.groups.setPositions(group, [{ ...waiting, offset: place }])
    this.#head = place
    this.#bytes = place === this.#end ? 0 : Math.max(0, this.#bytes - bytes)
    const { log } = this.#embedded
    for (let turn = 0, before = -1; turn < trimsAtOnce; turn++) {
      const { first } = await log.bounds(waiting)
      if (first === before || first >= place) break
      before = first
      await log.trim({ ...waiting, offset: place })
    }
  }

  async setAside(record: OutgoingRecord, reason: string): Promise<void> {
    const header = { name: reasonHeader, value: Buffer.from(reason) }
    await this.#embedded.log.append([inside(aside, record, [header])])
  }

  async asideCount(): Promise<number> {
    const { first, end } = await this.#embedded.log.bounds(aside)
    return end - first
  }

  close(): Promise<void> {
    return this.#embedded.close()
  }
}

type Plain = Omit<OutgoingRecord, 'topic' | 'partition'>

/** A record as the spool keeps it: its own topic is its first header. */
function inside(
  place: typeof waiting,
  record: OutgoingRecord,
  more: OutgoingRecord['headers'],
): OutgoingRecord {
  const { key, value, timestamp, headers, topic } = record
  const own = { name: topicHeader, value: Buffer.from(topic) }
  return { ...place, key, value, timestamp, headers: [own, ...more, ...headers] }
}

function outside({ key, value, timestamp, headers: [own, ...headers] }: Plain): OutgoingRecord {
  return { topic: own?.value?.toString() ?? '', key, value, timestamp, headers }
}
