import { castFileName, type CastPlace } from '../component/casts.ts'
import type { TableInfo } from '../component/contracts/tables.ts'

/** The type of a value, as far as lint needs it. */
export interface FieldTree {
  /** For people: `string`, `long`, `record audit.User`. */
  readonly type: string
  /** The logical type, such as `timestamp-millis`. */
  readonly logical?: string
  /** The entries of a list. */
  readonly items?: FieldTree
  /** The fields of a record. */
  readonly fields?: ReadonlyMap<string, FieldTree>
  /** True if there may be fields that nobody knows of: a map, a constant, a row of an unknown table. */
  readonly open?: boolean
  /** True if it may be null, or absent in some of the record types. */
  readonly optional?: boolean
  /** True if the schema gives it a default. */
  readonly defaulted?: boolean
  /** Values of several record types: each by its full name. */
  readonly records?: ReadonlyMap<string, FieldTree>
  /** Set where record types contradict each other: the type in one, and that in another. */
  readonly clash?: readonly [string, string]
}

/** What is known of a topic outside of topologies. */
export interface TopicFacts {
  readonly partitions?: number
  /** The field whose value is the key of its records. */
  readonly key?: string
  /** Records per second, at the peak. */
  readonly rate?: number
  /** How long records are kept, milliseconds. */
  readonly retention?: number | 'forever'
  /** `delete`, `compact` or both. */
  readonly cleanup?: string
  /** The longest time after which a producer sends a record again, milliseconds. */
  readonly redelivery?: number
}

/** What is known of a table. */
export interface TableFacts extends TableInfo {
  /** `default_time_to_live`, seconds; 0 or undefined = rows stay. */
  readonly defaultTtl?: number
}

/**
 * What lint knows beside the topology. `undefined` means that nobody knows: rules that would need it stay silent.
 * A name that is certainly not there is told by `schemas` and `tables`.
 */
export interface LintFacts {
  /** The names of all schemas. */
  schemas(): readonly string[] | undefined
  /** The value that a schema describes. */
  schemaFields(schema: string): FieldTree | undefined
  /** The names of all tables. */
  tables(): readonly string[] | undefined
  table(name: string): TableFacts | undefined
  topic(name: string): TopicFacts | undefined
  /** The files of casts between MAJORs beside the schemas. */
  casts(): readonly CastPlace[] | undefined
  /** The files of the project's topologies that have this name. */
  named(name: string): readonly string[]
}

/** Facts of one who knows nothing. */
export const noFacts: LintFacts = {
  schemas: () => undefined,
  schemaFields: () => undefined,
  tables: () => undefined,
  table: () => undefined,
  topic: () => undefined,
  casts: () => undefined,
  named: () => [],
}

/** A field's type by name (`long?` for one that may be null), or a record of such. */
export type FieldData = string | { readonly [name: string]: FieldData }

/** Facts written down, for examples and tests. */
export interface FactsData {
  /** Record name → field → type; `long timestamp-millis` gives a logical type. */
  readonly schemas?: Readonly<Record<string, FieldData>>
  /** Table → columns; a column is `name` (regular), `name!` (partition key) or `name+` (clustering key). */
  readonly tables?: Readonly<Record<string, readonly string[]>>
  /** Tables whose rows expire: their `default_time_to_live`, seconds. */
  readonly expiring?: Readonly<Record<string, number>>
  readonly topics?: Readonly<Record<string, TopicFacts>>
  /** Files of casts, such as `orders/OrderCreated.v1-v2.ts`. */
  readonly casts?: readonly string[]
  /** The files of the project's topologies, by name. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

/** Facts from what is written down; what is left out is unknown. */
export function factsFrom(data: FactsData): LintFacts {
  const { schemas, tables, topics, expiring, names, casts } = data
  return {
    schemas: () => (schemas === undefined ? undefined : Object.keys(schemas)),
    schemaFields: (name) => (schemas?.[name] === undefined ? undefined : treeOf(schemas[name])),
    tables: () => (tables === undefined ? undefined : Object.keys(tables)),
    table: (name) =>
      tables?.[name] === undefined
        ? undefined
        : { name, columns: tables[name].map(columnOf), defaultTtl: expiring?.[name] ?? 0 },
    topic: (name) => topics?.[name],
    casts: () => casts?.flatMap(castPlaceOf),
    named: (name) => names?.[name] ?? [],
  }
}

function treeOf(data: FieldData): FieldTree {
  if (typeof data === 'string') {
    const [named = data, logical] = data.split(' ')
    const type = named.replace(/\?$/, '')
    return { type, ...(logical && { logical }), ...(named !== type && { optional: true }) }
  }
  return {
    type: 'record',
    fields: new Map(Object.entries(data).map(([name, inner]) => [name, treeOf(inner)])),
  }
}

/** Of `topic/Name.v1-v2.ts`; nothing for other files. */
export function castPlaceOf(path: string): CastPlace[] {
  const [topic = '', file = ''] = path.split('/')
  const parts = castFileName.exec(file)
  return parts === null ? [] : [{ topic, name: parts[1]!, from: Number(parts[2]), to: Number(parts[3]) }]
}

function columnOf(text: string): TableInfo['columns'][number] {
  const name = text.replace(/[!+]$/, '')
  const kind = text.endsWith('!') ? 'partition' : text.endsWith('+') ? 'clustering' : 'regular'
  return { name, type: 'text', kind }
}
