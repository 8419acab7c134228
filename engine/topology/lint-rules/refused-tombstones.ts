import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import type { PlanGraph } from '../plan-graph.ts'
import type { PlanNode, SinkNode } from '../plan-types.ts'

/** ML045 */
export const refusedTombstones: LintRule = {
  code: 'ML045',
  title: 'Sessions taken back where nobody can',
  severity: 'error',
  explanation:
    'An `aggregate` of sessions with `emit: update` takes a window back when its session has grown: by a tombstone, whose key ' +
    'is that of the window. A `table` sink has no columns for a record without value, and a `topic` sink with `key` finds no field ' +
    'in it: both would refuse it, and the window would stay.',
  remedy:
    'Write to a topic under the key that the records have (no `key` in the sink; a compacted topic then holds the sessions that ' +
    'there are), or say `emit: close`.',
  example: {
    topology: `name: visits
sources: { views: { type: topic, topic: page-views, format: json } }
processors:
  visit: { type: aggregate, from: views, window: { session: 10m, idle: 1m }, fields: { pages: count } }
sinks:
  out: { type: table, from: visit, table: visits }
  late: { type: console, from: visit.late }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('aggregate')) {
      const { window, emit } = node.config as {
        readonly window?: { readonly session?: number }
        readonly emit: string
      }
      if (window?.session === undefined || emit !== 'update') continue
      for (const sink of behind(graph, node).filter(refuses)) {
        yield {
          node: sink.name,
          field: sink.type === 'table' ? 'table' : 'key',
          message:
            `"${node.name}" takes sessions back that have grown, and "${sink.name}" takes no tombstones: ` +
            (sink.type === 'table'
              ? 'write to a topic, or say emit: close.'
              : 'leave the key as it is, or say emit: close.'),
        }
      }
    }
  },
}

function refuses({ type, config }: SinkNode): boolean {
  return type === 'table' || (type === 'topic' && config.key !== undefined)
}

/** The sinks that what the node sends comes to, if nothing on the way filters tombstones out. */
function behind(graph: PlanGraph, node: PlanNode): SinkNode[] {
  return graph.readers(node.name, undefined).flatMap((reader) => {
    if (reader.kind === 'sink') return [reader]
    return reader.kind === 'processor' && reader.type === 'filter' ? [] : behind(graph, reader)
  })
}
