import type { SinkDefinition, SourceDefinition, Through } from '../component/define.ts'
import type { GraphProblem } from './graph.ts'
import type { OwnTopic } from './plan-types.ts'
import type { PlannableNode } from './plannable.ts'

/** How topics are written and read: what a repartition is made of. */
export interface TopicComponents {
  readonly source: SourceDefinition
  readonly sink: SinkDefinition
}

export interface Expanded {
  readonly nodes: readonly PlannableNode[]
  readonly ownTopics: readonly OwnTopic[]
  readonly problems: readonly GraphProblem[]
}

/**
 * Takes each node that sends its records through a topic apart: into a sink (`{node}-in`), which writes the topic, and a
 * source under its own name, which reads it. To the runtime these are nodes like all others.
 */
export function expandThrough(
  topology: string,
  nodes: readonly PlannableNode[],
  topics: TopicComponents | undefined,
): Expanded {
  const names = new Set(nodes.map(({ name }) => name))
  const problems: GraphProblem[] = []
  const ownTopics: OwnTopic[] = []
  const expanded = nodes.flatMap((node): readonly PlannableNode[] => {
    const through = node.kind === 'processor' ? node.definition.through?.(node.config) : undefined
    if (through === undefined) return [node]
    const sink = `${node.name}-in`
    if (topics === undefined || names.has(sink)) {
      problems.push({ ...node.position, message: refusal(node.name, sink, topics) })
      return [node]
    }
    const topic = `${topology}.${node.name}.repartition`
    ownTopics.push({ topic, sink, source: node.name, partitions: through.partitions })
    return pairOf(node, sink, { topic, through, topics })
  })
  return { nodes: expanded, ownTopics, problems }
}

function refusal(name: string, sink: string, topics: TopicComponents | undefined): string {
  if (topics === undefined) return `"${name}" needs the components that read and write topics.`
  return `The node that writes the topic of "${name}" would be "${sink}", and there is one: give that another name.`
}

interface Pair {
  readonly topic: string
  readonly through: Through
  readonly topics: TopicComponents
}

function pairOf(node: PlannableNode, sink: string, { topic, through, topics }: Pair): PlannableNode[] {
  const { name, from, position, fieldPositions } = node
  const { key, schema, partitions } = through
  const values = schema === undefined ? { format: 'json' } : { schema }
  const place = { position, sideOnly: false, type: 'topic', ...(fieldPositions && { fieldPositions }) }
  const into: SinkDefinition = {
    ...topics.sink,
    async open(config, context) {
      await context.log.ensureTopic(topic, { ...(partitions !== undefined && { partitions }) })
      return topics.sink.open(config, context)
    },
  }
  const written = checked(topics.sink, { topic, key, ...values })
  const read = checked(topics.source, { topic, ...values })
  return [
    { ...place, kind: 'sink', name: sink, from, definition: into, config: written },
    { ...place, kind: 'source', name, from: [], definition: topics.source, config: read },
  ]
}

/** The settings with their defaults. */
function checked(component: { readonly config: unknown }, given: object): Record<string, unknown> {
  return (component.config as { parse(given: object): Record<string, unknown> }).parse(given)
}
