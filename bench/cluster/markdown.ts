import { limits } from '../clients/noise.ts'
import { isSkipped, type Gate, type MeasuredRow, type Median, type Results } from './rows.ts'
import type { Scenario } from './scenario.ts'

/** engine.md: a table for each scenario, and how it was measured. */
export function markdown(results: Results, scenarios: readonly Scenario[]): string {
  const { machine, measured, small } = results
  const parts = [
    '# Engines side by side',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}; ${measured.slice(0, 10)}. ` +
      'Run again with `make bench-engine`.',
    ...(small ? ['**These runs were too short to be believed: they only show that everything runs.**'] : []),
    '![CPU per million records and records per second of each engine](engine.svg)',
    ...gatePart(results.gates),
    ...scenarios.flatMap((scenario) => scenarioPart(scenario, results)),
    howPart(results),
  ]
  return `${parts.join('\n\n')}\n`
}

function gatePart(gates: readonly Gate[]): string[] {
  if (gates.length === 0) return []
  const head = ['| scenario | what | reached | goal | aim | |', '|---|---|---|---|---|---|']
  const lines = gates.map(({ scenario, what, value, atLeast, atMost, aim, reached, believed }) => {
    const goal = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
    const verdict = `${reached ? 'reached' : '**missed**'}${believed ? '' : ', in runs that are not valid'}`
    return `| ${scenario} | ${what} | ${figure(value)} | ${goal} | ${aim ?? ''} | ${verdict} |`
  })
  return ['## Goals', [...head, ...lines].join('\n')]
}

function figure(value: number): string {
  return value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3)
}

function scenarioPart({ name, title }: Scenario, { rows, medians, how }: Results): string[] {
  const here = medians.filter(({ scenario }) => scenario === name)
  const skipped = rows.filter(isSkipped).filter(({ scenario }) => scenario === name)
  if (here.length + skipped.length === 0) return []
  const late = here.some(({ p99Ms }) => p99Ms !== undefined)
  const columns = [
    'system',
    'guarantee',
    'records/s',
    'CPU-s per million',
    'servers CPU-s per million',
    'peak RSS MB',
    ...(late ? ['p50 ms', 'p95 ms', 'p99 ms'] : []),
    'records',
    'valid runs',
    'spread',
  ]
  const head = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`]
  const failed = skipped.map((row) => `- ${row.system}, ${row.guarantee}: not measured: ${row.skipped}`)
  return [
    `## ${title}`,
    [...head, ...here.map((one) => tableLine(one, late))].join('\n'),
    ...(failed.length > 0 ? [failed.join('\n')] : []),
    ...invalidPart(rows.filter((row): row is MeasuredRow => !isSkipped(row) && row.scenario === name)),
    usePart(name, here, how),
  ]
}

function tableLine(one: Median, late: boolean): string {
  const cells = [
    one.system === 'millrace' ? '**millrace**' : one.system,
    one.guarantee,
    one.recordsPerSecond.toLocaleString('en-US'),
    one.cpuSecondsPerMillion.toFixed(2),
    one.serversCpuSecondsPerMillion?.toFixed(1) ?? '',
    String(one.peakRssMb),
    ...(late ? [String(one.p50Ms), String(one.p95Ms ?? ''), String(one.p99Ms)] : []),
    one.records.toLocaleString('en-US'),
    `${one.validRuns} of ${one.runs}`,
    `${(one.spread * 100).toFixed(0)} %`,
  ]
  return `| ${cells.join(' | ')} |`
}

function invalidPart(rows: readonly MeasuredRow[]): string[] {
  const invalid = rows.filter(({ valid }) => !valid)
  if (invalid.length === 0) return []
  const lines = invalid.map(
    ({ system, guarantee, round, reason }) => `- ${system}, ${guarantee}, round ${round}: ${reason}`,
  )
  return [['Runs that are not valid:', '', ...lines].join('\n')]
}

function usePart(scenario: string, here: readonly Median[], how: Results['how']): string {
  const lines = here.map(
    ({ system, guarantee }) => `- ${system}, ${guarantee}: ${how[`${scenario} ${system} ${guarantee}`]}`,
  )
  return ['How each is used:', '', ...lines].join('\n')
}

function howPart({ rounds, versions }: Results): string {
  const lines = [
    '## How it is measured',
    '',
    `- Each run is a process of its own, for a fixed number of records; ${rounds} rounds, in each of which every system has its turn, with a new group, an empty state and an empty output.`,
    '- The time is that of the whole process: it starts, joins its group, works, commits the last record and ends. CPU is user and system time of the process with all',
    '  its threads, as the kernel counts it (`wait4`). The servers run on the same machine; what they took meanwhile is a column of its own.',
    '- Every result is checked. `dedup`: the output, read as committed, holds each event once, under its key, in the order of its key and in one partition.',
    '  `keyed-io`: no record begins before the earlier ones of its key have ended. `audit`: the rows in the tables, cell by cell. And the group has committed the end of the topic.',
    `- A run is not valid when its result is wrong, when other processes took more than ${limits.elsewhereCores} of a core while it ran, or when the hypervisor gave away more than ${limits.stealShare * 100} % of the time.`,
    '  The tables show medians of the valid runs. Spread is largest − smallest over median of the CPU.',
    '- The topic of orders: Avro in the Confluent wire format, 258 B, six partitions, LZ4, 100,000 keys; one event in twenty is sent again, 505 records later. Ids are as good as random.',
    '- Slow systems get an eighth of the records, which spares them the larger state.',
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join('; ')}.`,
  ]
  return lines.join('\n')
}
