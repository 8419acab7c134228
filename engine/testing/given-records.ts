import type { ValueEncoder } from '../component/codec.ts'
import type { OutgoingRecord } from '../component/contracts/log.ts'
import type { Schemas } from '../component/contracts/sink.ts'
import { permanentError } from '../errors.ts'
import { topicsOf } from '../topology/plan-graph.ts'
import type { PlanNode, SourceNode, TopologyPlan } from '../topology/plan-types.ts'
import type { GivenRecord } from './case-schema.ts'
import { encodeTyped, encodeVersion } from './given-types.ts'
import type { Place } from './place.ts'

/** The sources that a record may be for, where it names none: not those of the topology's own topics, which it writes itself. */
export function outerSources({ nodes, ownTopics }: TopologyPlan): SourceNode[] {
  const own = new Set(ownTopics.map(({ source }) => source))
  return [...nodes.values()].filter((node) => node.kind === 'source').filter(({ name }) => !own.has(name))
}

/** The source that a record is for: the one it names, or the only one. */
export function sourceOf(plan: TopologyPlan, name: string | undefined): SourceNode {
  return name === undefined ? outerSources(plan)[0]! : (plan.nodes.get(name) as SourceNode)
}

/** When a record is written, given the beginning of its case: milliseconds since 1970; undefined = now. */
export function momentOf({ at }: Pick<GivenRecord, 'at'>, begin: number): number | undefined {
  return at instanceof Date ? at.getTime() : at === undefined ? undefined : begin + at
}

/**
 * The plan with sources that all read topics, from the first record on: a case says what comes in, whatever they would have
 * read it from, and wherever they would have begun.
 */
export function readingTopics(plan: TopologyPlan): TopologyPlan {
  const nodes = [...plan.nodes].map(([name, node]): [string, PlanNode] => {
    if (node.kind !== 'source') return [name, node]
    const topics = topicsOf(plan, node)
    const definition: SourceNode['definition'] = {
      ...node.definition,
      open: (_config, { log, group }) => log.read(group, topics),
    }
    return [name, { ...node, definition }]
  })
  return { ...plan, nodes: new Map(nodes) }
}

/** A given record as it is written. Throws a permanent error for a value that does not fit its schema. */
export async function encodeGiven(
  given: GivenRecord,
  options: {
    readonly plan: TopologyPlan
    readonly schemas: Schemas
    readonly versions: Place['versions']
    readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    /** When it is written, milliseconds since 1970. */
    readonly moment: number
  },
): Promise<OutgoingRecord> {
  const source = sourceOf(options.plan, given.source)
  const { key, partition } = given
  const topic = given.topic ?? topicsOf(options.plan, source)[0]!
  return {
    topic,
    key: key === null || key === undefined ? null : Buffer.from(key),
    value: await valueOf(given, source, topic, options),
    headers: Object.entries(given.headers).map(([name, text]) => ({ name, value: Buffer.from(text) })),
    timestamp: given.timestamp ?? options.moment,
    ...(partition !== undefined && { partition }),
  }
}

async function valueOf(
  given: GivenRecord,
  source: SourceNode,
  topic: string,
  { schemas, versions, values }: Parameters<typeof encodeGiven>[1],
): Promise<Uint8Array | null> {
  if (given.text !== undefined) return Buffer.from(given.text)
  if (given.bytes !== undefined) return Buffer.from(given.bytes.replace(/^0x/, ''), 'hex')
  const base = given.like === undefined ? undefined : values[given.like]
  const value = base === undefined ? given.value : merged(base, given.value)
  if (value === null) return null
  const { name, types } = await source.definition.codec(source.config, schemas)
  if (types !== undefined) {
    const newest = (type: string): Promise<ValueEncoder> => schemas.encoder(type, topic)
    if (given.version === undefined) return encodeTyped(value, given.schema, types.names, newest)
    const wanted = { version: given.version, schema: given.schema, names: types.names }
    return encodeVersion(value, wanted, (type) => versions(type, topic))
  }
  for (const field of ['schema', 'version'] as const)
    if (given[field] !== undefined)
      throw permanentError('RECORD_INVALID', `The source ${source.name} reads ${name}: leave ${field} out.`)
  if (name === 'json') return Buffer.from(JSON.stringify(value))
  if (typeof value === 'string') return Buffer.from(value)
  throw permanentError(
    'RECORD_INVALID',
    `The source ${source.name} reads ${name}: give its records a text or bytes.`,
  )
}

/** The base with the fields that are given; mappings in it likewise. */
function merged(base: Readonly<Record<string, unknown>>, given: unknown): unknown {
  if (given === undefined) return base
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  const fields = Object.entries(given).map(([name, field]) => {
    const before = base[name]
    const mapping = typeof before === 'object' && before !== null && !Array.isArray(before)
    return [name, mapping ? merged(before as Readonly<Record<string, unknown>>, field) : field] as const
  })
  return { ...base, ...Object.fromEntries(fields) }
}
