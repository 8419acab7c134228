import { labelOf } from './describe.ts'
import type { PlacedEdge, Point } from './layout.ts'
import { xmlText } from './lint-format.ts'
import { n } from './svg-style.ts'
import { fitText, textWidth } from './text-width.ts'

/** The heads of all edges, which they name. */
export const arrowHeads = ['head', 'side-head', 'looked-head']
  .map(
    (kind) =>
      `<marker id="${kind}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="${kind}" d="M0 0.5 L7.5 4 L0 7.5 z"/></marker>`,
  )
  .join('')

/** An edge; that of a side output dashed, and one along which rows are looked up dotted. */
export function edgePath({ points, output, table }: PlacedEdge): string {
  const look = table !== undefined ? 'looked' : output === undefined ? undefined : 'side'
  const head = look === undefined ? 'head' : `${look}-head`
  return `<path class="edge${look === undefined ? '' : ` ${look}`}" d="${curve(points)}" marker-end="url(#${head})"/>`
}

/** The name of a side output, on its edge. */
export function edgeLabel(edge: PlacedEdge): string {
  const label = labelOf(edge)
  if (label === undefined) return ''
  const [from, to] = [edge.points[0]!, edge.points[1]!]
  const text = fitText(label, 11, 72)
  const width = textWidth(text, 11) + 12
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2]
  return (
    `<rect class="tag" x="${n(x - width / 2)}" y="${n(y - 9)}" width="${n(width)}" height="18" rx="9"/>` +
    `<text class="label" x="${n(x)}" y="${n(y + 4)}">${xmlText(text)}</text>`
  )
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
