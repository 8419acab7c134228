import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { OrderTopic } from './orders.ts'
import { playScenario } from './rounds.ts'
import type { Median } from './rows.ts'
import type { Bench, Scenario } from './scenario.ts'
import { beginDedup, orderItems, orderKeys, orderPartitions } from './scenario-dedup.ts'
import { medians } from './summary.ts'
import { dedupSystems } from './systems-dedup.ts'
import { fillOrders } from './topics.ts'

/** One thing that grows, while all else stays as it is. */
interface Sweep {
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
  readonly point: (value: number, base: Point) => Point
}

interface Point {
  readonly shape: OrderTopic
  readonly partitions: number
}

const sweeps: readonly Sweep[] = [
  {
    what: 'partitions',
    unit: 'partitions',
    values: [1, 6, 24, 96],
    point: (partitions, base) => ({ ...base, partitions }),
  },
  {
    what: 'keys',
    unit: 'different keys',
    values: [100, 10_000, 1_000_000],
    point: (keys, { shape, ...base }) => ({ ...base, shape: { ...shape, keys } }),
  },
  {
    what: 'record size',
    unit: 'items of an order (22 B each, 214 B without)',
    values: [2, 10, 40, 160],
    // Large records are fewer, so that the topic stays below a gigabyte.
    point: (items, { shape, ...base }) => ({
      ...base,
      shape: { ...shape, items, total: Math.ceil(shape.total * Math.min(1, 8 / items)) },
    }),
  },
  {
    what: 'state',
    unit: 'quarters of the records, and so of the ids',
    values: [1, 4, 16],
    point: (quarters, { shape, ...base }) => ({
      ...base,
      shape: { ...shape, total: Math.ceil((shape.total * quarters) / 4) },
    }),
  },
]

interface SweepRow extends Median {
  readonly sweep: string
  readonly value: number
}

/** How the cost of an exactly-once deduplication grows; written as engine-sweep.json and engine-sweep.md. */
export async function sweep(bench: Bench): Promise<void> {
  const base = {
    shape: { total: bench.options.sizes.dedup / 4, keys: orderKeys, items: orderItems },
    partitions: orderPartitions,
  }
  const rows: SweepRow[] = []
  for (const { what, values, point } of sweeps) {
    for (const value of values) {
      bench.say(`${what}: ${value.toLocaleString('en-US')}`)
      const { rows: measured } = await playScenario(bench, scenarioAt(point(value, base)))
      rows.push(...medians(measured).map((one) => ({ ...one, sweep: what, value })))
      write(bench, rows)
    }
  }
  bench.say(`\nwritten: ${join(bench.options.out, 'engine-sweep.md')}, engine-sweep.json`)
}

function scenarioAt({ shape, partitions }: Point): Scenario {
  return {
    name: 'dedup',
    title: '',
    systems: dedupSystems.filter(
      ({ name, guarantee }) => name === 'millrace' && guarantee === 'exactly-once',
    ),
    async open(bench) {
      const topic = await fillOrders(bench, shape, partitions)
      return { begin: () => beginDedup(bench, topic), close: () => topic.remove() }
    },
  }
}

function write({ options }: Bench, rows: readonly SweepRow[]): void {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
  const measured = new Date().toISOString()
  mkdirSync(options.out, { recursive: true })
  const json = JSON.stringify({ machine, measured, small: options.small, rows }, null, 2)
  writeFileSync(join(options.out, 'engine-sweep.json'), `${json}\n`)
  const head = `# How the cost grows\n\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${measured.slice(0, 10)}. An exactly-once deduplication; run again with \`make bench-engine ARGS=--sweep\`.\n`
  const parts = sweeps.map(({ what, unit }) => {
    const here = rows.filter((row) => row.sweep === what)
    return here.length === 0 ? '' : `\n## By ${what}\n\n${table(unit, here)}\n`
  })
  writeFileSync(join(options.out, 'engine-sweep.md'), head + parts.join(''))
}

function table(unit: string, rows: readonly SweepRow[]): string {
  const head = [
    `| ${unit} | records | records/s | CPU-s per million | servers CPU-s per million | peak RSS MB | valid runs |`,
    '|---|---|---|---|---|---|---|',
  ]
  const lines = rows.map((row) => {
    const cells = [
      row.value.toLocaleString('en-US'),
      row.records.toLocaleString('en-US'),
      row.recordsPerSecond.toLocaleString('en-US'),
      row.cpuSecondsPerMillion.toFixed(2),
      row.serversCpuSecondsPerMillion?.toFixed(1) ?? '',
      String(row.peakRssMb),
      `${row.validRuns} of ${row.runs}`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [...head, ...lines].join('\n')
}
