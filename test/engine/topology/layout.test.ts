import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { describeSvg } from '../../../engine/topology/describe-svg.ts'
import { spread } from '../../../engine/topology/layout-spread.ts'
import { layoutPlan } from '../../../engine/topology/layout.ts'
import { fitText, textWidth, wrapText } from '../../../engine/topology/text-width.ts'
import { partsOf, planText } from './kit.ts'

/** Graphs of 3 to 25 nodes: each processor and sink reads one to three of the nodes before it. */
const graph = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.array(fc.nat(1000), { minLength: 1, maxLength: 3 }), { maxLength: 13 }),
  )
  .map(([sources, processors]) => {
    const names = Array.from({ length: sources }, (_, n) => `s${n}`)
    const lines = processors.map((picks, n) => {
      const from = [...new Set(picks.map((pick) => names[pick % names.length]))]
      names.push(`p${n}`)
      return `  p${n}: { type: throttle, from: [${from.join(', ')}], rate: 1 }`
    })
    const text = lines.join('\n')
    const unread = names.filter((name) => !new RegExp(`[\\[ ]${name}[,\\]]`).test(text))
    return `name: x
sources:
${names
  .filter((name) => name.startsWith('s'))
  .map((name) => `  ${name}: { type: topic, topic: ${name}, format: json }`)
  .join('\n')}
${lines.length > 0 ? `processors:\n${text}` : ''}
sinks:
${unread.map((name) => `  k${name}: { type: console, from: ${name} }`).join('\n')}
`
  })

