import { durationText } from './lint-rule.ts'
import { keySettings } from './node-text.ts'
import { globalTables } from './plan-facts.ts'
import type { OutputRef, PlanNode, TopologyPlan } from './plan-types.ts'
import { keptLines, storeText, taskText, type DescribedPart } from './structure.ts'

/** One way that records take: from an output of a node into another node. */
export interface Edge {
  readonly from: string
  /** undefined = the main output. */
  readonly output: string | undefined
  readonly to: string
  /** Set where no records go that way, but rows are looked up. */
  readonly table?: OutputRef['table']
}

/** All edges of a plan, in the order of the file. */
export function edgesOf(plan: TopologyPlan): Edge[] {
  return [...plan.nodes.values()].flatMap(({ name, from }) =>
    from.map(({ node, output, table }: OutputRef) => ({
      from: node,
      output,
      to: name,
      ...(table && { table }),
    })),
  )
}

/** The plan as a tree of lines: every source with what comes of its records; then what is set, and what is kept. */
export function describeText(plan: TopologyPlan, parts: readonly DescribedPart[] = []): string {
  const edges = edgesOf(plan)
  const shown = new Set<string>()
  const lines: string[] = [plan.name + (plan.description === '' ? '' : `: ${plan.description}`)]

  const branch = (name: string, label: string, prefix: string, inner: string): void => {
    const node = plan.nodes.get(name)!
    const again = shown.has(name)
    lines.push(`${prefix}${label}${nodeLine(plan, node)}${again && hasReaders(name) ? ' (as above)' : ''}`)
    if (again) return
    shown.add(name)
    const next = edges.filter(({ from }) => from === name)
    for (const [index, edge] of next.entries()) {
      const last = index === next.length - 1
      branch(
        edge.to,
        labelOf(edge) === undefined ? '' : `[${labelOf(edge)}] `,
        `${inner}${last ? '└─ ' : '├─ '}`,
        `${inner}${last ? '   ' : '│  '}`,
      )
    }
  }
  const hasReaders = (name: string): boolean => edges.some(({ from }) => from === name)
  for (const { number, sources } of plan.subTopologies) {
    lines.push('')
    if (plan.subTopologies.length > 1) lines.push(`sub-topology ${number}`)
    for (const source of sources) branch(source, '', '', '')
  }
  const globals = globalTables(plan)
  if (globals.length > 0) lines.push('')
  for (const source of globals) branch(source, '', '', '')
  return [...lines, '', ...settingLines(plan), ...keptLines(parts)].join('\n')
}

/** What is said at an edge that is no main output. */
export function labelOf({ output, table }: Edge): string | undefined {
  if (table === undefined) return output
  return table === 'global' ? 'global table' : 'table'
}

function nodeLine(plan: TopologyPlan, node: PlanNode): string {
  const settings = keySettings(plan, node)
  const kind = node.kind === 'processor' ? node.type : `${node.type} ${node.kind}`
  return `${node.name} (${[kind, ...settings].join(', ')})`
}

function settingLines({ errors, budget, commitInterval, delivery }: TopologyPlan): string[] {
  const mib = (bytes: number): string => `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`
  const { attempts, within, then, backoff, nodes } = errors
  const limit = within === undefined ? '' : ` within ${durationText(within)}`
  return [
    `errors   ${attempts} attempts${limit}, waits of ${durationText(backoff.first)} to ${durationText(backoff.longest)}, then ${then}`,
    ...Object.entries(nodes).map(([node, own]) => `         ${node}: ${ownLimits(own)}`),
    `budget   ${mib(budget.partitionBytes)} for each partition, ${mib(budget.totalBytes)} in all`,
    `commit   every ${durationText(commitInterval)}, ${delivery}`,
  ]
}

function ownLimits({
  attempts,
  within,
  answerWithin,
  backoff,
}: TopologyPlan['errors']['nodes'][string]): string {
  const parts = [
    attempts !== undefined && `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    within !== undefined && `within ${durationText(within)}`,
    backoff && `waits of ${durationText(backoff.first)} to ${durationText(backoff.longest)}`,
    answerWithin !== undefined && `answers within ${durationText(answerWithin)}`,
  ]
  return parts.filter((part) => part !== false && part !== undefined).join(', ')
}

/** The plan as a flowchart of mermaid, which GitHub draws. */
export function describeMermaid(plan: TopologyPlan, parts: readonly DescribedPart[] = []): string {
  const ids = new Map([...plan.nodes.keys()].map((name, index) => [name, `n${index}`]))
  const stores = parts.flatMap((part) => part.stores)
  const line = (node: PlanNode): string => {
    const kept = stores
      .filter((store) => store.node === node.name)
      .map((store) => `state: ${storeText(store)}`)
    return `  ${ids.get(node.name)}${mermaidNode(plan, node, kept)}:::${node.kind}`
  }
  const framed = parts.length > 1 ? parts : []
  const frames = framed.flatMap((part) => [
    `  subgraph s${part.number}["sub-topology ${part.number}: ${mermaidText(taskText(part))}"]`,
    ...part.nodes.map((name) => `  ${line(plan.nodes.get(name)!)}`),
    '  end',
  ])
  const within = new Set(framed.flatMap((part) => part.nodes))
  const nodes = [...frames, ...[...plan.nodes.values()].filter(({ name }) => !within.has(name)).map(line)]
  const edges = edgesOf(plan).map((edge) => {
    const label = labelOf(edge)
    const arrow = label === undefined ? '-->' : `-. ${mermaidText(label)} .->`
    return `  ${ids.get(edge.from)} ${arrow} ${ids.get(edge.to)}`
  })
  return [
    'flowchart LR',
    ...nodes,
    ...edges,
    '  classDef source fill:#e7f0fd,stroke:#2f6fd0,color:#1b2733',
    '  classDef processor fill:#f2edfc,stroke:#7350c7,color:#1b2733',
    '  classDef sink fill:#e6f6ec,stroke:#24885a,color:#1b2733',
  ].join('\n')
}

function mermaidNode(plan: TopologyPlan, node: PlanNode, kept: readonly string[]): string {
  const [open, close] =
    node.kind === 'source' ? ['([', '])'] : node.kind === 'sink' ? ['[(', ')]'] : ['[', ']']
  const details = [node.type, ...keySettings(plan, node), ...kept].map(mermaidText)
  return `${open}"<b>${mermaidText(node.name)}</b><br/>${details.join('<br/>')}"${close}`
}

function mermaidText(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._,:/-]/gu, (character) => `#${character.codePointAt(0)};`)
}

/** The plan as plain values, for programs. Durations are milliseconds, sizes bytes. */
export function describeJson(
  plan: TopologyPlan,
  subTopologies: readonly DescribedPart[],
): Record<string, unknown> {
  const { name, description, file, delivery, errors, budget, commitInterval } = plan
  const nodes = [...plan.nodes.values()].map((node) => ({
    name: node.name,
    kind: node.kind,
    type: node.type,
    from: node.from.map(({ node: from, output, table }) => ({
      node: from,
      ...(output !== undefined && { output }),
      ...(table !== undefined && { table }),
    })),
    outputs: node.kind === 'processor' ? (node.definition.outputs?.(node.config) ?? []) : [],
    config: node.config,
    line: node.position.line,
  }))
  const commitIntervalMs = commitInterval
  return { name, description, file, delivery, nodes, subTopologies, errors, budget, commitIntervalMs }
}
