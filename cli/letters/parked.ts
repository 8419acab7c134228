import { isUtf8 } from 'node:buffer'
import type { Log } from '../../engine/component/contracts/log.ts'
import { keyOf, plainRecord, type PackedRecords } from '../../engine/component/packed-records.ts'
import type { PlainRecord } from '../../engine/component/packed-records.ts'
import type { LetterCommand, LetterEdit, LetterInfo, ParkedEntry } from '../../engine/runtime/letters.ts'
import type { Project } from '../project/contract.ts'
import type { LetterPlace } from './place.ts'
import { schemaIdOf } from '../terminal/stored-value.ts'

const pageRecords = 500

/** Which parked topics are meant. */
interface TopicFilter {
  readonly topology?: string | undefined
  /** The source's topic. */
  readonly topic?: string | undefined
}

/** Where letters of one group and topic lie. */
export interface ParkedTopic {
  /** `{group}.{topic}.parked` */
  readonly name: string
  readonly group: string
  readonly topic: string
  readonly partitions: number
}

/** A letter that is neither processed nor discarded. */
export interface OpenLetter {
  readonly parked: ParkedTopic
  readonly partition: number
  /** In the parked partition. */
  readonly offset: number
  /** A copy; null for a record without key. */
  readonly key: Buffer | null
  readonly info: LetterInfo
  /** The id of the schema that its value names; undefined where it is of no such form. */
  readonly schemaId: number | undefined
  /** A command about it that the worker has not carried out yet. */
  asked: LetterCommand['act'] | undefined
  /** What stands for its value when it is released, and where in the parked partition that is. */
  edit: (LetterEdit & { readonly offset: number }) | undefined
}

/** The open letters of one key, in their order; a letter without key stands alone. */
export interface ParkedKey {
  readonly parked: ParkedTopic
  readonly partition: number
  readonly key: Buffer | null
  readonly letters: OpenLetter[]
}

/** The parked topics of a store. */
export async function parkedTopics(
  { log }: Pick<Project, 'log'>,
  filter: TopicFilter,
): Promise<ParkedTopic[]> {
  const found: ParkedTopic[] = []
  for (const name of await log.topicNames()) {
    if (!name.endsWith('.parked')) continue
    const partitions = (await log.partitionsOf(name)) ?? 0
    // The name alone does not say where the group ends and the topic begins: both may have dots.
    const whose = await ownerOf(log, name, partitions)
    if (whose === undefined) continue
    const { group, topic } = whose
    if (filter.topology !== undefined && filter.topology !== group) continue
    if (filter.topic !== undefined && filter.topic !== topic) continue
    found.push({ name, group, topic, partitions })
  }
  return found
}

/** Whose letters a topic holds, by the first entry that says so. */
async function ownerOf(
  log: Project['log'],
  topic: string,
  partitions: number,
): Promise<Pick<LetterInfo, 'group' | 'topic'> | undefined> {
  for (let partition = 0; partition < partitions; partition++) {
    for await (const { entry } of entriesOf(log, topic, partition, 0)) {
      if (entry.type === 'letter') return entry.info
      if (entry.type === 'halt') return entry.notice
    }
  }
  return undefined
}

interface StoredEntry {
  readonly offset: number
  readonly key: Buffer | null
  readonly entry: ParkedEntry
}

/** What is in a parked partition from an offset on; what somebody else wrote there is passed over. */
export async function* entriesOf(
  log: Log,
  topic: string,
  partition: number,
  from: number,
): AsyncGenerator<StoredEntry> {
  const { decodeParked, isParkedEntry } = await import('../../engine/runtime/letters.ts')
  const { first, end } = await log.bounds({ topic, partition })
  for (let next = Math.max(first, from); next < end;) {
    const { records, next: after } = await log.fetch({ topic, partition }, next, pageRecords)
    if (after <= next) return
    for (let row = 0; row < records.count; row++) {
      const record = plainRecord(records, row)
      // What somebody else wrote there is no letter: the worker passes over it too.
      if (!isParkedEntry(record)) continue
      yield { offset: records.offsets[row]!, key: keyCopy(records, row), entry: decodeParked(record) }
    }
    next = after
  }
}

function keyCopy(records: PackedRecords, row: number): Buffer | null {
  const key = keyOf(records, row)
  return key === null ? null : Buffer.from(key)
}

