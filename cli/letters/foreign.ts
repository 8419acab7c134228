import { setTimeout as delay } from 'node:timers/promises'
import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import { plainRecord, type PlainRecord } from '../../engine/component/packed-records.ts'
import { sentenceOf } from '../../engine/errors.ts'
import type { Project } from '../project/contract.ts'
import type { ActOptions } from './acts.ts'
import { newActId, writeAct, type ActFacts, type Who } from './audit.ts'
import { keyText } from './parked.ts'
import { placeOf, placeText, type LetterPlace } from './place.ts'
import { LetterRefusal } from './refusal.ts'
import type { ReplayResult } from './replay.ts'

/** Which records of a dead-letter topic are to be written again, and where. */
export interface ForeignRequest {
  /** The dead-letter topic. */
  readonly topic: string
  readonly to: string
  readonly place?: string | undefined
  /** As `keyText` shows it. */
  readonly key?: string | undefined
  /** Written to the dead-letter topic at or after, and before: milliseconds since 1970. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly most?: number | undefined
  readonly after?: string | undefined
}

/** A replay of records that other programs gave up. */
export interface PlannedForeign {
  readonly request: ForeignRequest
  readonly letters: readonly LetterPlace[]
  /** Records that Millrace has written there: their letters are parked, and are replayed from there. */
  readonly own: number
}

const atOnce = 500
const kafkaStreams = '__streams.errors.'

/** Looks what a replay would write. Throws a {@link LetterRefusal}. */
export async function planForeign(project: Project, request: ForeignRequest): Promise<PlannedForeign> {
  const { log } = project
  const { topic, to, most = Number.POSITIVE_INFINITY } = request
  const partitions = await log.partitionsOf(topic)
  if (partitions === undefined) throw new LetterRefusal('unknown', `There is no topic ${topic}`)
  if (/\.(parked|dlq)$/.test(to) || to.startsWith('millrace.'))
    throw new LetterRefusal('invalid', `${to} is no topic that records are processed from`)
  if ((await log.partitionsOf(to)) === undefined)
    throw new LetterRefusal('unknown', `There is no topic ${to}`, 'give --to a topic that exists')
  const { isParkedEntry } = await import('../../engine/runtime/letters.ts')
  const letters: LetterPlace[] = []
  let own = 0
  for (let partition = 0; partition < partitions; partition++) {
    for await (const { place, record } of recordsFrom(project, topic, { partition, offset: 0 })) {
      if (!isMeant(place, record, request)) continue
      if (isParkedEntry(record)) own++
      else if (letters.length < most) letters.push(place)
    }
  }
  if (request.place !== undefined && letters.length + own === 0)
    throw new LetterRefusal('unknown', `There is no record at ${request.place} of ${topic}`)
  return { request, letters, own }
}

function isMeant(
  place: LetterPlace,
  { key, timestamp }: PlainRecord,
  { place: only, key: wanted, since = -Infinity, until = Infinity, after }: ForeignRequest,
): boolean {
  if (only !== undefined && placeText(place) !== placeText(placeOf(only))) return false
  if (wanted !== undefined && keyText(key) !== wanted) return false
  if (timestamp < since || timestamp >= until) return false
  if (after === undefined) return true
  const last = placeOf(after)
  return (
    place.partition > last.partition || (place.partition === last.partition && place.offset > last.offset)
  )
}

interface Placed {
  readonly place: LetterPlace
  readonly record: PlainRecord
}

/** What is in a partition now, from an offset on. */
async function* recordsFrom(
  { log }: Project,
  topic: string,
  { partition, offset }: LetterPlace,
): AsyncGenerator<Placed> {
  const { first, end } = await log.bounds({ topic, partition })
  for (let at = Math.max(first, offset); at < end;) {
    const { records, next } = await log.fetch({ topic, partition }, at, atOnce)
    if (next <= at) return
    for (let row = 0; row < records.count; row++)
      yield { place: { partition, offset: records.offsets[row]! }, record: plainRecord(records, row) }
    at = next
  }
}

/** Writes them, in their order. Stops between two appends. Throws what the log throws. */
export async function carryOutForeign(
  project: Project,
  { request, letters }: PlannedForeign,
  { who, rate, signal, progress }: ActOptions,
): Promise<ReplayResult> {
  const { topic, to, ...selection } = request
  const facts: ActFacts = { act: 'replay', topology: null, topic, to, selection }
  const id = newActId()
  await writeAct(project.log, who, { ...facts, id, phase: 'begun', letters: letters.length })
  let done = 0
  const ended = (phase: 'done' | 'stopped' | 'failed', error?: string) =>
    writeAct(project.log, who, { ...facts, id, phase, letters: done, ...(error && { error }) })
  try {
    const size = rate === undefined ? atOnce : Math.min(atOnce, Math.max(1, Math.floor(rate / 10)))
    for await (const records of copies(project, request, letters, who, size)) {
      if (signal?.aborted === true) break
      await project.log.append(records)
      done += records.length
      progress?.(done)
      if (rate !== undefined && done < letters.length)
        await delay((records.length / rate) * 1000, undefined, { signal }).catch(() => undefined)
    }
  } catch (error) {
    await ended('failed', sentenceOf(error)).catch(() => undefined)
    throw error
  }
  const stopped = done < letters.length
  await ended(stopped ? 'stopped' : 'done')
  const last = stopped && done > 0 ? placeText(letters[done - 1]!) : undefined
  return { id, letters: done, stopped, last }
}

async function* copies(
  project: Project,
  { topic, to }: ForeignRequest,
  letters: readonly LetterPlace[],
  who: Who,
  size: number,
): AsyncGenerator<OutgoingRecord[]> {
  const partitions = (await project.log.partitionsOf(to)) ?? 0
  const wanted = Map.groupBy(letters, ({ partition }) => partition)
  for (const [partition, places] of wanted) {
    const offsets = new Set(places.map(({ offset }) => offset))
    let some: OutgoingRecord[] = []
    for await (const { place, record } of recordsFrom(project, topic, {
      partition,
      offset: places[0]!.offset,
    })) {
      if (!offsets.delete(place.offset)) continue
      some.push(await copyOf(record, { to, partitions, from: `${topic}/${placeText(place)}`, who }))
      if (some.length === size) {
        yield some
        some = []
      }
      if (offsets.size === 0) break
    }
    if (some.length > 0) yield some
  }
}

interface Way {
  readonly to: string
  readonly partitions: number
  readonly from: string
  readonly who: Who
}

/** The record as it was read, by what Kafka Streams says of it (KIP-1034); a plain copy goes by its key. */
async function copyOf(record: PlainRecord, { to, partitions, from, who }: Way): Promise<OutgoingRecord> {
  const { originHeaders } = await import('../../engine/runtime/letter-edits.ts')
  const origin = originHeaders('millrace.replayed.', { by: who.by, at: Date.now(), from })
  const headers = [...record.headers.filter(({ name }) => !name.startsWith(kafkaStreams)), ...origin]
  const partition = textOf(record, 'topic') === to ? Number(textOf(record, 'partition') ?? NaN) : NaN
  const known = Number.isInteger(partition) && partition >= 0 && partition < partitions
  return { ...record, headers, topic: to, ...(known && { partition }) }
}

function textOf({ headers }: PlainRecord, name: string): string | undefined {
  const value = headers.findLast((header) => header.name === kafkaStreams + name)?.value
  return value === undefined || value === null ? undefined : Buffer.from(value).toString()
}
