import { edgesOf } from './describe.ts'
import { layoutPlan, type Layout } from './layout.ts'
import { xmlText } from './lint-format.ts'
import type { TopologyPlan } from './plan-types.ts'
import { taskText, type DescribedPart, type InternalTopic } from './structure.ts'
import { Card, cylinder } from './svg-card.ts'
import { edgeLabel, edgePath } from './svg-edges.ts'
import { n, sizes } from './svg-style.ts'
import { fitText, textWidth } from './text-width.ts'

const inset = 24
const [labelHeight, chipHeight, chipGap] = [40, 24, 8]
const holdsWidth = 124

/** What is drawn in one frame: sub-topologies that no edge joins to others, with what they keep. */
export class Panel {
  readonly layout: Layout
  readonly #plan: TopologyPlan
  readonly #parts: readonly DescribedPart[]
  readonly #cards: ReadonlyMap<string, Card>

  private constructor(plan: TopologyPlan, parts: readonly DescribedPart[], nodes: ReadonlySet<string>) {
    this.#plan = { ...plan, nodes: new Map([...plan.nodes].filter(([name]) => nodes.has(name))) }
    this.#parts = parts
    const stores = parts.flatMap((part) => part.stores)
    this.#cards = new Map(
      [...this.#plan.nodes].map(([name, node]) => [
        name,
        new Card(
          plan,
          node,
          stores.filter((store) => store.node === name),
        ),
      ]),
    )
    this.layout = layoutPlan(this.#plan, (name) => this.#cards.get(name)!.size())
  }

  /** The panels of a plan, in the order of its sub-topologies. */
  static all(plan: TopologyPlan, parts: readonly DescribedPart[]): Panel[] {
    return joined(plan).map(
      (nodes) =>
        new Panel(
          plan,
          parts.filter((part) => part.nodes.some((name) => nodes.has(name))),
          nodes,
        ),
    )
  }

  /** The width that its graph and its frame need. */
  get width(): number {
    return this.layout.width + 2 * inset
  }

  height(width: number): number {
    const { rows } = this.#chips(width)
    const kept = rows === 0 ? 0 : 22 + rows * (chipHeight + chipGap) - chipGap
    return labelHeight + this.layout.height + kept + inset
  }

  draw(width: number): string {
    const { boxes, edges, height } = this.layout
    return [
      `<rect class="panel" width="${n(width)}" height="${n(this.height(width))}" rx="16"/>`,
      `<text class="part" x="${inset}" y="22">${xmlText(fitText(this.#label(), 11, width - 2 * inset, true))}</text>`,
      `<g transform="translate(${inset} ${labelHeight})">`,
      ...edges.map(edgePath),
      ...boxes.map((box) => this.#cards.get(box.name)!.draw(box)),
      ...edges.map(edgeLabel),
      '</g>',
      this.#keeps(width, labelHeight + height + 22),
    ].join('\n')
  }

  /** Whether some edge is that of a side output, and whether rows are looked up along one. */
  get looks(): { readonly side: boolean; readonly looked: boolean } {
    const { edges } = this.layout
    return {
      side: edges.some(({ output }) => output !== undefined),
      looked: edges.some(({ table }) => table !== undefined),
    }
  }

  #label(): string {
    const number = this.#plan.subTopologies.length > 1
    return this.#parts
      .map((part) => (number ? `Sub-topology ${part.number}: ${taskText(part)}` : capital(taskText(part))))
      .join(' · ')
  }

  #keeps(width: number, top: number): string {
    const { chips } = this.#chips(width)
    if (chips.length === 0) return ''
    return [
      `<path class="rule" d="M${inset} ${n(top - 10)} H${n(width - inset)}"/>`,
      ...chips.map(({ topic, first, text, x, y, room }) =>
        [
          first
            ? `<text class="holds" x="${inset}" y="${n(top + y + 16)}">${xmlText(topic.holds)}</text>`
            : '',
          `<g transform="translate(${n(x)} ${n(top + y)})"><title>${xmlText(`${topic.name}: ${topic.holds} of ${topic.of}`)}</title>`,
          `<rect class="chip" width="${n(room)}" height="${chipHeight}" rx="12"/>`,
          cylinder('state-icon', 9, 6),
          `<text class="topic" x="27" y="16">${xmlText(text)}</text></g>`,
        ].join(''),
      ),
    ].join('\n')
  }

  /** Where the topics stand that it keeps: a row for each kind, and more where they do not fit. */
  #chips(width: number): { readonly chips: readonly Chip[]; readonly rows: number } {
    const chips: Chip[] = []
    const byKind = Map.groupBy(topicsOnce(this.#parts), ({ holds }) => holds)
    const left = inset + holdsWidth
    let row = 0
    for (const topics of byKind.values()) {
      let x = left
      for (const [index, topic] of topics.entries()) {
        const text = fitText(topic.name, sizes.chip, width - inset - left - 40)
        const room = Math.ceil(textWidth(text, sizes.chip)) + 40
        if (index > 0 && x + room > width - inset) {
          x = left
          row++
        }
        chips.push({ topic, first: index === 0, text, x, y: row * (chipHeight + chipGap), room })
        x += room + chipGap
      }
      row++
    }
    return { chips, rows: row }
  }
}

interface Chip {
  readonly topic: InternalTopic
  readonly first: boolean
  readonly text: string
  readonly x: number
  readonly y: number
  readonly room: number
}

function topicsOnce(parts: readonly DescribedPart[]): InternalTopic[] {
  const all = parts.flatMap(({ internalTopics }) => internalTopics)
  return [...new Map(all.map((topic) => [topic.name, topic])).values()]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The nodes by what edges join, whatever goes along them. */
function joined(plan: TopologyPlan): ReadonlySet<string>[] {
  let groups = [...plan.nodes.keys()].map((name) => new Set([name]))
  for (const { from, to } of edgesOf(plan)) {
    const [one, other] = [from, to].map((name) => groups.find((group) => group.has(name))!)
    if (one === other) continue
    const both = new Set([...one!, ...other!])
    groups = groups.flatMap((group) => (group === one ? [both] : group === other ? [] : [group]))
  }
  return groups
}
