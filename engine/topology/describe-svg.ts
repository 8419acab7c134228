import { durationText } from './lint-rule.ts'
import { xmlText } from './lint-format.ts'
import type { TopologyPlan } from './plan-types.ts'
import type { DescribedPart } from './structure.ts'
import { arrowHeads } from './svg-edges.ts'
import { Panel } from './svg-panel.ts'
import { n, sizes, style } from './svg-style.ts'
import { fitText, textWidth, wrapText } from './text-width.ts'

const { margin } = sizes
const between = 20

/**
 * The plan as a drawing: layers from left to right, side outputs dashed, each sub-topology in a frame of its own with the
 * topics that it keeps. Stands alone, without any other file; dark where the reader's screen is.
 */
export function describeSvg(plan: TopologyPlan, parts: readonly DescribedPart[]): string {
  const panels = Panel.all(plan, parts)
  const inner = Math.max(
    520,
    ...panels.map(({ width }) => width),
    Math.min(720, textWidth(plan.name, 24, true)),
  )
  const about = plan.description === '' ? [] : wrapText(plan.description, 14, inner)
  const lines = [...about, fitText(factsOf(plan), 14, inner)]
  const width = inner + 2 * margin
  let y = margin + 34 + lines.length * 21 + 14
  const drawn = panels.map((panel) => {
    const group = `<g transform="translate(${margin} ${n(y)})">\n${panel.draw(inner)}\n</g>`
    y += panel.height(inner) + between
    return group
  })
  const height = y + 12 + margin
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" aria-labelledby="title">`,
    `<title id="title">${xmlText(plan.name)}</title>`,
    `<style>${style}</style>`,
    arrowHeads,
    `<rect class="page" width="100%" height="100%" rx="20"/>`,
    `<text class="title" x="${margin}" y="${margin + 20}">${xmlText(fitText(plan.name, 24, inner, true))}</text>`,
    ...lines.map(
      (line, index) =>
        `<text class="about" x="${margin}" y="${margin + 48 + index * 21}">${xmlText(line)}</text>`,
    ),
    ...drawn,
    legend(plan, panels, y + 16),
    '</svg>',
    '',
  ].join('\n')
}

function factsOf({ delivery, errors, commitInterval }: TopologyPlan): string {
  const tries = `${errors.attempts} ${errors.attempts === 1 ? 'attempt' : 'attempts'}, then ${errors.then}`
  return `${delivery} · commits every ${durationText(commitInterval)} · ${tries}`
}

function legend(plan: TopologyPlan, panels: readonly Panel[], y: number): string {
  const kinds = (['source', 'processor', 'sink'] as const).filter((kind) =>
    [...plan.nodes.values()].some((node) => node.kind === kind),
  )
  let x: number = margin
  const parts = kinds.map((kind) => {
    const part = `<g class="${kind}"><rect class="accent" x="${n(x)}" y="${n(y - 10)}" width="12" height="12" rx="4"/></g><text class="legend" x="${n(x + 19)}" y="${n(y)}">${kind}</text>`
    x += 19 + textWidth(kind, sizes.set) + 20
    return part
  })
  for (const [look, words] of [
    ['side', 'side output'],
    ['looked', 'joined as a table'],
  ] as const) {
    if (!panels.some(({ looks }) => looks[look])) continue
    parts.push(
      `<path class="edge ${look}" d="M${n(x)} ${n(y - 4)} h26"/><text class="legend" x="${n(x + 33)}" y="${n(y)}">${words}</text>`,
    )
    x += 33 + textWidth(words, sizes.set) + 20
  }
  return parts.join('')
}
