// What the catalogue says of the shop's topics is true: of their records, who reads them, their keys, and what they need.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { fieldAt } from '../../engine/avro/schema.ts'
import { readSchemaFiles } from '../../engine/avro/schema-files.ts'
import { readCatalogue } from '../../engine/config/catalogue.ts'

const root = join(import.meta.dirname, '../..')
const catalogue = await readCatalogue(join(root, 'schemas/catalogue.yaml'))
const shop = [...catalogue].filter(([name]) => /^(business|audit|analytics)\./.test(name))
const files = await readSchemaFiles(join(root, 'schemas'))
interface Node {
  readonly type: string
  readonly topic?: string | readonly string[]
}
interface Topology {
  readonly name: string
  readonly sources: Readonly<Record<string, Node>>
  readonly sinks: Readonly<Record<string, Node>>
}
const topologies = readdirSync(join(root, 'topologies'))
  .filter((name) => !name.endsWith('.test.yaml'))
  .map((name) => parse(readFileSync(join(root, 'topologies', name), 'utf8')) as Topology)

function topicsOf(nodes: Readonly<Record<string, Node>>): string[] {
  return Object.values(nodes).flatMap(({ topic = [] }) => topic)
}

test('every topic has an owner, a classification, a priority, three replicas, LZ4, 6 to 12 partitions and an end', () => {
  expect(shop.length).toBeGreaterThan(10)
  for (const [name, topic] of shop) {
    expect([name, topic]).toEqual([
      name,
      expect.objectContaining({
        replication: 3,
        minInsync: 2,
        compression: 'lz4',
        owner: expect.any(String),
        classification: expect.any(String),
        priority: expect.any(String),
        description: expect.any(String),
        retention: expect.any(Number),
      }),
    ])
    expect(topic.partitions).toBeGreaterThanOrEqual(6)
    expect(topic.partitions).toBeLessThanOrEqual(12)
  }
  const days = (name: string): number => Number(catalogue.get(name)!.retention) / 86_400_000
  expect([days('business.orders.events'), days('audit.business.events')]).toEqual([7, 30])
})

test('the records of a topic are those that have schemas in its folder', () => {
  for (const folder of new Set(files.map(({ topic }) => topic))) {
    if (folder === 'audit-events') continue
    const names = files.filter(({ topic }) => topic === folder).map(({ schema }) => schema.fullName)
    expect([folder, catalogue.get(folder)?.types?.toSorted()]).toEqual([folder, [...new Set(names)].sort()])
  }
  const known = new Set(files.map(({ schema }) => schema.fullName))
  expect(shop.flatMap(([, { types = [] }]) => types).filter((name) => !known.has(name))).toEqual([])
})

test('the key of a topic is a field of all its records', () => {
  for (const [topic, { key, types = [] }] of shop) {
    if (key === undefined) continue
    for (const name of types) {
      const newest = files.filter(({ schema }) => schema.fullName === name).at(-1)!
      expect([topic, name, typeof fieldAt(newest.schema.root, key.split('.'))]).toEqual([
        topic,
        name,
        'object',
      ])
    }
  }
})

test('the groups of a topic are the topologies that read it', () => {
  for (const [topic, { groups = [] }] of shop) {
    const readers = topologies
      .filter(({ sources }) => topicsOf(sources).includes(topic))
      .map(({ name }) => name)
    expect([topic, groups.toSorted()]).toEqual([topic, readers.sort()])
  }
})

test('every topic that a topology of the shop writes is in the catalogue', () => {
  const written = topologies.flatMap(({ sinks }) => topicsOf(sinks))
  expect(written.filter((topic) => !catalogue.has(topic))).toEqual([])
})
