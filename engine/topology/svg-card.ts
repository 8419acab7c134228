import type { BoxSize, PlacedBox } from './layout.ts'
import { xmlText } from './lint-format.ts'
import { keySettings } from './node-text.ts'
import type { PlanNode, TopologyPlan } from './plan-types.ts'
import { storeText, type DescribedStore } from './structure.ts'
import { n, sizes } from './svg-style.ts'
import { fitText, textWidth } from './text-width.ts'

const [leastWidth, mostWidth] = [148, 272]
const [head, line, stateLine, foot] = [48, 18, 20, 14]
const iconRoom = 24
const stateIndent = 18

/** A node as a card: what it is, how it is set, what it keeps. */
export class Card {
  readonly #node: PlanNode
  readonly #settings: readonly string[]
  readonly #states: readonly string[]

  /** `stores`: those of the node. */
  constructor(plan: TopologyPlan, node: PlanNode, stores: readonly DescribedStore[]) {
    this.#node = node
    this.#settings = keySettings(plan, node)
    this.#states = stores.map((store) => {
      const own = store.name === store.node ? '' : `${store.name.replace(`${store.node}.`, '')}: `
      return own + storeText(store)
    })
  }

  size(): BoxSize {
    const { name, type } = this.#node
    const widest = Math.max(
      textWidth(name, sizes.name, true),
      textWidth(type, sizes.type, true) + iconRoom,
      ...this.#settings.map((text) => textWidth(text, sizes.set)),
      ...this.#states.map((text) => textWidth(text, sizes.set) + stateIndent),
    )
    const states = this.#states.length === 0 ? 0 : 10 + this.#states.length * stateLine
    return {
      width: Math.min(mostWidth, Math.max(leastWidth, Math.ceil(widest) + 2 * sizes.padding + 4)),
      height: head + this.#settings.length * line + states + foot,
    }
  }

  draw({ x, y, width, height }: PlacedBox): string {
    const { name, kind, type } = this.#node
    const left = sizes.padding + 4
    const room = width - left - sizes.padding
    const rows = this.#settings.map((setting, index) =>
      text('set', left, head + 13 + index * line, fitText(setting, sizes.set, room)),
    )
    const about = [
      `${name}: ${type} ${kind}`,
      ...this.#settings,
      ...this.#states.map((state) => `state: ${state}`),
    ]
    return [
      `<g class="${kind}" transform="translate(${n(x)} ${n(y)})">`,
      `<title>${xmlText(about.join('\n'))}</title>`,
      `<rect class="shade" x="1" y="3" width="${n(width)}" height="${n(height)}" rx="12"/>`,
      `<rect class="accent" width="${n(width)}" height="${n(height)}" rx="12"/>`,
      `<path class="card" d="${face(width, height)}"/>`,
      `<rect class="frame" width="${n(width)}" height="${n(height)}" rx="12"/>`,
      icon(iconOf(this.#node), width - sizes.padding - 14, 13),
      text('type', left, 24, fitText(type, sizes.type, room - iconRoom, true)),
      text('name', left, 44, fitText(name, sizes.name, room, true)),
      ...rows,
      ...this.#drawStates(left, width, room),
      '</g>',
    ].join('')
  }

  #drawStates(left: number, width: number, room: number): string[] {
    if (this.#states.length === 0) return []
    const top = head + this.#settings.length * line + 8
    return [
      `<path class="rule" d="M${left} ${n(top)} H${n(width - sizes.padding)}"/>`,
      ...this.#states.flatMap((state, index) => {
        const y = top + 19 + index * stateLine
        return [
          cylinder('state-icon', left, y - 10),
          text('state', left + stateIndent, y, fitText(state, sizes.set, room - stateIndent)),
        ]
      }),
    ]
  }
}

/** All but a stripe at the left. */
function face(width: number, height: number): string {
  return `M5 0 H${n(width - 12)} a12 12 0 0 1 12 12 V${n(height - 12)} a12 12 0 0 1 -12 12 H5 Z`
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${n(x)}" y="${n(y)}">${xmlText(content)}</text>`
}

const cylinderPath = 'M2 3.5 a5 2 0 0 1 10 0 a5 2 0 0 1 -10 0 V10.5 a5 2 0 0 0 10 0 V3.5'

// 14 pixels each.
const icons = {
  log: 'M1 3 H13 M1 7 H13 M1 11 H8',
  hexagon: 'M7 1 L12.5 4.2 V9.8 L7 13 L1.5 9.8 V4.2 Z',
  cylinder: cylinderPath,
  prompt: 'M1.5 3 L5.5 7 L1.5 11 M7 11 H12.5',
} as const

function iconOf(node: PlanNode): keyof typeof icons {
  if (node.kind === 'processor') return 'hexagon'
  if (node.kind === 'source' || node.definition.topic?.(node.config) !== undefined) return 'log'
  return node.definition.table?.(node.config) === undefined ? 'prompt' : 'cylinder'
}

function icon(name: keyof typeof icons, x: number, y: number): string {
  return `<path class="icon" transform="translate(${n(x)} ${n(y)})" d="${icons[name]}"/>`
}

/** A cylinder of 12 pixels, for what is kept. */
export function cylinder(kind: string, x: number, y: number): string {
  return `<path class="${kind}" transform="translate(${n(x)} ${n(y)}) scale(.86)" d="${cylinderPath}"/>`
}
