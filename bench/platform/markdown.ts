import { limits } from '../clients/noise.ts'
import { effectNames, effectTitles, type Summary } from './effects.ts'
import type { Results, Run } from './results.ts'

const layouts = {
  processes: 'a process for each topology',
  together: 'one process for all topologies',
} as const

const shownWarnings = 5

/** A few lines for the terminal. */
export function runLines({ layout, phases, drainSeconds, verdict, warnings }: Run): string[] {
  const lines = phases.map(({ phase, writtenPerSecond, effects, highestLag }) => {
    const parts = effectNames.map((name) => `${name} ${cell(effects[name])}`)
    return `${layout} ${phase.padEnd(8)} ${writtenPerSecond.toFixed(0).padStart(6)}/s  ${parts.join('  ')}  lag ${highestLag.seconds} s`
  })
  const end = verdict.faults.length === 0 ? 'the result is right' : verdict.faults.join('; ')
  const warned = warnings.first.slice(0, shownWarnings).map((line) => `${layout}: warned ${line}`)
  return [...lines, ...warned, `${layout}: caught up ${drainSeconds} s after the spike; ${end}`]
}

/** platform.md. */
export function markdown(results: Results): string {
  const { machine, measured, command, options, runs } = results
  return [
    '# The event platform under ten times its load',
    `Measured on ${measured.slice(0, 10)} by \`${command}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}.`,
    ...(options.small ? ['**Too short to be believed: only to see that everything runs.**'] : []),
    'The load, the topologies, Kafka, Cassandra and the schema registry share these cores.',
    '![The load, how far the groups are behind, and who takes the CPU](platform.svg)',
    ...runs.flatMap(runPart),
    howPart(results),
    '',
  ].join('\n\n')
}

function runPart(run: Run): string[] {
  const { layout, startSeconds, loadBefore, drainSeconds, written, verdict, warnings } = run
  const { auditRows, orders, products, customers, faults } = verdict
  const counted = (count: number): string => count.toLocaleString('en-US')
  const right = `${counted(auditRows)} rows of the audit, ${counted(orders)} orders, ${counted(customers)} customers and ${counted(products)} products are as they should be.`
  return [
    `## With ${layouts[layout]}`,
    `All topologies were ready after ${startSeconds} s. ${counted(written)} records were written. After the spike it took ${drainSeconds} s until no group was more than a second behind. ${faults.length === 0 ? right : `**The result is wrong**: ${faults.join('; ')}.`}`,
    ...noiseNote(run),
    ...(warnings.count > 0
      ? [`The workers warned ${warnings.count} times, the first time of: ${warnings.first[0]}`]
      : []),
    `Other programs took, in each phase, ${run.phases.map(({ phase, elsewhereCores }) => `${elsewhereCores} cores (${phase})`).join(', ')}; the load average before the run was ${loadBefore}.`,
    effectTable(run),
    phaseTable(run),
    processTable(run),
  ]
}

/** Why the times of a run are not to be believed. */
function noiseNote({ phases }: Run): string[] {
  const most = Math.max(...phases.map(({ elsewhereCores }) => elsewhereCores))
  if (most <= limits.elsewhereCores) return []
  return [
    `**The machine was not quiet** (other programs took up to ${most} cores): the times below say how long these programs held the platform up, as much as anything else. Whether the result is right does not depend on that.`,
  ]
}

function cell(summary: Summary | undefined): string {
  if (summary === undefined) return '–'
  return [summary.p50, summary.p95, summary.p99].map(milliseconds).join(' / ')
}

function milliseconds(value: number): string {
  return value < 10_000 ? Math.round(value).toLocaleString('en-US') : `${(value / 1000).toFixed(0)} s`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function effectTable({ phases }: Run): string {
  const shown = phases.filter(({ phase }) => phase !== 'warm-up')
  const head = [
    'milliseconds until it is seen: p50 / p95 / p99',
    ...shown.map(({ phase, rate }) => `${phase}, ${rate}/s`),
  ]
  const rows = effectNames.map((name) => [
    effectTitles[name],
    ...shown.map(({ effects }) => cell(effects[name])),
  ])
  const own = [
    'only the broker’s acknowledgement of the write',
    ...shown.map(({ acknowledged }) => cell(acknowledged)),
  ]
  return table(head, [...rows, own])
}

function phaseTable({ phases }: Run): string {
  const rows = phases.map(
    ({ phase, rate, seconds, writtenPerSecond, highestLag: { group, records, seconds: behind } }) => [
      phase,
      `${seconds} s`,
      `${rate}/s`,
      `${writtenPerSecond}/s`,
      group === '' ? '0' : `${behind} s, ${records.toLocaleString('en-US')} records (${group})`,
    ],
  )
  return table(['phase', 'for', 'load', 'written', 'highest lag'], rows)
}

function processTable({ processes }: Run): string {
  const rows = processes.map(({ name, cores, peakRssMb }) => [
    name,
    ...(['normal', 'spike', 'after'] as const).map((phase) => (cores[phase] ?? 0).toFixed(2)),
    `${peakRssMb}`,
  ])
  return table(['process', 'cores, normal', 'spike', 'after', 'peak MB'], rows)
}

function howPart({ options: { rate, times } }: Results): string {
  const lines = [
    '## How it is measured',
    '',
    `- The load is a made-up shop (\`millrace shop\`): ${rate} events a second, ${rate * times} in the spike, over four topics of twelve partitions; 80 % visits, 9 % orders, 8 % stock, 3 %`,
    '  customers. One record in a hundred is written late, one in fifty twice. In the spike the same sessions go faster: there are not more of them.',
    '- Times count from when a record **was to be** written, whenever it was. Events of a session that overtook an earlier one wait for it by design: theirs',
    '  count from when the earlier one was due. Where several changes of a product come in one alert or row, each of them counts.',
    '- Notifications and alerts are read from their topics by a consumer of committed records. Of orders and stock one event in 200 ms is looked for in its table, again',
    '  and again until it is there: up to 5 ms, or a twentieth, are the look’s own. The warm-up does not count.',
    '- Lag is what is not committed: with each group, the age of the oldest such record. CPU and memory are the kernel’s, once a second.',
    '- The run fails unless in the end: `millrace reconcile` finds no difference between topics and audit; each order has the status of its last event; stock, customers, orders',
    '  by customer, orders by minute and by hour are those of the events that were written; each notification came once, no alert twice; nothing is parked.',
  ]
  return lines.join('\n')
}
