import { isSkipped, type MeasuredRow, type Median, type Results, type Row, type SkippedRow } from './rows.ts'
import { goals, yardstick } from './summary.ts'
import type { System } from './system.ts'
import {
  batchBytes,
  compression,
  fetchBytes,
  lingerMs,
  partitionFetchBytes,
  partitions,
  scenarios,
  transactionRecords,
  valueBytes,
  type Scenario,
} from './workload.ts'

const titles: Record<Scenario, string> = {
  read: 'Reading',
  'read-headers': 'Reading with two headers a record, one of them looked at',
  write: 'Writing, idempotent, all acknowledgements awaited',
  'write-transactional': 'Writing in transactions',
}

/** clients.md: a table for each scenario, and how it was measured. */
export function markdown(results: Results, systems: readonly System[]): string {
  const { machine, measured, seconds } = results
  const parts = [
    '# Kafka clients side by side',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}; ${measured.slice(0, 10)}. ` +
      'Run again with `make bench-clients`.',
    ...(seconds < 20
      ? ['**These runs were too short to be believed: they only show that everything runs.**']
      : []),
    '![CPU per million records and records per second of each client](clients.svg)',
    ...scenarios.flatMap((scenario) => scenarioPart(scenario, results, systems)),
    howPart(results),
  ]
  return `${parts.join('\n\n')}\n`
}

function scenarioPart(scenario: Scenario, { rows, medians }: Results, systems: readonly System[]): string[] {
  const here = medians.filter((one) => one.scenario === scenario)
  const skipped = rows.filter((row): row is SkippedRow => isSkipped(row) && row.scenario === scenario)
  if (here.length + skipped.length === 0) return []
  const head = [
    `| client | CPU-s per million | beside ${yardstick} | records/s | peak RSS MB | valid runs | spread |`,
    '|---|---|---|---|---|---|---|',
  ]
  const lines = skipped.map(({ system, skipped: why }) => `| ${system} | not measured: ${why} | | | | | |`)
  return [
    `## ${titles[scenario]}`,
    goalLine(scenario, here),
    [...head, ...here.map(tableLine), ...lines].join('\n'),
    invalidPart(scenario, rows),
    usePart(scenario, here, systems),
  ].filter((part) => part !== '')
}

function tableLine(one: Median): string {
  const cells = [
    one.system === 'millrace' ? '**millrace**' : one.system,
    one.cpuSecondsPerMillion.toFixed(2),
    one.ratio === undefined ? '' : `${one.ratio.toFixed(2)} ×`,
    one.recordsPerSecond.toLocaleString('en-US'),
    String(one.peakRssMb),
    `${one.validRuns} of ${one.runs}`,
    `${(one.spread * 100).toFixed(0)} %`,
  ]
  return `| ${cells.join(' | ')} |`
}

function goalLine(scenario: Scenario, here: readonly Median[]): string {
  const goal = goals[scenario]
  const ours = here.find(({ system }) => system === 'millrace')
  if (goal === undefined || ours?.ratio === undefined) return ''
  const verdict = ours.ratio <= goal ? 'reached' : 'missed'
  const base = here.find(({ system }) => system === yardstick)
  const doubt = ours.validRuns === 0 || base?.validRuns === 0 ? ', in runs that are not valid' : ''
  return `Goal: at most ${goal} times the CPU of ${yardstick} per record. ${verdict === 'reached' ? 'Reached' : 'Missed'}: ${ours.ratio.toFixed(2)}${doubt}.`
}

function invalidPart(scenario: Scenario, rows: readonly Row[]): string {
  const invalid = rows.filter(
    (row): row is MeasuredRow => !isSkipped(row) && row.scenario === scenario && row.invalid,
  )
  if (invalid.length === 0) return ''
  const lines = invalid.map(({ system, round, reason }) => `- ${system}, round ${round}: ${reason}`)
  return ['Runs that are not valid:', '', ...lines].join('\n')
}

function usePart(scenario: Scenario, here: readonly Median[], systems: readonly System[]): string {
  const lines = here.flatMap(({ system }) => {
    const how = systems.find(({ name }) => name === system)?.how[scenario]
    return how === undefined ? [] : [`- ${system}: ${how}`]
  })
  return ['How each is used:', '', ...lines].join('\n')
}

function howPart({ rounds, seconds, records, versions }: Results): string {
  const million = (records / 1e6).toLocaleString('en-US')
  const lines = [
    '## How it is measured',
    '',
    `- Each run is a process of its own and lasts ${seconds} s at least; ${rounds} rounds, in each of which every client has its turn.`,
    '- CPU is user and system time of the whole process with all its threads, from start to end, as the kernel counts it (`wait4`);',
    '  the broker runs in another process on the same machine and is not counted. Records a second are those of the whole run too,',
    '  so the broker, which shares the cores, limits them: compare the CPU first.',
    '- The table shows medians of the valid runs. A run is not valid when processes that were neither the broker nor the run took more',
    '  than 0.15 of a core while it ran, or the hypervisor gave away more than 2 % of the time. Spread is largest − smallest over median of the CPU.',
    `- Reading: ${million} million Avro records of ${valueBytes} B with keys, ${partitions} partitions, ${compression}, batches of ${batchBytes / 1024} KiB. Who comes to the end begins again.`,
    '  The programs in C are started anew for it. A record counts when the application has it, and has looked at its length (kcat: has formatted it to nothing).',
    `- Writing: numbered values of ${valueBytes} B, with keys, ${compression}, \`acks=all\`, idempotent, linger ${lingerMs} ms, batches of ${batchBytes / 1024} KiB. A record counts when it is acknowledged; afterwards the topic's end offsets are compared with the count.`,
    `  The values repeat one text after their number and so compress far better than real ones. Transactions hold ${transactionRecords.toLocaleString('en-US')} records.`,
    `- Settings that are the same for all that have them: ${partitionFetchBytes / 1024} KiB of a partition and ${fetchBytes / 1024 / 1024} MiB in all in one fetch, read_committed, no commits.`,
    '- Programs that are written for Node or Java take records to write from a pool that they made before; rdkafka_performance formats a number into each.',
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join('; ')}.`,
  ]
  return lines.join('\n')
}
