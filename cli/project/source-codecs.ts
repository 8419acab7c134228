import type { ValueCodec } from '../../engine/component/codec.ts'
import type { PackedRecords } from '../../engine/component/packed-records.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { Project } from './project.ts'

/** How the values of the topics that a topology reads are encoded, by topic. */
export async function codecsOf(
  plan: TopologyPlan,
  { schemas }: Pick<Project, 'schemas'>,
): Promise<Map<string, ValueCodec>> {
  const codecs = new Map<string, ValueCodec>()
  for (const node of plan.nodes.values()) {
    if (node.kind !== 'source') continue
    const codec = await node.definition.codec(node.config, schemas)
    for (const topic of node.definition.topics(node.config, { topology: plan.name, node: node.name }))
      codecs.set(topic, codec)
  }
  return codecs
}

/**
 * Which rows of a run are of a record type that their source passes over. Rows of which that cannot be told are not: the graph
 * says what is wrong with them.
 */
export async function otherTypes(
  codec: ValueCodec | undefined,
  records: PackedRecords,
): Promise<(row: number) => boolean> {
  if (codec?.takes === undefined) return () => false
  await codec.prepare(records)
  return (row) => {
    const start = records.valueStarts[row]!
    try {
      return start >= 0 && codec.takes!(records.bytes, start, records.valueEnds[row]!) === false
    } catch {
      return false
    }
  }
}
