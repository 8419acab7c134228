import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { findRoot, isMarked, needSchemas } from '../../project/root.ts'
import { folderWith, type FolderOfFiles } from '../support/folder.ts'

let outer: FolderOfFiles

beforeEach(() => {
  outer = folderWith({ 'schemas/orders/Order.v1.avsc': '{}' })
})
afterEach(() => outer.remove())

const rootFrom = (where: string): string => findRoot({ cwd: join(outer.path, where) })

test('a folder is a project by what lies in its folders: code of those names is none', () => {
  outer.write('src/schemas/index.ts', '')
  outer.write('src/cql/query.ts', '')
  outer.write('src/deep/environments/dev.json', '')
  outer.write('service/environments/dev.yaml', '')
  outer.write('service/src/a.ts', '')
  expect(rootFrom('src')).toBe(outer.path)
  expect(rootFrom('src/deep')).toBe(outer.path)
  expect(rootFrom('schemas/orders')).toBe(outer.path)
  expect(rootFrom('service/src')).toBe(join(outer.path, 'service'))
})

test.each([
  ['schemas/README.md', true],
  ['schemas/catalogue.yaml', true],
  ['schemas/.gitkeep', true],
  ['schemas/orders/.gitkeep', true],
  ['schemas/orders/deep/Order.v1.avsc', false],
  ['schemas/types.ts', false],
  ['cql/0001-orders.cql', true],
  ['cql/queries/by-id.cql', true],
  ['environments/dev.yml', true],
  ['environments/dev.json', false],
  ['topologies/orders.yaml', false],
])('with %s alone it is one: %s', (file, is) => {
  outer.write(`one/${file}`, '')
  expect(isMarked(join(outer.path, 'one'))).toBe(is)
})

test('--project may name a folder of the project; one that has topologies is meant itself', () => {
  outer.write('topologies/orders.yaml', '')
  outer.write('inner/topologies/orders.yaml', '')
  mkdirSync(join(outer.path, 'deep/er'), { recursive: true })
  const named = (project: string): string => findRoot({ cwd: '/', project: join(outer.path, project) })
  expect(named('.')).toBe(outer.path)
  expect(named('deep/er')).toBe(outer.path)
  expect(named('topologies')).toBe(outer.path)
  expect(named('inner')).toBe(join(outer.path, 'inner'))
})

test('where there are no schemas, it is said where they were looked for', () => {
  outer.write('inner/cql/0001.cql', '')
  expect(() => needSchemas(outer.path)).not.toThrow()
  expect(() => needSchemas(join(outer.path, 'inner'))).toThrow(
    `There is no folder schemas/ in ${join(outer.path, 'inner')}: create it, with a folder for each topic, or say which project is meant.`,
  )
  expect(() => needSchemas('/proc')).toThrow(
    'There is no folder schemas/ in /proc, and no project in a folder above it: create it, with a folder for each topic, or say which project is meant.',
  )
})
