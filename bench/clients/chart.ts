import type { Median, Results } from './rows.ts'
import { scenarios, type Scenario } from './workload.ts'

const titles: Record<Scenario, string> = {
  read: 'Reading',
  'read-headers': 'Reading, with headers',
  write: 'Writing',
  'write-transactional': 'Writing in transactions',
}

const width = 960
const line = 24
const bar = 14
const names = 180
const gap = 40
const room = 70
const columns = [
  {
    title: 'CPU seconds per million records (less is better)',
    value: (one: Median) => one.cpuSecondsPerMillion,
    text: (one: Median) => one.cpuSecondsPerMillion.toFixed(2),
  },
  {
    title: 'records per second (more is better)',
    value: (one: Median) => one.recordsPerSecond,
    text: (one: Median) => one.recordsPerSecond.toLocaleString('en-US'),
  },
] as const
const columnWidth = (width - names - gap * columns.length) / columns.length

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

/** clients.svg: for each scenario a block of bars, on light and dark ground. */
export function chart({ medians }: Results): string {
  const shown = scenarios.filter((scenario) => medians.some((one) => one.scenario === scenario))
  let top = 16
  const parts: string[] = []
  for (const scenario of shown) {
    const here = medians.filter((one) => one.scenario === scenario)
    parts.push(block(titles[scenario], here, top))
    top += heightOf(here)
  }
  if (medians.some(({ validRuns }) => validRuns === 0)) {
    parts.push(`<text class="note" x="0" y="${top}">Pale: no valid run, the machine was busy.</text>`)
    top += line
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">`,
    '<title>CPU per million records and records per second of Kafka clients</title>',
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function heightOf(here: readonly Median[]): number {
  return (here.length + 2) * line + 20
}

function block(title: string, here: readonly Median[], top: number): string {
  const first = top + 2 * line
  const parts = [`<text class="title" x="0" y="${top + 4}">${title}</text>`]
  for (const [n, one] of here.entries())
    parts.push(
      `<text x="${names - 10}" y="${first + n * line + bar - 2}" text-anchor="end">${escape(one.system)}</text>`,
    )
  for (const [index, column] of columns.entries()) {
    const left = names + index * (columnWidth + gap)
    const most = Math.max(...here.map(column.value))
    const bottom = first + here.length * line - line + bar + 4
    parts.push(
      `<text class="note" x="${left}" y="${top + line + 2}">${column.title}</text>`,
      `<line class="axis" x1="${left}" x2="${left}" y1="${first - 4}" y2="${bottom}"/>`,
      ...here.map((one, n) => bars(one, column, left, first + n * line, most)),
    )
  }
  return parts.join('\n')
}

function bars(
  one: Median,
  column: (typeof columns)[number],
  left: number,
  top: number,
  most: number,
): string {
  const length = Math.max(1, Math.round((column.value(one) / most) * (columnWidth - room)))
  const kind = one.system === 'millrace' ? 'ours' : 'other'
  const noisy = one.validRuns === 0 ? ' noisy' : ''
  return (
    `<rect class="${kind}${noisy}" x="${left}" y="${top}" width="${length}" height="${bar}" rx="2"/>` +
    `<text x="${left + length + 6}" y="${top + bar - 2}">${column.text(one)}</text>`
  )
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
