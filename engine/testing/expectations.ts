import { MillraceError, sentenceOf } from '../errors.ts'
import { deadLetterTopic } from '../runtime/letters.ts'
import type { Expectation } from './case-schema.ts'
import {
  compareAnyOrder,
  compareInOrder,
  differsFrom,
  plain,
  type FieldDifference,
  type Pairing,
} from './compare.ts'
import type { HeldRecord, Place } from './place.ts'

/** One thing that is not as expected: a sentence, and lines that show it. */
export interface Finding {
  readonly what: string
  readonly details?: readonly string[]
}

/** What a case came to. */
export interface Reality {
  readonly place: Place
  /** The consumer group. */
  readonly group: string
  /** The topics of the sources. */
  readonly sources: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly printed: readonly string[]
  /** What the worker failed with, and whether it is over at all. */
  readonly error: unknown
  readonly over: boolean
}

/** Compares what a step expects with what there is. Answers everything that differs. */
export async function checkExpectation(expect: Expectation, reality: Reality): Promise<Finding[]> {
  const { place } = reality
  const findings: Finding[] = checkStop(expect, reality)
  for (const [topic, records] of Object.entries(expect.topics)) {
    const actual = await shownRecords(await place.records(topic), place)
    const kept = expect.repeats ? withoutRepeats(actual) : actual
    findings.push(...told(`topic ${topic}`, 'record', records, kept, compareInOrder(records, kept)))
  }
  for (const [table, rows] of Object.entries(expect.tables)) {
    const actual = (await place.rows(table)).map(plain)
    findings.push(...told(`table ${table}`, 'row', rows, actual, compareAnyOrder(rows, actual)))
  }
  findings.push(...(await checkLetters(expect, reality)))
  if (expect.printed !== undefined) {
    const pairs = compareInOrder(expect.printed, reality.printed)
    findings.push(...told('the console', 'line', expect.printed, reality.printed, pairs))
  }
  for (const { path, expected, actual } of differsFrom(expect.counts, reality.counts) ?? [])
    findings.push({
      what: `counts: ${path}`,
      details: [`expected ${text(expected)}`, `actual   ${text(actual)}`],
    })
  return findings
}

function checkStop({ stops }: Expectation, { error, over }: Reality): Finding[] {
  const code = error instanceof MillraceError ? error.code : undefined
  if (error !== undefined && (stops === undefined || code !== stops)) {
    const wanted = stops === undefined ? '' : ` instead of ${stops}`
    return [{ what: `The worker stopped with ${code ?? 'an internal error'}${wanted}: ${sentenceOf(error)}` }]
  }
  if (stops !== undefined && !over) return [{ what: `The worker did not stop with ${stops}.` }]
  return []
}

async function checkLetters(expect: Expectation, { place, group, sources }: Reality): Promise<Finding[]> {
  const findings: Finding[] = []
  const letters: unknown[] = []
  for (const topic of sources) {
    for (const { key, info } of await place.letters(group, topic)) {
      const { node, code, message, follower, offset } = info
      letters.push({ key: keyText(key), source: info.topic, offset, node, code, follower, message })
    }
  }
  const wanted = (expect.parked ?? []).map(({ message, ...rest }, n) => {
    const found = (letters[n] as { readonly message?: string } | undefined)?.message
    // A part of the sentence is enough.
    if (message === undefined) return rest
    return { ...rest, message: found?.includes(message) === true ? found : message }
  })
  findings.push(...told('the parked records', 'letter', wanted, letters, compareInOrder(wanted, letters)))
  if (expect.deadLetters === undefined) return findings
  const dead: unknown[] = []
  for (const topic of sources)
    dead.push(...(await shownRecords(await place.records(deadLetterTopic(topic)), place)))
  const pairs = compareInOrder(expect.deadLetters, dead)
  return [...findings, ...told('the dead-letter topic', 'record', expect.deadLetters, dead, pairs)]
}

async function shownRecords(records: readonly HeldRecord[], place: Place): Promise<unknown[]> {
  const shown: unknown[] = []
  for (const { key, value, headers, partition } of records) {
    const texts = headers.map(({ name, value: bytes }) => [
      name,
      bytes === null ? null : Buffer.from(bytes).toString(),
    ])
    shown.push({
      key: keyText(key),
      value: value === null ? null : plain(await place.decode(value)),
      headers: Object.fromEntries(texts) as unknown,
      partition,
    })
  }
  return shown
}

function keyText(key: Uint8Array | null): string | null {
  return key === null ? null : Buffer.from(key).toString()
}

/** Each record once, where it first was. */
function withoutRepeats(records: readonly unknown[]): unknown[] {
  const seen = new Set<string>()
  return records.filter((record) => {
    const known = JSON.stringify(record)
    if (seen.has(known)) return false
    seen.add(known)
    return true
  })
}

/** What is wrong with a list, one finding for each item. */
function told(
  where: string,
  item: string,
  expected: readonly unknown[],
  actual: readonly unknown[],
  pairs: readonly Pairing[],
): Finding[] {
  return pairs.map((one) => {
    switch (one.type) {
      case 'missing':
        return {
          what: `${where}: ${item} ${one.n + 1} is missing`,
          details: [`expected ${text(expected[one.n])}`],
        }
      case 'unexpected':
        return {
          what: `${where}: a ${item} that is not expected`,
          details: [`actual   ${text(actual[one.at])}`],
        }
      case 'different':
        return { what: `${where}: ${item} ${one.n + 1} differs`, details: one.fields.flatMap(fieldLines) }
    }
  })
}

function fieldLines({ path, expected, actual }: FieldDifference): string[] {
  const name = path === '' ? '' : `${path}: `
  return [`${name}expected ${text(expected)}`, `${' '.repeat(name.length)}actual   ${text(actual)}`]
}

const longest = 400

function text(value: unknown): string {
  const json = JSON.stringify(plain(value)) ?? 'nothing'
  return json.length > longest ? `${json.slice(0, longest)}…` : json
}
