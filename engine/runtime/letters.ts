import { permanentError } from '../errors.ts'
import type { Header } from '../component/headers.ts'
import type { PlainRecord } from '../component/packed-records.ts'

// The parked partition `{group}.{topic}.parked` holds letters and, later, commands about them. A letter keeps key,
// value and headers of its record untouched, and says the rest in one header. A command has the key of the letters
// that it is about, no value, and one header. An edit has the key of its letter, the value that is to stand for the
// letter's, and one header. A halt says that nothing is taken from the partition, or again; it has one header alone.
// The headers are JSON with a version.

const letterHeader = 'millrace.letter'
const commandHeader = 'millrace.command'
const editHeader = 'millrace.edit'
const haltHeader = 'millrace.halt'
const version = 1

/** What a letter says about its record. */
export interface LetterInfo {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970, of the record. */
  readonly timestamp: number
  readonly group: string
  /** The node that failed; for a follower the one that the first letter of its key failed at. */
  readonly node: string
  /** True for a record that did not fail itself, but waits behind one of its key that did. */
  readonly follower: boolean
  readonly kind: string
  readonly code: string
  readonly message: string
  readonly attempts: number
  /** Milliseconds since 1970: the first failure, and when it was parked. */
  readonly firstFailure: number
  readonly parkedAt: number
  /** When it failed for the last time; for a follower not there, as for letters of older versions. */
  readonly lastFailure?: number
  /** The class of what was thrown, such as `TypeError`. */
  readonly exception?: string
  /** Full name of the schema that its value is read as. */
  readonly type?: string
  /** The id of the schema that its value says it was written with. */
  readonly schemaId?: number
  /** What ties it to other records: from a header or field that is usual for that. */
  readonly correlation?: string
}

/** Asks for letters to be processed again, in order, or to be given up. */
export interface LetterCommand {
  readonly act: 'release' | 'discard'
  /** Offsets in the parked partition; undefined = every open letter of the key. */
  readonly letters?: readonly number[]
  /** Why, for the log; required for a discard. */
  readonly reason?: string
  readonly by?: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Puts another value in the place of an open letter's: what is released is then that. */
export interface LetterEdit {
  /** The letter's offset in the parked partition. */
  readonly letter: number
  readonly by: string
  readonly reason?: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Says that a worker takes nothing more from a partition, and why; or that it does again. */
export interface HaltNotice {
  readonly group: string
  /** The partition of the source. */
  readonly topic: string
  readonly partition: number
  /** `parking`: as much is parked as may be. `record`: a record failed, and the topology says `then: halt`. */
  readonly why: 'parking' | 'record'
  /** False where it goes on. */
  readonly halted: boolean
  /** For people: what is in the way, and what to do. */
  readonly sentence: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** Of the record that is in the way. */
  readonly offset?: number
}

export type ParkedEntry =
  | { readonly type: 'letter'; readonly info: LetterInfo; readonly record: PlainRecord }
  | { readonly type: 'command'; readonly command: LetterCommand; readonly key: Uint8Array | null }
  | { readonly type: 'edit'; readonly edit: LetterEdit; readonly value: Uint8Array | null }
  | { readonly type: 'halt'; readonly notice: HaltNotice }

/** The topic in which a group parks the records of a topic. */
export function parkedTopic(group: string, topic: string): string {
  return `${group}.${topic}.parked`
}

/** The topic that gets the first letter of each parked key, from all groups. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`
}

/** A letter for the parked topic: the record, and why it is there. */
export function encodeLetter(info: LetterInfo, record: PlainRecord): PlainRecord {
  return { ...record, headers: [...record.headers, jsonHeader(letterHeader, info)], timestamp: info.parkedAt }
}

/** A command for the parked topic, to the partition that holds the letters. */
export function encodeCommand(command: LetterCommand, key: Uint8Array | null): PlainRecord {
  return { key, value: null, headers: [jsonHeader(commandHeader, command)], timestamp: command.at }
}

/** An edit for the parked topic, to the partition that holds the letter. `value` is encoded as its topic's are. */
export function encodeEdit(edit: LetterEdit, key: Uint8Array | null, value: Uint8Array | null): PlainRecord {
  return { key, value, headers: [jsonHeader(editHeader, edit)], timestamp: edit.at }
}

/** A notice for the parked topic, to the partition that holds the letters of the one that it is about. */
export function encodeHalt(notice: HaltNotice): PlainRecord {
  return { key: null, value: null, headers: [jsonHeader(haltHeader, notice)], timestamp: notice.at }
}

const entryHeaders: readonly string[] = [letterHeader, commandHeader, editHeader, haltHeader]

/** False for a record that somebody else wrote into a parked topic. */
export function isParkedEntry({ headers }: PlainRecord): boolean {
  return headers.some(({ name }) => entryHeaders.includes(name))
}

/** Reads a record of a parked topic. Throws a permanent error for anything that is no letter, command, edit or halt. */
export function decodeParked(record: PlainRecord): ParkedEntry {
  const command = findJson<LetterCommand>(record, commandHeader)
  if (command !== undefined) return { type: 'command', command, key: record.key }
  const edit = findJson<LetterEdit>(record, editHeader)
  if (edit !== undefined) return { type: 'edit', edit, value: record.value }
  const notice = findJson<HaltNotice>(record, haltHeader)
  if (notice !== undefined) return { type: 'halt', notice }
  const info = findJson<LetterInfo>(record, letterHeader)
  if (info === undefined) {
    throw permanentError('RECORD_INVALID', 'A record in a parked topic is neither a letter nor a command.')
  }
  const headers = record.headers.filter((header) => header.name !== letterHeader)
  return { type: 'letter', info, record: { ...record, headers, timestamp: info.timestamp } }
}

function jsonHeader(name: string, content: object): Header {
  return { name, value: Buffer.from(JSON.stringify({ v: version, ...content })) }
}

function findJson<Content>(record: PlainRecord, name: string): Content | undefined {
  const value = record.headers.findLast((header) => header.name === name)?.value
  if (value === undefined || value === null) return undefined
  const content = parse(Buffer.from(value).toString('utf8'))
  if (content?.v === version) return content as Content
  throw permanentError(
    'RECORD_INVALID',
    `A parked record's ${name} header has version ${String(content?.v)}; this Millrace reads version ${version}.`,
  )
}

function parse(text: string): { v?: unknown } | undefined {
  try {
    return JSON.parse(text) as { v?: unknown }
  } catch {
    return undefined
  }
}
