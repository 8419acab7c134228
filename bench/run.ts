// Runs the benchmarks, each in a process of its own, three times, and writes bench/results/embedded.json and .md. The
// machine's load is noted: a run on a busy machine is marked.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

interface Row {
  readonly scenario: string
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly peakRssMb: number
  readonly [more: string]: unknown
}

const here = import.meta.dirname
const runs = 3
const scenarios = [
  { script: 'engine.ts', args: ['5000000'] },
  { script: 'audit.ts', args: ['300000'] },
]

const rows: (Row & { readonly run: number; readonly busy: boolean })[] = []
for (let run = 1; run <= runs; run++) {
  for (const { script, args } of scenarios) {
    const busy = loadavg()[0]! > cpus().length * 0.75 + run
    const output = execFileSync(process.execPath, [join(here, script), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const row = JSON.parse(output.trim().split('\n').at(-1)!) as Row
    rows.push({ ...row, run, busy })
    console.log(
      `${row.scenario}: ${row.recordsPerSecond} records/s, ${row.cpuSecondsPerMillion} CPU-s per million`,
    )
  }
}

const folder = join(here, 'results')
mkdirSync(folder, { recursive: true })
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
writeFileSync(join(folder, 'embedded.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`)
writeFileSync(join(folder, 'embedded.md'), markdown())

function markdown(): string {
  const head = [
    '# Embedded benchmarks',
    '',
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. Run again with \`make bench\`.`,
    '',
    '| scenario | run | records/s | CPU-s per million | peak RSS MB | busy machine |',
    '|---|---|---|---|---|---|',
  ]
  const lines = rows.map(
    (row) =>
      `| ${row.scenario} | ${row.run} | ${row.recordsPerSecond.toLocaleString('en-US')} | ` +
      `${row.cpuSecondsPerMillion} | ${row.peakRssMb} | ${row.busy ? 'yes' : 'no'} |`,
  )
  return `${[...head, ...lines].join('\n')}\n`
}
