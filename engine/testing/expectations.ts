import { suggestion } from '../config/suggest.ts'
import { MillraceError, sentenceOf } from '../errors.ts'
import { deadLetterTopic } from '../runtime/letters.ts'
import type { BreakerFacts, HaltFacts } from './case-worker.ts'
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
import { storedEntries } from './stored-state.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/** One thing that is not as expected: a sentence, and lines that show it. */
export interface Finding {
  readonly what: string
  readonly details?: readonly string[]
}

/** What a case came to. */
export interface Reality {
  readonly place: Place
  /** Its name is the consumer group. */
  readonly plan: TopologyPlan
  /** Of each topic. */
  readonly partitions: number
  /** The topics that the sources read. */
  readonly sources: readonly string[]
  /** The topics that the sinks write. */
  readonly sinks: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly breakers: Readonly<Record<string, BreakerFacts>>
  readonly halted: readonly HaltFacts[]
  readonly printed: readonly string[]
  /** What the worker failed with, and whether it is over at all. */
  readonly error: unknown
  readonly over: boolean
}

/** Compares what a step expects with what there is. Answers everything that differs. */
export async function checkExpectation(expect: Expectation, reality: Reality): Promise<Finding[]> {
  const { place } = reality
  const findings: Finding[] = checkStop(expect, reality)
  for (const [topic, records] of Object.entries(expect.topics))
    findings.push(...(await checkTopic(topic, records, expect.repeats, reality)))
  for (const [table, rows] of Object.entries(expect.tables))
    findings.push(...(await checkTable(table, rows, place)))
  for (const [store, entries] of Object.entries(expect.state)) {
    const actual = await storedEntries(reality.plan, store, reality)
    findings.push(...told(`state of ${store}`, 'entry', entries, actual, compareAnyOrder(entries, actual)))
  }
  findings.push(...(await checkLetters(expect, reality)))
  findings.push(...checkTrouble(expect, reality))
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

function checkTrouble(expect: Expectation, { plan, breakers, halted }: Reality): Finding[] {
  const wanted = expect.halted ?? []
  const findings = told(
    'the partitions that halt',
    'partition',
    wanted,
    halted,
    compareInOrder(wanted, halted),
  )
  for (const [node, expected] of Object.entries(expect.breakers)) {
    if (!plan.nodes.has(node)) {
      findings.push({ what: `breakers: there is no node ${node}${suggestion(node, [...plan.nodes.keys()])}` })
      continue
    }
    // Nobody makes one before something fails.
    const actual = breakers[node] ?? { openings: 0, state: 'closed' }
    const fields = differsFrom(expected, actual)
    if (fields !== undefined)
      findings.push({ what: `the breaker of ${node} differs`, details: fields.flatMap(fieldLines) })
  }
  return findings
}

async function checkTopic(
  topic: string,
  expected: Expectation['topics'][string],
  repeats: boolean,
  { place, sources, sinks }: Reality,
): Promise<Finding[]> {
  const held = await place.records(topic)
  if (held === undefined && !sources.map(deadLetterTopic).includes(topic)) {
    const known = [...new Set([...sinks, ...sources])]
    return [{ what: `There is no topic ${topic}${suggestion(topic, known)}` }]
  }
  const actual = await shownRecords(held ?? [], place)
  const pairs = compareInOrder(expected, actual)
  const wrong = repeats ? pairs.filter((one) => !isRepeat(one, actual)) : pairs
  return told(`topic ${topic}`, 'record', expected, actual, wrong)
}

async function checkTable(
  table: string,
  expected: Expectation['tables'][string],
  place: Place,
): Promise<Finding[]> {
  try {
    const actual = (await place.rows(table)).map(plain)
    return told(`table ${table}`, 'row', expected, actual, compareAnyOrder(expected, actual))
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'TABLE_UNKNOWN') return [{ what: error.message }]
    throw error
  }
}

async function checkLetters(expect: Expectation, { place, plan, sources }: Reality): Promise<Finding[]> {
  const findings: Finding[] = []
  const letters: unknown[] = []
  for (const topic of sources) {
    for (const { key, info } of await place.letters(plan.name, topic)) {
      const { node, code, message, follower, offset } = info
      letters.push({ key: keyText(key), topic: info.topic, offset, node, code, follower, message })
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
    dead.push(...(await shownRecords((await place.records(deadLetterTopic(topic))) ?? [], place)))
  const pairs = compareInOrder(expect.deadLetters, dead)
  return [...findings, ...told('the dead-letter topic', 'record', expect.deadLetters, dead, pairs)]
}

async function shownRecords(records: readonly HeldRecord[], place: Place): Promise<unknown[]> {
  const shown: unknown[] = []
  for (const { key, value, headers, partition, timestamp } of records) {
    const texts = headers.map(({ name, value: bytes }) => [
      name,
      bytes === null ? null : Buffer.from(bytes).toString(),
    ])
    shown.push({
      key: keyText(key),
      value: value === null ? null : plain(await place.decode(value)),
      headers: Object.fromEntries(texts) as unknown,
      partition,
      timestamp,
    })
  }
  return shown
}

function keyText(key: Uint8Array | null): string | null {
  return key === null ? null : Buffer.from(key).toString()
}

/** Whether what is not expected is a record that was there before: it may only have got another timestamp. */
function isRepeat(pairing: Pairing, records: readonly unknown[]): boolean {
  if (pairing.type !== 'unexpected') return false
  const known = (record: unknown): string => JSON.stringify({ ...(record as object), timestamp: 0 })
  const again = known(records[pairing.at])
  return records.slice(0, pairing.at).some((record) => known(record) === again)
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
          what: `${where}: ${/^[aeiou]/.test(item) ? 'an' : 'a'} ${item} that is not expected`,
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
