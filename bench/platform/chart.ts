import type { Results, Run, Sample } from './results.ts'

const width = 960
const left = 60
const right = 20
const height = 120
const step = 170
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .note { font-size: 12px; fill: #59636e }
  .line { fill: none; stroke: #0969da; stroke-width: 1.5 }
  .spike { fill: #8c959f; opacity: 0.15 }
  .axis { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 } .line { stroke: #4493f8 } .axis { stroke: #3d444d }
  }`

interface Curve {
  readonly title: string
  readonly value: (sample: Sample) => number
}

const curves: readonly Curve[] = [
  { title: 'records written a second', value: ({ writtenPerSecond }) => writtenPerSecond },
  {
    title: 'seconds that the slowest group is behind',
    value: ({ lags }) => Math.max(0, ...Object.values(lags).map(({ seconds }) => seconds)),
  },
  {
    title: 'cores that the run takes, all processes',
    value: ({ cores }) => Object.values(cores).reduce((sum, one) => sum + one, 0),
  },
]

/** platform.svg: for each run, load, lag and CPU over time; readable on light and dark ground. */
export function platformChart({ runs }: Results): string {
  let top = 16
  const parts: string[] = []
  for (const run of runs) {
    parts.push(`<text class="title" x="0" y="${top + 4}">${run.layout}</text>`)
    top += 24
    for (const curve of curves) {
      parts.push(drawCurve(run, curve, top))
      top += step
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">`,
    '<title>Load, lag and CPU of the event platform over time</title>',
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function drawCurve({ samples }: Run, { title, value }: Curve, top: number): string {
  const shown = samples.filter(({ second }) => second >= 0)
  const end = Math.max(1, ...shown.map(({ second }) => second))
  const most = Math.max(1, ...shown.map(value))
  const x = (second: number): string => (left + (second / end) * (width - left - right)).toFixed(1)
  const y = (of: number): string => (top + 20 + height - (of / most) * height).toFixed(1)
  const spike = shown.filter(({ phase }) => phase === 'spike')
  const from = Number(x(spike[0]?.second ?? 0))
  const to = Number(x(spike.at(-1)?.second ?? 0))
  const bottom = top + 20 + height
  return [
    `<text class="note" x="${left}" y="${top + 10}">${title}</text>`,
    `<rect class="spike" x="${from}" y="${top + 20}" width="${(to - from).toFixed(1)}" height="${height}"/>`,
    `<line class="axis" x1="${left}" x2="${width - right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="note" x="${left - 8}" y="${top + 28}" text-anchor="end">${most.toLocaleString('en-US', { maximumFractionDigits: 1 })}</text>`,
    `<text class="note" x="${width - right}" y="${bottom + 16}" text-anchor="end">${Math.round(end)} s</text>`,
    `<polyline class="line" points="${shown.map((sample) => `${x(sample.second)},${y(value(sample))}`).join(' ')}"/>`,
  ].join('\n')
}
