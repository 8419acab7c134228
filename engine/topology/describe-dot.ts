import { edgesOf, labelOf } from './describe.ts'
import { keySettings } from './node-text.ts'
import type { PlanNode, TopologyPlan } from './plan-types.ts'
import { storeText, taskText, type DescribedPart } from './structure.ts'

const colors = {
  source: ['#e7f0fd', '#2f6fd0'],
  processor: ['#f2edfc', '#7350c7'],
  sink: ['#e6f6ec', '#24885a'],
} as const
const shapes = { source: 'cds', processor: 'box', sink: 'box' } as const

/** The plan in the language of Graphviz: sub-topologies are clusters, stores and the topics that are kept stand in them. */
export function describeDot(plan: TopologyPlan, parts: readonly DescribedPart[]): string {
  const within = new Set(parts.flatMap(({ nodes }) => nodes))
  const outside = [...plan.nodes.keys()].filter((name) => !within.has(name))
  return [
    `digraph ${text(plan.name)} {`,
    `  graph [rankdir=LR, label=${text(plan.name)}, labelloc=t, fontname="Helvetica", fontsize=16]`,
    '  node [fontname="Helvetica", fontsize=11, style="filled,rounded"]',
    '  edge [fontname="Helvetica", fontsize=9, color="#8795a1"]',
    ...parts.flatMap((part) => clusterLines(plan, part)),
    ...outside.map((name) => nodeLine(plan, plan.nodes.get(name)!, '  ')),
    ...edgesOf(plan).map((edge) => {
      const label = labelOf(edge)
      const look =
        edge.table === undefined ? 'style=dashed, color="#b7791f"' : 'style=dotted, color="#7350c7"'
      const side = label === undefined ? '' : ` [${look}, label=${text(label)}]`
      return `  ${id(edge.from)} -> ${id(edge.to)}${side}`
    }),
    '}',
  ].join('\n')
}

function clusterLines(plan: TopologyPlan, part: DescribedPart): string[] {
  const kept = part.internalTopics.map(({ name, holds }) => `${name}: ${holds}`)
  const label = [`sub-topology ${part.number}: ${taskText(part)}`, ...kept].map((one) => `${escaped(one)}\\l`)
  return [
    `  subgraph cluster_${part.number} {`,
    `    graph [label="${label.join('')}", labeljust=l, fontsize=10, style=rounded, color="#b9c4ce"]`,
    ...part.nodes.map((name) => nodeLine(plan, plan.nodes.get(name)!, '    ')),
    ...part.stores.flatMap((store) => [
      `    ${id(`store ${store.name}`)} [label=${lines([store.name, storeText(store)])}, shape=cylinder, style=filled, fillcolor="#f4f6f9", color="#7b8894"]`,
      `    ${id(store.node)} -> ${id(`store ${store.name}`)} [dir=none, style=dotted]`,
    ]),
    '  }',
  ]
}

function nodeLine(plan: TopologyPlan, node: PlanNode, indent: string): string {
  const [fill, line] = colors[node.kind]
  const label = lines([node.name, node.type, ...keySettings(plan, node)])
  return `${indent}${id(node.name)} [label=${label}, shape=${shapes[node.kind]}, fillcolor="${fill}", color="${line}"]`
}

function id(name: string): string {
  return text(name)
}

function lines(rows: readonly string[]): string {
  return `"${rows.map(escaped).join('\\n')}"`
}

function text(content: string): string {
  return `"${escaped(content)}"`
}

function escaped(content: string): string {
  return content.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