/** The open letters of a parked topic by key, in the order of the first letter of each. */
export async function openKeys({ log }: { readonly log: Log }, parked: ParkedTopic): Promise<ParkedKey[]> {
  const { decodeMetadata } = await import('../../engine/runtime/commit-metadata.ts')
  const keys: ParkedKey[] = []
  for (let partition = 0; partition < parked.partitions; partition++) {
    const committed = await log.committed(parked.group, { topic: parked.name, partition })
    const from = committed?.offset ?? 0
    const settled = decodeMetadata(from, committed?.metadata ?? '')
    const open = new OpenPartition(parked, partition)
    for await (const stored of entriesOf(log, parked.name, partition, from)) {
      if (!settled.has(stored.offset)) open.take(stored)
    }
    keys.push(...open.keys)
  }
  return keys
}

/** The letters and commands of one parked partition that are not settled. */
class OpenPartition {
  readonly keys: ParkedKey[] = []
  readonly #parked: ParkedTopic
  readonly #partition: number
  readonly #byKey = new Map<string, ParkedKey>()
  readonly #byOffset = new Map<number, OpenLetter>()

  constructor(parked: ParkedTopic, partition: number) {
    this.#parked = parked
    this.#partition = partition
  }

  take({ offset, key, entry }: StoredEntry): void {
    if (entry.type === 'halt') return
    if (entry.type === 'command') return this.#apply(entry.command, key)
    if (entry.type === 'edit') {
      const edited = this.#byOffset.get(entry.edit.letter)
      if (edited !== undefined) edited.edit = { ...entry.edit, offset }
      return
    }
    const where = { parked: this.#parked, partition: this.#partition, key }
    const schemaId = schemaIdOf(entry.record.value)
    const letter: OpenLetter = {
      ...where,
      offset,
      info: entry.info,
      schemaId,
      asked: undefined,
      edit: undefined,
    }
    this.#byOffset.set(offset, letter)
    const known = key === null ? undefined : this.#byKey.get(key.toString('latin1'))
    if (known !== undefined) {
      known.letters.push(letter)
      return
    }
    const added: ParkedKey = { ...where, letters: [letter] }
    this.keys.push(added)
    if (key !== null) this.#byKey.set(key.toString('latin1'), added)
  }

  #apply({ act, letters }: LetterCommand, key: Buffer | null): void {
    const meant =
      letters === undefined
        ? this.#byKey.get(key?.toString('latin1') ?? '')?.letters
        : letters.map((offset) => this.#byOffset.get(offset))
    for (const letter of meant ?? []) if (letter !== undefined) letter.asked = act
  }
}

/** A letter, decoded. */
export interface Letter {
  readonly info: LetterInfo
  readonly record: PlainRecord
}

/** One letter, open or not; undefined where there is none at that place. */
export async function letterAt(
  { log }: Project,
  parked: ParkedTopic,
  partition: number,
  offset: number,
): Promise<Letter | undefined> {
  if (partition >= parked.partitions) return undefined
  const { first, end } = await log.bounds({ topic: parked.name, partition })
  if (offset < first || offset >= end) return undefined
  const { decodeParked } = await import('../../engine/runtime/letters.ts')
  const { records } = await log.fetch({ topic: parked.name, partition }, offset, 1)
  if (records.count === 0 || records.offsets[0] !== offset) return undefined
  const entry = decodeParked(plainRecord(records, 0))
  return entry.type === 'letter' ? entry : undefined
}

/** The letters at places of a parked topic; the places are in the order of partitions and offsets. */
export async function* letterRecords(
  { log }: Pick<Project, 'log'>,
  parked: ParkedTopic,
  places: readonly LetterPlace[],
): AsyncGenerator<{ readonly place: LetterPlace; readonly letter: Letter }> {
  for (let n = 0, before = -1; n < places.length;) {
    // There is nothing at that place any more.
    if (n === before) n++
    before = n
    if (n === places.length) return
    const { partition, offset } = places[n]!
    for await (const stored of entriesOf(log, parked.name, partition, offset)) {
      const place = places[n]
      if (place?.partition !== partition) break
      if (stored.offset < place.offset) continue
      n++
      if (stored.offset === place.offset && stored.entry.type === 'letter')
        yield { place, letter: stored.entry }
      else break
      // Letters that are far apart are not read through.
      const next = places[n]
      if (next?.partition !== partition || next.offset > stored.offset + pageRecords) break
    }
  }
}

/** A key for people, and for `--key`: as text where it is text, otherwise 0x and hexadecimal digits. */
export function keyText(key: Uint8Array | null): string | null {
  if (key === null) return null
  const bytes = Buffer.from(key)
  const text = isUtf8(bytes) ? bytes.toString('utf8') : ''
  return text !== '' && !/\p{Cc}/u.test(text) ? text : `0x${bytes.toString('hex')}`
}
