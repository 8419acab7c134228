import type { Results } from './rows.ts'
import { scenarios, type Scenario } from './workload.ts'

const titles: Record<Scenario, string> = {
  read: 'Reading',
  'read-headers': 'Reading, with headers',
  write: 'Writing',
  'write-transactional': 'Writing in transactions',
}

/** A system's bars. */
export interface Bars {
  readonly name: string
  readonly ours: boolean
  /** Drawn pale: it has no valid run. */
  readonly pale: boolean
  readonly cpuSecondsPerMillion: number
  readonly recordsPerSecond: number
}

/** Bars under a heading. */
export interface BarBlock {
  readonly title: string
  readonly bars: readonly Bars[]
}

const width = 960
const line = 24
const bar = 14
const gap = 40
const room = 70
const columns = [
  {
    title: 'CPU seconds per million records (less is better)',
    value: (one: Bars) => one.cpuSecondsPerMillion,
    text: (one: Bars) => one.cpuSecondsPerMillion.toFixed(2),
  },
  {
    title: 'records per second (more is better)',
    value: (one: Bars) => one.recordsPerSecond,
    text: (one: Bars) => one.recordsPerSecond.toLocaleString('en-US'),
  },
] as const
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .note { font-size: 12px; fill: #59636e }
  .ours { fill: #0969da } .other { fill: #8c959f } .noisy { opacity: 0.4 }
  .axis { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 }
    .ours { fill: #4493f8 } .other { fill: #6e7681 } .axis { stroke: #3d444d }
  }`

/** clients.svg: for each scenario a block of bars. */
export function chart({ medians }: Results): string {
  const blocks = scenarios.map((scenario) => ({
    title: titles[scenario],
    bars: medians
      .filter((one) => one.scenario === scenario)
      .map((one) => ({
        ...one,
        name: one.system,
        ours: one.system === 'millrace',
        pale: one.validRuns === 0,
      })),
  }))
  return barChart('CPU per million records and records per second of Kafka clients', blocks)
}

/** Blocks of bars, readable on light and dark ground, as SVG; `names` is the room for names, in pixels. */
export function barChart(title: string, given: readonly BarBlock[], names = 180): string {
  const blocks = given.filter(({ bars }) => bars.length > 0)
  let top = 16
  const parts: string[] = []
  for (const block of blocks) {
    parts.push(drawBlock(block, top, names))
    top += heightOf(block)
  }
  if (blocks.some(({ bars }) => bars.some(({ pale }) => pale))) {
    parts.push(`<text class="note" x="0" y="${top}">Pale: no valid run, the machine was busy.</text>`)
    top += line
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">`,
    `<title>${title}</title>`,
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function heightOf({ bars }: BarBlock): number {
  return (bars.length + 2) * line + 20
}

function drawBlock({ title, bars: here }: BarBlock, top: number, names: number): string {
  const first = top + 2 * line
  const columnWidth = (width - names - gap * columns.length) / columns.length
  const parts = [`<text class="title" x="0" y="${top + 4}">${escape(title)}</text>`]
  for (const [n, one] of here.entries())
    parts.push(
      `<text x="${names - 10}" y="${first + n * line + bar - 2}" text-anchor="end">${escape(one.name)}</text>`,
    )
  for (const [index, column] of columns.entries()) {
    const left = names + index * (columnWidth + gap)
    const longest = (columnWidth - room) / Math.max(...here.map(column.value))
    const bottom = first + here.length * line - line + bar + 4
    parts.push(
      `<text class="note" x="${left}" y="${top + line + 2}">${column.title}</text>`,
      `<line class="axis" x1="${left}" x2="${left}" y1="${first - 4}" y2="${bottom}"/>`,
      ...here.map((one, n) => drawBar(one, column, left, first + n * line, longest)),
    )
  }
  return parts.join('\n')
}

/** `scale` is pixels for one of the column's unit. */
function drawBar(
  one: Bars,
  column: (typeof columns)[number],
  left: number,
  top: number,
  scale: number,
): string {
  const length = Math.max(1, Math.round(column.value(one) * scale))
  const kind = one.ours ? 'ours' : 'other'
  const noisy = one.pale ? ' noisy' : ''
  return (
    `<rect class="${kind}${noisy}" x="${left}" y="${top}" width="${length}" height="${bar}" rx="2"/>` +
    `<text x="${left + length + 6}" y="${top + bar - 2}">${column.text(one)}</text>`
  )
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
