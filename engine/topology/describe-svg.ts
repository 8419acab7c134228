import {
  layoutPlan,
  type BoxSize,
  type Layout,
  type PlacedBox,
  type PlacedEdge,
  type Point,
} from './layout.ts'
import { xmlText } from './lint-format.ts'
import { keySettings } from './node-text.ts'
import type { PlanNode, TopologyPlan } from './plan-types.ts'
import { fitText, textWidth, wrapText } from './text-width.ts'

const margin = 36
const padding = 16
const nameSize = 15
const smallSize = 12
const [leastWidth, mostWidth] = [132, 268]
const [nameLine, smallLine] = [26, 18]

const colors = {
  source: { fill: '#eaf2fe', line: '#2f6fd0', text: '#1f549f' },
  processor: { fill: '#f4effd', line: '#7a58cc', text: '#5c3fa8' },
  sink: { fill: '#e8f7ee', line: '#278a5c', text: '#1c6b46' },
} as const

const style = `
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1b2733 }
  .title { font-size: 22px; font-weight: 700 }
  .about { font-size: 14px; fill: #55636f }
  .name { font-size: ${nameSize}px; font-weight: 600 }
  .type { font-size: 11px; font-weight: 600; letter-spacing: .3px }
  .set, .legend { font-size: ${smallSize}px; fill: #46535f }
  .edge { fill: none; stroke: #8795a1; stroke-width: 1.6 }
  .side { stroke: #b7791f; stroke-dasharray: 5 4 }
  .label { font-size: 11px; fill: #8a5a12; text-anchor: middle }
`

/** The plan as a drawing: layers from left to right, side outputs dashed. Stands alone, without any other file. */
export function describeSvg(plan: TopologyPlan): string {
  const layout = layoutPlan(plan, (name) => boxSize(plan, plan.nodes.get(name)!))
  const width = Math.max(layout.width, 480, Math.min(720, textWidth(plan.name, 22, true))) + 2 * margin
  const about = plan.description === '' ? [] : wrapText(plan.description, 14, width - 2 * margin)
  const top = margin + 30 + about.length * 20 + 18
  const height = top + layout.height + 34 + margin
  const title = xmlText(fitText(plan.name, 22, width - 2 * margin, true))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" aria-labelledby="title">`,
    `<title id="title">${xmlText(plan.name)}</title>`,
    `<style>${style}</style>`,
    arrowHead('arrow', '#8795a1'),
    arrowHead('side-arrow', '#b7791f'),
    `<rect width="100%" height="100%" fill="#fcfcfd"/>`,
    `<text class="title" x="${margin}" y="${margin + 18}">${title}</text>`,
    ...about.map(
      (line, index) =>
        `<text class="about" x="${margin}" y="${margin + 44 + index * 20}">${xmlText(line)}</text>`,
    ),
    `<g transform="translate(${margin} ${n(top)})">`,
    ...layout.edges.map(edgePath),
    ...layout.boxes.map((box) => boxGroup(plan, box)),
    ...layout.edges.map((edge) => edgeLabel(edge)),
    '</g>',
    legend(plan, layout, top + layout.height + 40),
    '</svg>',
    '',
  ].join('\n')
}

function boxSize(plan: TopologyPlan, node: PlanNode): BoxSize {
  const settings = keySettings(plan, node)
  const widest = Math.max(
    textWidth(node.name, nameSize, true),
    textWidth(node.type, 11, true),
    ...settings.map((text) => textWidth(text, smallSize)),
  )
  const width = Math.min(mostWidth, Math.max(leastWidth, Math.ceil(widest) + 2 * padding))
  return { width, height: 24 + nameLine + settings.length * smallLine + 12 }
}

function boxGroup(plan: TopologyPlan, { name, x, y, width, height }: PlacedBox): string {
  const node = plan.nodes.get(name)!
  const color = colors[node.kind]
  const room = width - 2 * padding
  const settings = keySettings(plan, node)
  const text = (kind: string, dy: number, content: string, fill = ''): string =>
    `<text class="${kind}" x="${padding}" y="${dy}"${fill}>${xmlText(content)}</text>`
  return [
    `<g transform="translate(${n(x)} ${n(y)})">`,
    `<title>${xmlText([`${node.name}: ${node.type} ${node.kind}`, ...settings].join('\n'))}</title>`,
    `<rect width="${n(width)}" height="${n(height)}" rx="10" fill="${color.fill}" stroke="${color.line}" stroke-width="1.4"/>`,
    text('type', 24, fitText(node.type, 11, room, true), ` style="fill:${color.text}"`),
    text('name', 24 + 19, fitText(node.name, nameSize, room, true)),
    ...settings.map((setting, index) =>
      text('set', 24 + nameLine + 13 + index * smallLine, fitText(setting, smallSize, room)),
    ),
    '</g>',
  ].join('')
}

function edgePath({ points, output }: PlacedEdge): string {
  const side = output !== undefined
  const marker = side ? 'side-arrow' : 'arrow'
  return `<path class="edge${side ? ' side' : ''}" d="${curve(points)}" marker-end="url(#${marker})"/>`
}

// Between layers a curve that leaves and arrives level; across a layer, where it passes between boxes, a straight line.
function curve(points: readonly Point[]): string {
  const last = points.length - 1
  return points
    .map(({ x, y }, index) => {
      const end = index === last ? x - 7 : x
      if (index === 0) return `M${n(x)} ${n(y)}`
      if (index % 2 === 0) return `L${n(end)} ${n(y)}`
      const from = points[index - 1]!
      const middle = (from.x + x) / 2
      return `C${n(middle)} ${n(from.y)} ${n(middle)} ${n(y)} ${n(end)} ${n(y)}`
    })
    .join(' ')
}

function edgeLabel({ points, output }: PlacedEdge): string {
  if (output === undefined) return ''
  const [from, to] = [points[0]!, points[1]!]
  const text = fitText(output, 11, 72)
  const width = textWidth(text, 11) + 10
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2]
  return (
    `<rect x="${n(x - width / 2)}" y="${n(y - 9)}" width="${n(width)}" height="18" rx="9" fill="#fff8ea" stroke="#ecd5a8"/>` +
    `<text class="label" x="${n(x)}" y="${n(y + 4)}">${xmlText(text)}</text>`
  )
}

function legend(plan: TopologyPlan, layout: Layout, y: number): string {
  const kinds = (['source', 'processor', 'sink'] as const).filter((kind) =>
    [...plan.nodes.values()].some((node) => node.kind === kind),
  )
  let x = margin
  const parts = kinds.map((kind) => {
    const part = `<rect x="${n(x)}" y="${n(y - 10)}" width="12" height="12" rx="3" fill="${colors[kind].fill}" stroke="${colors[kind].line}"/><text class="legend" x="${n(x + 18)}" y="${n(y)}">${kind}</text>`
    x += 18 + textWidth(kind, smallSize) + 22
    return part
  })
  if (layout.edges.some(({ output }) => output !== undefined)) {
    parts.push(
      `<path class="edge side" d="M${n(x)} ${n(y - 4)} h24"/><text class="legend" x="${n(x + 31)}" y="${n(y)}">side output</text>`,
    )
  }
  return parts.join('')
}

function arrowHead(id: string, color: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="${color}"/></marker>`
}

/** A number with at most one digit behind the point. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
