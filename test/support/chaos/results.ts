import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Played } from './play.ts'
import type { RunPlan } from './run.ts'
import { faultKinds } from './schedule.ts'

/** One line of the results: what became of one seed. */
export interface ResultLine {
  readonly seed: number
  /** When it ended, ISO 8601. */
  readonly date: string
  readonly seconds: number
  readonly brokers: number
  readonly workers: number
  readonly topologies: readonly string[]
  readonly mutant?: string
  /** How often each kind was done. */
  readonly faults: Readonly<Record<string, number>>
  /** How long until all was done that was there when the fault ended, by kind: milliseconds. */
  readonly recoveries: Readonly<Record<string, readonly number[]>>
  readonly attempts: { readonly ok: number; readonly fail: number; readonly unknown: number }
  readonly records: number
  readonly doubled: number
  readonly effects: number
  readonly letters: number
  readonly repeats: number
  readonly mostOfOne: number
  /** Workers that ended by themselves, and were started again. */
  readonly alone: number
  /** How many of each kind were found. */
  readonly anomalies: Readonly<Record<string, number>>
}

/** What a run that was judged is in the results. */
export function resultOf(plan: RunPlan, brokers: number, seconds: number, played: Played): ResultLine {
  const { verdict, faults, recoveries, alone } = played
  const { anomalies, ...numbers } = verdict
  return {
    seed: plan.seed,
    date: new Date().toISOString(),
    seconds: Math.round(seconds),
    brokers,
    workers: plan.workers,
    topologies: plan.topologies,
    ...(plan.mutant !== undefined && { mutant: plan.mutant }),
    faults: countBy(faults.map(({ kind }) => kind)),
    recoveries: Object.fromEntries(
      [...new Set(recoveries.map(({ kind }) => kind))].map((kind) => [
        kind,
        recoveries.filter((one) => one.kind === kind).map(({ ms }) => ms),
      ]),
    ),
    ...numbers,
    alone: alone.length,
    anomalies: countBy(anomalies.map(({ kind }) => kind)),
  }
}

function countBy(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

export function appendResult(file: string, line: ResultLine): void {
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify(line)}\n`)
}

export function readResults(file: string): ResultLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as ResultLine)
}

const begin = '<!-- results: make chaos-long ARGS=--render -->'
const end = '<!-- end of the results -->'

/** Puts the tables into a document, between the marks. */
export function renderInto(file: string, lines: readonly ResultLine[]): void {
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error(`${file} has no place for the results: it needs "${begin}" and "${end}".`)
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${tablesOf(lines)}\n${text.slice(to)}`)
}

/** Markdown: what was done how often and how soon all went on after it, what became of each seed, and the mutants. */
export function tablesOf(lines: readonly ResultLine[]): string {
  const honest = lines.filter(({ mutant }) => mutant === undefined)
  const mutants = lines.filter(({ mutant }) => mutant !== undefined)
  const minutes = honest.reduce((sum, { seconds }) => sum + seconds, 0) / 60
  const wrong = honest.filter((line) => foundIn(line) > 0).length
  return [
    `${honest.length} seeds, ${minutes.toFixed(0)} minutes in all; ${wrong} of them with something wrong.`,
    '',
    faultTable(honest),
    '',
    seedTable(honest),
    ...(mutants.length === 0 ? [] : ['', mutantTable(mutants)]),
    '',
  ].join('\n')
}

const foundIn = ({ anomalies }: ResultLine): number =>
  Object.values(anomalies).reduce((sum, count) => sum + count, 0)

function faultTable(lines: readonly ResultLine[]): string {
  const rows = faultKinds.flatMap((kind) => {
    const within = lines.filter(({ faults }) => (faults[kind] ?? 0) > 0)
    if (within.length === 0) return []
    const times = within.reduce((sum, { faults }) => sum + faults[kind]!, 0)
    const took = within.flatMap(({ recoveries }) => recoveries[kind] ?? []).sort((a, b) => a - b)
    const bad = within.filter((line) => foundIn(line) > 0).map(({ seed }) => seed)
    return [
      [
        kind,
        times,
        within.length,
        secondsOf(took[took.length >> 1]),
        secondsOf(took.at(-1)),
        bad.join(', ') || 'none',
      ],
    ]
  })
  const head = [
    'fault',
    'times',
    'seeds',
    'recovery, median',
    'recovery, longest',
    'seeds with something wrong',
  ]
  return markdownTable(head, rows)
}

function seedTable(lines: readonly ResultLine[]): string {
  const rows = lines.map((line) => [
    line.seed,
    (line.seconds / 60).toFixed(1),
    `${line.brokers} / ${line.workers}`,
    Object.values(line.faults).reduce((sum, count) => sum + count, 0),
    `${line.attempts.ok} / ${line.attempts.fail} / ${line.attempts.unknown}`,
    line.doubled,
    line.effects,
    line.letters,
    `${line.repeats} (${line.mostOfOne})`,
    foundIn(line) === 0 ? 'nothing wrong' : shown(line.anomalies),
  ])
  const head = [
    'seed',
    'minutes',
    'brokers / workers',
    'faults',
    'attempts ok / fail / unknown',
    'doubled writes',
    'effects',
    'letters',
    'repeats (most of one)',
    'outcome',
  ]
  return markdownTable(head, rows)
}

function mutantTable(lines: readonly ResultLine[]): string {
  const rows = lines.map((line) => [
    line.mutant!,
    line.seed,
    foundIn(line) === 0 ? '**not noticed**' : shown(line.anomalies),
  ])
  return markdownTable(['mutant', 'seed', 'what the checker found'], rows)
}

const shown = (anomalies: Readonly<Record<string, number>>): string =>
  Object.entries(anomalies)
    .map(([kind, count]) => `${kind}: ${count}`)
    .join(', ')

const secondsOf = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`)

/** As prettier sets it: columns are as wide as their widest cell. */
function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, n) => Math.max(3, ...cells.map((row) => row[n]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n')
}