describe('layout', () => {
  test('no box stands on another, all are on the sheet, and edges go to the right', () => {
    fc.assert(
      fc.property(graph, (text) => {
        const plan = planText(text)
        const { boxes, edges, width, height } = layoutPlan(plan, (name) => ({
          width: 100,
          height: 40 + name.length * 9,
        }))
        expect(boxes).toHaveLength(plan.nodes.size)
        for (const [index, a] of boxes.entries()) {
          expect(a.x).toBeGreaterThanOrEqual(0)
          expect(a.y).toBeGreaterThanOrEqual(-1e-6)
          expect(a.x + a.width).toBeLessThanOrEqual(width + 1e-6)
          expect(a.y + a.height).toBeLessThanOrEqual(height + 1e-6)
          for (const b of boxes.slice(index + 1)) {
            const apart =
              a.x + a.width <= b.x ||
              b.x + b.width <= a.x ||
              a.y + a.height <= b.y + 1e-6 ||
              b.y + b.height <= a.y + 1e-6
            expect(apart).toBe(true)
          }
        }
        for (const { points } of edges) {
          for (const [index, point] of points.slice(1).entries())
            expect(point.x).toBeGreaterThanOrEqual(points[index]!.x)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('edges pass between boxes, not through them', () => {
    fc.assert(
      fc.property(graph, (text) => {
        const { boxes, edges } = layoutPlan(planText(text), () => ({ width: 100, height: 50 }))
        for (const { points, from, to } of edges) {
          for (const { x, y } of points) {
            const hit = boxes.find(
              (box) => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height,
            )
            expect([undefined, from, to]).toContain(hit?.name)
          }
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('spread keeps the order and the gaps, and stays near to what is wanted', () => {
  const column = fc.array(
    fc.record({ height: fc.integer({ min: 1, max: 50 }), wanted: fc.integer({ min: -300, max: 300 }) }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(column, (all) => {
      const things = all.map(({ height, wanted }) => ({ one: { height, y: 0 }, wanted }))
      spread(things, 10)
      for (const [index, { one }] of things.slice(1).entries()) {
        const above = things[index]!.one
        expect(one.y - above.y).toBeGreaterThanOrEqual((one.height + above.height) / 2 + 10 - 1e-6)
      }
      const [only] = things
      if (things.length === 1) expect(only!.one.y).toBe(only!.wanted)
    }),
  )
})

describe('svg', () => {
  const plan = planText(`name: a-name-of-a-topology-that-goes-on-and-on-and-on
description: ${'Many words about what this is for. '.repeat(20)}
sources: { in: { type: topic, topic: orders.of.all.shops.everywhere.in.the.world.v1, format: json } }
processors:
  unique: { type: dedupe, from: in, by: some.very.deep.path.of.names.in.a.record.id, window: 7d }
  mapped: { type: filter, from: unique, field: a, equals: '<script>&"''' }
sinks:
  a-sink-with-the-longest-name-that-one-may-think-of-in-a-topology: { type: console, from: mapped }
  odd: { type: console, from: unique.conflicts }
`)
  const svg = describeSvg(plan, partsOf(plan))

  test('stands alone, and is well-formed', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg).not.toMatch(/href|@import|url\((?!#)|<script/)
    expect(svg).not.toMatch(/NaN|undefined/)
    const open: string[] = []
    for (const [, close, name, empty] of svg.matchAll(/<(\/?)([a-z]+)(?:[^<>"]|"[^"<]*")*?(\/?)>/gi)) {
      if (close === '/') expect(open.pop()).toBe(name)
      else if (empty !== '/') open.push(name!)
    }
    expect(open).toEqual([])
  })

  test('has every text within its box', () => {
    const sizes: Record<string, [number, boolean]> = {
      name: [15, true],
      type: [11, true],
      set: [12, false],
      state: [12, false],
    }
    const boxes = svg.match(/<g class="\w+" transform="translate\([^<]*<title>[^]*?<\/g>/g)!
    expect(boxes).toHaveLength(5)
    for (const box of boxes) {
      const width = Number(/<rect class="accent" width="([\d.]+)"/.exec(box)![1])
      const texts = [...box.matchAll(/<text class="(\w+)" x="(\d+)" y="(\d+)"[^>]*>([^<]*)</g)]
      expect(texts.length).toBeGreaterThanOrEqual(2)
      for (const [, kind, x, , escaped] of texts) {
        const [size, bold] = sizes[kind!]!
        const text = escaped!.replaceAll(/&(lt|gt|quot|apos|amp);/g, 'x')
        expect(Number(x) + textWidth(text, size, bold)).toBeLessThanOrEqual(width - 10)
      }
    }
  })

  test('is dark where the screen is, and names no color outside of its style', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    expect(svg.replace(/<style>[^]*<\/style>/, '')).not.toMatch(/#[0-9a-f]{6}/)
  })

  test('shows what is kept: state at its node, and the topics of the topology', () => {
    expect(svg).toContain('>ids in time buckets</text>')
    expect(svg).toMatch(/>dead letters<\/text>/)
    const shop = planText(
      `name: shop\nsources: { in: { type: topic, topic: orders, format: json } }
processors: { unique: { type: dedupe, from: in, by: id, window: 7d } }\nsinks: { out: { type: console, from: unique } }`,
    )
    const texts = [...describeSvg(shop, partsOf(shop)).matchAll(/class="topic"[^>]*>([^<]*)</g)]
    expect(texts.map(([, name]) => name)).toEqual([
      'shop.unique.changelog',
      'shop.orders.parked',
      'orders.dlq',
    ])
  })

  test('draws sub-topologies in frames of their own, none over another', () => {
    const two = planText(
      `name: two\nsources: { a: { type: topic, topic: a, format: json }, b: { type: topic, topic: b, format: json } }
sinks: { c: { type: console, from: a }, d: { type: console, from: b } }`,
    )
    const both = describeSvg(two, partsOf(two))
    expect(both).toContain('>Sub-topology 1: a task for each partition of b</text>')
    const frames = [
      ...both.matchAll(/translate\(32 ([\d.]+)\)">\n<rect class="panel"[^>]* height="([\d.]+)"/g),
    ]
    expect(frames).toHaveLength(2)
    const [[, top, height], [, next]] = frames as unknown as [string[], string[]]
    expect(Number(top) + Number(height)).toBeLessThanOrEqual(Number(next))
  })

  test('draws side outputs dashed and with their names', () => {
    expect(svg).toMatch(/class="edge side"[^>]*marker-end="url\(#side-head\)"/)
    expect(svg).toContain('>conflicts</text>')
  })
})

test('long texts end in an ellipsis, and are wrapped', () => {
  expect(fitText('short', 12, 200)).toBe('short')
  expect(fitText('a very long text indeed', 12, 60)).toMatch(/^a very.*…$/)
  expect(wrapText('a b c', 12, 200)).toEqual(['a b c'])
  const lines = wrapText('word '.repeat(100).trim(), 12, 200)
  expect(lines).toHaveLength(3)
  expect(lines[2]).toMatch(/…$/)
})
