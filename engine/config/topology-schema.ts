import { z } from 'zod'
import type { ComponentDefinition, Registry } from '../component/define.ts'
import { ByteSize, Duration } from '../component/fields.ts'
import { fatalError } from '../errors.ts'
import { Errors } from './errors-schema.ts'

const NodeName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    'expected a name: a letter, then letters, digits, "-" and "_", at most 64',
  )
  .meta({ description: 'The name of a node, unique in its topology.' })

const Reference = z
  .string()
  .regex(/^[^.\s]+(\.[^.\s]+)?$/, 'expected the name of a node, or node.output for a side output')

const From = z.union([Reference, z.array(Reference).min(1)]).meta({
  description: 'The node whose records it gets, or `node.output` for a side output, or a list of those.',
})

const least = 64 * 1024
const tooSmall = `expected at least 64KiB`

const Budget = z
  .strictObject({
    partition: ByteSize.refine((bytes) => bytes >= least, tooSmall)
      .prefault('16MiB')
      .meta({
        description: 'Bytes of records of one partition that may be under way.',
      }),
    total: ByteSize.refine((bytes) => bytes >= least, tooSmall)
      .prefault('64MiB')
      .meta({
        description: 'Bytes of records of all partitions of a worker that may be under way.',
      }),
  })
  .refine(({ partition, total }) => partition <= total, {
    path: ['partition'],
    error: 'one partition may hold more than the total',
  })
  .prefault({})
  .meta({ description: 'How much memory records under way may take.' })

const Commit = z
  .strictObject({
    every: Duration.refine((ms) => ms >= 10 && ms <= 60_000, 'expected 10ms to 1m')
      .prefault('200ms')
      .meta({
        description: 'The time between commits of progress.',
      }),
    foreignMetadata: z
      .enum(['stop', 'ignore'])
      .prefault('stop')
      .meta({
        description:
          'What to do where the metadata of a committed offset was written by another program, or by a newer Millrace: ' +
          '`stop`, or `ignore` it and process again what was settled beyond the offset.',
      }),
  })
  .prefault({})
  .meta({ description: 'When progress is committed.' })

const Delivery = z
  .enum(['at-least-once', 'exactly-once'])
  .prefault('at-least-once')
  .meta({
    description:
      '`exactly-once`: what topic sinks write belongs to the commit that covers the records that it was made of, so that ' +
      'readers of committed records see each effect once. `at-least-once`: it is written at once, and again after a crash.',
  })

const Critical = z
  .boolean()
  .prefault(false)
  .meta({
    description:
      'Its records overtake those of other topologies in the same process, which then take their work in small pieces. Or ' +
      'say it of single topics, in their sources.',
  })

/** The top-level fields of a topology that hold nodes, with the kind of node in each. */
export const sections = { sources: 'source', processors: 'processor', sinks: 'sink' } as const
export type Section = keyof typeof sections
export const sectionNames = Object.keys(sections) as readonly Section[]

/** One zod schema for all topologies that these components allow: for checking, and for the JSON Schema of editors. */
export function topologySchema(registry: Registry) {
  const nodes = (section: Section, description: string) =>
    z.record(NodeName, nodeSchema(section, registry[section])).meta({ description })
  return z
    .strictObject({
      name: z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
          'expected a name: letters, digits, ".", "-" and "_", at most 100',
        )
        .meta({ description: 'The name of the topology, which is its consumer group too.' }),
      description: z.string().prefault('').meta({ description: 'What it does, for people.' }),
      sources: nodes('sources', 'Where records come from.').refine(some, 'name at least one source'),
      processors: nodes('processors', 'What happens to them.').prefault({}),
      sinks: nodes('sinks', 'Where records go.').refine(some, 'name at least one sink'),
      delivery: Delivery,
      critical: Critical,
      errors: Errors,
      budget: Budget,
      commit: Commit,
    })
    .meta({ title: 'Millrace topology' })
}

/** The JSON Schema (draft-07) of topologies, for the YAML language server. */
export function topologyJsonSchema(registry: Registry): Record<string, unknown> {
  const { properties, ...rest } = jsonOf(topologySchema(registry))
  const known = properties as Record<Section, JsonNodes>
  const withOwn = sectionNames.map((section) => {
    const nodes = known[section]
    const oneOf = [...nodes.additionalProperties.oneOf, ownNode(section)]
    return [section, { ...nodes, additionalProperties: { ...nodes.additionalProperties, oneOf } }]
  })
  return { ...rest, properties: { ...known, ...(Object.fromEntries(withOwn) as object) } }
}

interface JsonNodes {
  readonly additionalProperties: { readonly oneOf: readonly unknown[] }
}

/** A node of a component in a file of the project: an editor knows its place, and not its fields. */
function ownNode(section: Section): object {
  const kind = sections[section]
  const type = z
    .string()
    .regex(/^\.{0,2}\/.+\.m?[jt]s$/)
    .meta({ description: `The path of a file with a ${kind} of your own, seen from this file.` })
  const node = z.looseObject(section === 'sources' ? { type } : { type, from: From })
  const { $schema: _, ...schema } = jsonOf(node.meta({ title: `a ${kind} of your own` }))
  return schema
}

function jsonOf(schema: z.ZodType): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }) }
}

function some(nodes: object): boolean {
  return Object.keys(nodes).length > 0
}

function nodeSchema(section: Section, definitions: Readonly<Record<string, ComponentDefinition>>) {
  const options = Object.entries(definitions).map(([name, definition]) => option(section, name, definition))
  return z.discriminatedUnion('type', options as unknown as [z.ZodObject, ...z.ZodObject[]])
}

function option(section: Section, name: string, definition: ComponentDefinition): z.ZodObject {
  const config = definition.config as z.ZodObject
  const taken = ['type', ...(section === 'sources' ? [] : ['from'])].filter((field) => field in config.shape)
  if (taken.length > 0) {
    throw fatalError(
      'CONFIG_INVALID',
      `The component "${name}" may not have a field "${taken[0]}" of its own.`,
    )
  }
  const type = z.literal(name).meta({ description: definition.summary })
  const common: Record<string, z.ZodType> = section === 'sources' ? { type } : { type, from: From }
  const extended = config.safeExtend(common)
  return extended.meta({ title: `${name} (${sections[section]})`, description: definition.summary })
}
