import type { SchemaDifference } from '../../engine/avro/difference.ts'
import type { RegisteredSchema } from '../../engine/avro/registry.ts'
import type { Project } from '../project/contract.ts'
import { schemaIdOf } from '../terminal/stored-value.ts'
import type { Letter } from './parked.ts'

/** What a letter's value was written with, and what its topology reads it as. */
export interface SchemasOfLetter {
  readonly writer: NamedSchema
  readonly reader: NamedSchema
  readonly differences: readonly SchemaDifference[]
}

interface NamedSchema {
  readonly id: number
  readonly name: string
}

/** The two schemas of a letter, if they differ and both can be had; a registry that is away tells nothing. */
export async function schemasOf(
  project: Project,
  { info, record }: Letter,
): Promise<SchemasOfLetter | undefined> {
  const id = schemaIdOf(record.value)
  if (id === undefined || info.type === undefined) return undefined
  try {
    const registry = await project.valueRegistry()
    const [writer, reader] = await Promise.all([registry.load(id), readerOf(project, info.topic, info.type)])
    if (reader.id === id) return undefined
    const { schemaDifferences } = await import('../../engine/avro/difference.ts')
    return {
      writer: { id, name: writer.fullName },
      reader: { id: reader.id, name: reader.schema.fullName },
      differences: schemaDifferences(writer.root, reader.schema.root),
    }
  } catch {
    return undefined
  }
}

async function readerOf(project: Project, topic: string, type: string): Promise<RegisteredSchema> {
  const registry = await project.valueRegistry()
  if (project.environment?.registry === undefined) return registry.latest(type)
  const { subjectOf } = await import('../../engine/avro/registry.ts')
  return registry.latest(subjectOf(topic, type))
}
