import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AvroField, AvroNode } from '../../engine/avro/model.ts'
import { readCatalogue, type CatalogueTopic } from '../../engine/config/catalogue.ts'
import { loadMigrations } from '../../engine/cql/migrations.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import { typeName } from '../../engine/cql/types.ts'
import {
  castPlaceOf,
  type FieldTree,
  type LintFacts,
  type TableFacts,
  type TopicFacts,
} from '../../engine/topology/facts.ts'
import { isTopologyName, nameIn } from './files.ts'
import { readCqlFiles } from '../project/cql-files.ts'
import { entryAt, shownPath } from '../../project/root.ts'

/** How deep the fields of a schema are known: enough for paths that people write, and an end for recursive ones. */
const deepest = 12

/**
 * What the project in a folder tells lint: the schemas in schemas/, the tables of cql/, and what schemas/catalogue.yaml
 * says of topics. What is not there is unknown. Rejects with the error of the room for a file that is wrong.
 */
export async function projectFacts(root: string, cwd: string): Promise<LintFacts> {
  // As people see it from here, since errors show it.
  const seen = (path: string): string => (cwd === process.cwd() ? shownPath(path, cwd) : path)
  const folder = join(root, 'schemas')
  const [schemas, topics] = await Promise.all([
    existsSync(folder) ? readSchemas(seen(folder)) : undefined,
    readCatalogue(seen(join(folder, 'catalogue.yaml'))),
  ])
  const casts = existsSync(folder) ? castsIn(folder) : undefined
  const names = topologyNames(join(root, 'topologies'), seen)
  const tables = existsSync(join(root, 'cql'))
    ? loadMigrations(readCqlFiles(join(root, 'cql'), cwd))
    : undefined
  return {
    schemas: () => (schemas === undefined ? undefined : [...schemas.keys()].sort()),
    schemaFields: (name) => schemas?.get(name),
    tables: () => (tables === undefined ? undefined : [...tables.tables.keys()].sort()),
    table: (name) => tableInfo(tables, name),
    topic: (name) => topicFacts(topics.get(name)),
    casts: () => casts,
    named: (name) => names.get(name) ?? [],
  }
}

function castsIn(folder: string): ReturnType<LintFacts['casts']> {
  const topics = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return topics.flatMap(({ name }) =>
    readdirSync(join(folder, name)).flatMap((file) => castPlaceOf(`${name}/${file}`)),
  )
}

/** The files of the topologies in a folder by their names, as far as those can be told. */
function topologyNames(folder: string, seen: (path: string) => string): Map<string, string[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter(isTopologyName).sort() : []
  const named = new Map<string, string[]>()
  for (const file of files) {
    const name = nameIn(textOf(join(folder, file)))
    if (name !== undefined) named.set(name, [...(named.get(name) ?? []), seen(join(folder, file))])
  }
  return named
}

/** Nothing where it cannot be read: who lints that file is told why. */
function textOf(path: string): string {
  try {
    // Nobody may ever write to a pipe.
    return entryAt(path)?.isFile() === true ? readFileSync(path, 'utf8') : ''
  } catch {
    return ''
  }
}

function topicFacts(topic: CatalogueTopic | undefined): TopicFacts | undefined {
  if (topic === undefined) return undefined
  const { partitions, key, rate, retention, cleanup, redelivery } = topic
  const sizes = { ...(partitions && { partitions }), ...(rate && { rate }) }
  const times = { ...(retention && { retention }), ...(redelivery && { redelivery }) }
  return { ...sizes, ...times, ...(key && { key }), ...(cleanup && { cleanup }) }
}

/** The newest version of every schema, by full name. */
async function readSchemas(folder: string): Promise<Map<string, FieldTree>> {
  const { openDirectoryRegistry } = await import('../../engine/avro/directory-registry.ts')
  const registry = await openDirectoryRegistry(folder)
  return new Map(registry.files().map(({ schema }) => [schema.fullName, treeOf(schema.root, 0)]))
}

function treeOf(node: AvroNode, depth: number): FieldTree {
  if (node.kind === 'record') {
    if (depth >= deepest) return { type: node.name, open: true }
    const fields = node.fields.map((field) => [field.name, fieldTree(field, depth + 1)] as const)
    return { type: `record ${node.name}`, fields: new Map(fields) }
  }
  if (node.kind === 'union') return unionTree(node.branches.map((branch) => treeOf(branch, depth)))
  if (node.kind === 'map') return { type: 'map', open: true }
  if (node.kind === 'array') return { type: 'array', items: treeOf(node.items, depth) }
  const logical = 'logical' in node ? node.logical : undefined
  return logical === undefined ? { type: node.kind } : { type: node.kind, logical: logical.name }
}

function fieldTree({ type, hasDefault }: AvroField, depth: number): FieldTree {
  return { ...treeOf(type, depth), ...(hasDefault && { defaulted: true }) }
}

/** A field that any branch has is found. */
function unionTree(branches: readonly FieldTree[]): FieldTree {
  const others = branches.filter(({ type }) => type !== 'null')
  const optional = others.length < branches.length
  if (others.length === 1) return { ...others[0]!, optional }
  return {
    type: others.map(({ type }) => type).join(' or '),
    fields: new Map(others.flatMap(({ fields }) => [...(fields ?? [])])),
    open: others.some(({ open }) => open === true),
    optional,
  }
}

function tableInfo(catalogue: Catalogue | undefined, name: string): TableFacts | undefined {
  const table = catalogue?.tables.get(name)
  if (table === undefined) return undefined
  // In the order of the key, which the columns do not keep.
  const regular = table.columns.filter(({ kind }) => kind === 'regular')
  const columns = [...table.partitionKey, ...table.clusteringKey, ...regular]
  return {
    name,
    columns: columns.map((column) => ({ name: column.name, kind: column.kind, type: typeName(column.type) })),
    defaultTtl: table.defaultTtl,
  }
}
