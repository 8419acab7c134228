import type { AvroNode, RecordNode } from '../engine/avro/model.ts'
import { simpleName } from '../engine/avro/model.ts'
import type { SchemaFile } from '../engine/avro/schema-files.ts'
import { formatSemver } from '../engine/avro/semver.ts'
import { suggestion } from '../engine/config/suggest.ts'
import { permanentError } from '../engine/errors.ts'

/** A type of records that can be written: its newest version among the project's schemas. */
export interface RecordType {
  /** The record's full name. */
  readonly name: string
  /** The topic in whose folder the schema lies. */
  readonly topic: string
  /** Semver: `1.2.0`. A file that counts its versions only is N.0.0. */
  readonly version: string
  /** What the field `eventType` is given: its default in the schema, or the record's name as `order.created`. */
  readonly eventType: string
  readonly root: RecordNode
}

/** The record types of a project, by full name. */
export class RecordTypes {
  readonly #byName = new Map<string, RecordType[]>()
  readonly #directory: string

  constructor(directory: string, files: readonly SchemaFile[]) {
    this.#directory = directory
    // In the order of versions, so that the newest one stays.
    for (const file of files) {
      const { root, fullName } = file.schema
      if (root.kind !== 'record') continue
      const others = (this.#byName.get(fullName) ?? []).filter(({ topic }) => topic !== file.topic)
      this.#byName.set(fullName, [...others, typeOf(file, root)])
    }
  }

  /**
   * The type of that name; of the topic, where one is given.
   *
   * @throws SCHEMA_NOT_FOUND (permanent), with what was probably meant
   */
  find(name: string, topic?: string): RecordType {
    const types = this.#byName.get(name) ?? []
    const [type, other] = topic === undefined ? types : types.filter((one) => one.topic === topic)
    if (type === undefined) {
      // A schema may be written to a topic in whose folder it does not lie.
      if (topic !== undefined && types.length > 0) return { ...types[0]!, topic }
      const hint = suggestion(name, [...this.#byName.keys()])
      throw permanentError('SCHEMA_NOT_FOUND', `There is no record ${name} in ${this.#directory}${hint}`)
    }
    if (other === undefined) return type
    throw permanentError(
      'CONFIG_INVALID',
      `${name} lies in the folders of ${types.map((one) => one.topic).join(' and ')}: say which topic is meant.`,
    )
  }
}

function typeOf({ schema, topic, version, semver }: SchemaFile, root: RecordNode): RecordType {
  const told = root.fields.find(({ name }) => name === 'eventType')?.default
  return {
    name: schema.fullName,
    topic,
    version: semver === undefined ? `${version}.0.0` : formatSemver(semver),
    eventType: typeof told === 'string' && told !== '' ? told : dotted(simpleName(schema.fullName)),
    root,
  }
}

/** `OrderCreated` as `order.created`. */
function dotted(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '.').toLowerCase()
}

/** The record behind a field, also where it may be null. */
export function recordOfField(root: RecordNode, name: string): RecordNode | undefined {
  const type = root.fields.find((field) => field.name === name)?.type
  const branches: readonly AvroNode[] =
    type?.kind === 'union' ? type.branches : type === undefined ? [] : [type]
  return branches.find((branch) => branch.kind === 'record')
}
