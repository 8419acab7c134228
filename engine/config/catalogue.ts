import { z } from 'zod'
import { compatibilityModes, defaultMode } from '../component/compatibility.ts'
import { ByteSize, Duration, TopicName } from '../component/fields.ts'
import { MillraceError } from '../errors.ts'
import { problemsOf } from './issue-text.ts'
import { configErrors } from './problems.ts'
import { parseYaml, readYamlFile, type YamlFile } from './yaml-file.ts'

const minute = 60_000

const Topic = z.strictObject({
  description: z.string().optional().meta({ description: 'What is in it.' }),
  owner: z.string().optional().meta({ description: 'Whom to ask about it.' }),
  types: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({
      description: 'The full names of the records in it, each with all its versions.',
      examples: [['shop.orders.OrderPaid']],
    }),
  groups: z
    .array(z.string().min(1))
    .optional()
    .meta({ description: 'The consumer groups that read it: names of topologies, and of others.' }),
  classification: z
    .enum(['public', 'internal', 'confidential', 'personal'])
    .optional()
    .meta({ description: 'Who may see what is in it; `personal` where it tells of persons.' }),
  priority: z
    .enum(['critical', 'normal', 'bulk'])
    .optional()
    .meta({ description: 'What comes first where not everything can: for people who plan, and on call.' }),
  key: z.string().optional().meta({ description: 'The field whose value is the key of its records.' }),
  sequence: z
    .string()
    .optional()
    .meta({
      description:
        'The field that numbers the records of a key: producers refuse a number that is not above the last one.',
      examples: ['metadata.sessionSeq'],
    }),
  rate: z.number().positive().optional().meta({ description: 'Records per second, at the peak: for lint.' }),
  redelivery: Duration.optional().meta({
    description:
      'The longest time after which a producer sends a record again: its delivery time-out, the age of its spool. For lint.',
    examples: ['7d'],
  }),
  partitions: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .meta({ description: 'How many partitions (default: as the environment says).' }),
  replication: z.int().min(1).max(32).optional().meta({
    description: 'On how many brokers each partition is kept (default: as the environment says).',
  }),
  minInsync: z.int().min(1).max(32).optional().meta({
    description: '`min.insync.replicas` (default: as the environment says).',
  }),
  retention: z
    .union([z.literal('forever'), Duration.refine((ms) => ms >= minute, 'expected at least 1m')])
    .optional()
    .meta({ description: 'How long records are kept: a duration, or `forever`.', examples: ['7d'] }),
  lintAllow: z
    .record(
      z.string().regex(/\.avsc$/, 'expected the name of a file, such as OrderPaid.v1.avsc'),
      z.record(
        z.string().regex(/^MS\d{3}$/, 'expected the code of a rule, such as MS010'),
        z.string().trim().min(1),
      ),
    )
    .optional()
    .meta({
      description:
        'Findings of `millrace schemas lint` that stay as they are in versions that are in use: by the file of the version and the code of the rule, the reason.',
      examples: [{ 'OrderPaid.v1.avsc': { MS010: 'the ids of the first version are numbers' } }],
    }),
  compatibility: z
    .enum(compatibilityModes)
    .optional()
    .meta({
      description: `What a new version of a schema of the topic has to be for the earlier ones (default: \`${defaultMode}\`).`,
    }),
  cleanup: z.enum(['delete', 'compact', 'compact,delete']).optional().meta({
    description: 'What goes when it is old: records, or all but the last of each key, or both.',
  }),
  compression: z
    .enum(['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])
    .optional()
    .meta({ description: 'How it is kept; `producer` as it was written.' }),
  recordLimit: ByteSize.optional().meta({
    description: '`max.message.bytes`: the largest batch of records, compressed.',
    examples: ['1MiB'],
  }),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .superRefine((settings, context) => {
      for (const name of Object.keys(settings)) {
        const field = elsewhere[name]
        if (field !== undefined)
          context.addIssue({ code: 'custom', path: [name], message: `the field "${field}" says that` })
      }
    })
    .optional()
    .meta({ description: 'Other settings of the topic, by Kafka’s names.' }),
})

/** What has a field of its own, by Kafka’s name. */
const elsewhere: Readonly<Record<string, string>> = {
  'min.insync.replicas': 'minInsync',
  'retention.ms': 'retention',
  'cleanup.policy': 'cleanup',
  'compression.type': 'compression',
  'max.message.bytes': 'recordLimit',
}

/** What the catalogue says of a topic. Durations are milliseconds, sizes bytes. */
export type CatalogueTopic = z.output<typeof Topic>

// Loose on top: who owns what besides topics is of no concern here.
export const catalogueSchema = z
  .looseObject({
    topics: z.record(TopicName, Topic).prefault({}).meta({ description: 'The topics, by name.' }),
  })
  .meta({ title: 'The catalogue of a project of Millrace', description: 'What its topics are meant to be.' })

/** What a catalogue says, and where. */
export interface CatalogueFile {
  readonly topics: ReadonlyMap<string, CatalogueTopic>
  /** The place of a key, by the names that lead to it: `topics`, a topic and so on. */
  readonly keyPlace: YamlFile['keyPlace']
}

/** Reads `schemas/catalogue.yaml`, with places. Empty and rejecting as `readCatalogue`. */
export async function openCatalogue(path: string): Promise<CatalogueFile> {
  const yaml = await readYamlFile(path, {}).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (yaml === undefined) return { topics: new Map(), keyPlace: () => ({ line: 1, column: 1 }) }
  return { topics: topicsIn(path, yaml), keyPlace: (at) => yaml.keyPlace(at) }
}

/**
 * Reads `schemas/catalogue.yaml`: by topic, what it is meant to be. Empty where there is no such file. Rejects with
 * CONFIG_INVALID for one that is wrong.
 */
export async function readCatalogue(path: string): Promise<ReadonlyMap<string, CatalogueTopic>> {
  return (await openCatalogue(path)).topics
}

/** The same for a text that is at hand; `path` is what problems call it. Throws CONFIG_INVALID for one that is wrong. */
export function readCatalogueText(path: string, text: string): ReadonlyMap<string, CatalogueTopic> {
  return topicsIn(path, parseYaml(path, text, {}))
}

function topicsIn(path: string, yaml: YamlFile): ReadonlyMap<string, CatalogueTopic> {
  if (yaml.problems.length > 0) throw configErrors(yaml.problems)
  const parsed = catalogueSchema.safeParse(yaml.value ?? {})
  if (parsed.success) return new Map(Object.entries(parsed.data.topics))
  const context = {
    schema: catalogueSchema,
    root: yaml.value,
    whole: 'the catalogue',
    types: { sources: [], processors: [], sinks: [] },
    secret: () => false,
  }
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, context))
  throw configErrors(
    problems.map(({ path: at, onKey, message }) => ({
      file: path,
      ...(onKey ? yaml.keyPlace(at) : yaml.place(at)),
      message,
    })),
  )
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof MillraceError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
  )
}
