import { edgesOf, type Edge } from './describe.ts'
import { topologicalOrder } from './graph.ts'
import { spread } from './layout-spread.ts'
import type { TopologyPlan } from './plan-types.ts'

/** How large a box is. */
export interface BoxSize {
  readonly width: number
  readonly height: number
}

/** A box that has its place. */
export interface PlacedBox extends BoxSize {
  readonly name: string
  readonly x: number
  readonly y: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** A way from one box to another: from the right side of the first, through the gaps, to the left side of the second. */
export interface PlacedEdge extends Edge {
  readonly points: readonly Point[]
}

export interface Layout extends BoxSize {
  readonly boxes: readonly PlacedBox[]
  readonly edges: readonly PlacedEdge[]
}

/** What stands in a layer: a box, or the place where a long edge passes between boxes. */
interface Slot {
  readonly name: string
  readonly layer: number
  readonly height: number
  /** The middle. */
  y: number
  readonly before: Slot[]
  readonly after: Slot[]
}

const gapX = 92
const gapY = 26
const laneHeight = 14

/** Layers from left to right by the longest way from a source; edges pass between the boxes. */
export function layoutPlan(plan: TopologyPlan, sizeOf: (name: string) => BoxSize): Layout {
  const depths = depthsOf(plan)
  const edges = edgesOf(plan)
  const slots = new Map(
    [...plan.nodes.keys()].map((name) => [name, slot(name, depths.get(name)!, sizeOf(name).height)]),
  )
  const chains = edges.map((edge) => chainOf(edge, slots))
  const layers = layersOf([...slots.values(), ...chains.flatMap((chain) => chain.slice(1, -1))])
  orderLayers(layers)
  placeLayers(layers)
  return place(plan, layers, slots, chains, edges, sizeOf)
}

function depthsOf(plan: TopologyPlan): Map<string, number> {
  const nodes = [...plan.nodes.values()].map((node) => ({
    ...node,
    sideOnly: false,
    from: node.from.map((from) => ({ ...from, ...node.position })),
  }))
  const depths = new Map<string, number>()
  for (const { name, from } of topologicalOrder(nodes)) {
    depths.set(name, Math.max(-1, ...from.map(({ node }) => depths.get(node)!)) + 1)
  }
  return depths
}

function slot(name: string, layer: number, height: number): Slot {
  return { name, layer, height, y: 0, before: [], after: [] }
}

/** The slots that an edge runs through, its ends included. */
function chainOf({ from, to }: Edge, slots: ReadonlyMap<string, Slot>): Slot[] {
  const [start, end] = [slots.get(from)!, slots.get(to)!]
  const chain = [start]
  for (let layer = start.layer + 1; layer < end.layer; layer++) chain.push(slot('', layer, laneHeight))
  chain.push(end)
  for (const [index, one] of chain.entries()) {
    if (index > 0) one.before.push(chain[index - 1]!)
    if (index < chain.length - 1) one.after.push(chain[index + 1]!)
  }
  return chain
}

function layersOf(slots: readonly Slot[]): Slot[][] {
  const layers: Slot[][] = []
  for (const one of slots) (layers[one.layer] ??= []).push(one)
  return layers
}

// Barycenters, forth and back: each slot goes to the mean place of those that it is joined to.
function orderLayers(layers: readonly Slot[][]): void {
  for (let round = 0; round < 8; round++) {
    const forward = round % 2 === 0
    const ranks = new Map(
      layers.flatMap((layer) => layer.map((one, index) => [one, index / layer.length] as const)),
    )
    for (const layer of forward ? layers : layers.toReversed()) {
      const wanted = new Map(
        layer.map((one) => [
          one,
          mean((forward ? one.before : one.after).map((other) => ranks.get(other)!)) ?? ranks.get(one)!,
        ]),
      )
      layer.sort((a, b) => wanted.get(a)! - wanted.get(b)!)
      for (const [index, one] of layer.entries()) ranks.set(one, index / layer.length)
    }
  }
}

function placeLayers(layers: readonly Slot[][]): void {
  for (const layer of layers)
    spread(
      layer.map((one) => ({ one, wanted: 0 })),
      gapY,
    )
  for (let round = 0; round < 28; round++) {
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) {
      const neighbors = (one: Slot): Slot[] =>
        round >= 20 ? [...one.before, ...one.after] : round % 2 === 0 ? one.before : one.after
      spread(
        layer.map((one) => ({ one, wanted: mean(neighbors(one).map(({ y }) => y)) ?? one.y })),
        gapY,
      )
    }
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

function place(
  plan: TopologyPlan,
  layers: readonly Slot[][],
  slots: ReadonlyMap<string, Slot>,
  chains: readonly Slot[][],
  edges: readonly Edge[],
  sizeOf: (name: string) => BoxSize,
): Layout {
  const top = Math.min(...layers.flat().map(({ y, height }) => y - height / 2))
  const bottom = Math.max(...layers.flat().map(({ y, height }) => y + height / 2))
  const widths = layers.map((layer) =>
    Math.max(...layer.map(({ name }) => (name === '' ? 0 : sizeOf(name).width))),
  )
  const lefts = widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width + gapX, 0))
  const boxes = [...plan.nodes.keys()].map((name) => {
    const { layer, y, height } = slots.get(name)!
    return { name, x: lefts[layer]!, y: y - height / 2 - top, width: widths[layer]!, height }
  })
  const ways = new Map(edges.map((edge, index) => [edge, chains[index]!]))
  const placed = chains.map((chain, index) => ({
    ...edges[index]!,
    points: pointsOf(chain, edges[index]!, ways).flatMap(({ slot: { layer }, y }, at): Point[] => {
      const left = { x: lefts[layer]!, y: y - top }
      const right = { x: lefts[layer]! + widths[layer]!, y: y - top }
      return at === 0 ? [right] : at === chain.length - 1 ? [left] : [left, right]
    }),
  }))
  return { width: lefts.at(-1)! + widths.at(-1)!, height: bottom - top, boxes, edges: placed }
}

function pointsOf(chain: readonly Slot[], edge: Edge, ways: ReadonlyMap<Edge, readonly Slot[]>) {
  return chain.map((one, at) => {
    const shift = at === 0 ? outShift(edge, ways) : at === chain.length - 1 ? inShift(edge, ways) : 0
    return { slot: one, y: one.y + shift }
  })
}

// Each output of a node has a port of its own on the right side, in the order of the heights at which its edges go on.
function outShift(edge: Edge, ways: ReadonlyMap<Edge, readonly Slot[]>): number {
  const own = [...ways].filter(([{ from }]) => from === edge.from)
  const ports = [...Map.groupBy(own, ([{ output }]) => output)].map(([output, group]) => ({
    output,
    y: mean(group.map(([, chain]) => chain[1]!.y))!,
  }))
  ports.sort((a, b) => a.y - b.y)
  const index = ports.findIndex(({ output }) => output === edge.output)
  return port(index, ports.length, ways.get(edge)![0]!.height)
}

// On the left side each edge has one, in the order of the heights from which they come.
function inShift(edge: Edge, ways: ReadonlyMap<Edge, readonly Slot[]>): number {
  const own = [...ways].filter(([{ to }]) => to === edge.to)
  own.sort(([, a], [, b]) => a.at(-2)!.y - b.at(-2)!.y)
  const index = own.findIndex(([other]) => other === edge)
  return port(index, own.length, ways.get(edge)!.at(-1)!.height)
}

function port(index: number, count: number, height: number): number {
  const step = Math.min(18, (height - 24) / Math.max(1, count - 1))
  return (index - (count - 1) / 2) * step
}
