import { afterEach, describe, expect, test } from '@jest/globals'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { majorOfName, parseSchemaFileName } from '../../../engine/avro/schema-file-names.ts'
import { readSchemaFiles } from '../../../engine/avro/schema-files.ts'
import { compareSemver, formatSemver, parseSemver } from '../../../engine/avro/semver.ts'
import { type FolderOfFiles, folderWith } from '../../support/folder.ts'

const folders: FolderOfFiles[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

function schemas(files: Readonly<Record<string, string>>): string {
  const folder = folderWith(files)
  folders.push(folder)
  return folder.path
}

const record = (name: string, ...fields: string[]) =>
  JSON.stringify({ type: 'record', name, fields: fields.map((field) => ({ name: field, type: 'string' })) })

const one = (...fields: string[]) => record('shop.orders.OrderCreated', ...fields)
const two = (...fields: string[]) => record('shop.orders.v2.OrderCreated', ...fields)

async function failure(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = schemas(files)
  try {
    await readSchemaFiles(directory)
  } catch (error) {
    expect(error).toMatchObject({ code: 'SCHEMA_REGISTRY_INVALID', kind: 'fatal' })
    return (error as Error).message.replaceAll(directory, 'schemas')
  }
  throw new Error('the files were accepted')
}

describe('schema files with semver', () => {
  test('are read in order, each with its place among those of its full name', async () => {
    const directory = schemas({
      'orders/OrderCreated.v1.10.avsc': one('a', 'ten'),
      'orders/OrderCreated.v2.0.avsc': two('b'),
      'orders/shop.orders.v2.OrderCreated.v2.1.0.avsc': two('b', 'c'),
      'orders/OrderCreated.v1.0.0.avsc': one('a'),
      'orders/OrderCreated.v1.0.1.avsc': one('a'),
      ...Object.fromEntries(
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`orders/OrderCreated.v1.${n}.avsc`, one('a', `f${n}`)]),
      ),
    })
    const files = await readSchemaFiles(directory)
    expect(
      files.map(({ schema, version, semver }) => `${schema.fullName} ${version} ${formatSemver(semver!)}`),
    ).toEqual([
      'shop.orders.OrderCreated 1 1.0.0',
      'shop.orders.OrderCreated 2 1.0.1',
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `shop.orders.OrderCreated ${n + 2} 1.${n}.0`),
      'shop.orders.v2.OrderCreated 1 2.0.0',
      'shop.orders.v2.OrderCreated 2 2.1.0',
    ])
    const registry = await openDirectoryRegistry(directory)
    expect((await registry.latest('orders-shop.orders.OrderCreated')).schema.source).toMatch(/v1\.10\.avsc$/)
  })

  test('plain counts stay as they are, beside records that have semver', async () => {
    const directory = schemas({
      'orders/Order.v3.avsc': record('shop.Order', 'a'),
      'orders/Order.v4.avsc': record('shop.Order', 'a', 'b'),
      'orders/OrderCreated.v1.0.avsc': one('a'),
    })
    expect((await readSchemaFiles(directory)).map(({ version, semver }) => [version, semver])).toEqual([
      [3, undefined],
      [4, undefined],
      [1, { major: 1, minor: 0, patch: 0 }],
    ])
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'a MINOR lost',
      { 'o/OrderCreated.v1.0.avsc': one('a'), 'o/OrderCreated.v1.2.avsc': one('b') },
      'schemas/o/OrderCreated.v1.2.avsc follows version 1.0: restore version 1.1 of shop.orders.OrderCreated, for records were written with it.',
    ],
    [
      'a MINOR lost before a PATCH',
      { 'o/OrderCreated.v1.0.avsc': one('a'), 'o/OrderCreated.v1.1.1.avsc': one('b') },
      'schemas/o/OrderCreated.v1.1.1.avsc follows version 1.0: restore version 1.1 of shop.orders.OrderCreated, for records were written with it.',
    ],
    [
      'a PATCH lost',
      { 'o/OrderCreated.v1.0.avsc': one('a'), 'o/OrderCreated.v1.0.2.avsc': one('b') },
      'schemas/o/OrderCreated.v1.0.2.avsc follows version 1.0: restore version 1.0.1 of shop.orders.OrderCreated, for records were written with it.',
    ],
    [
      'the first one lost',
      { 'o/OrderCreated.v2.1.avsc': two('a') },
      'schemas/o/OrderCreated.v2.1.avsc is the first version of shop.orders.v2.OrderCreated here: restore version 2.0, or number the file so.',
    ],
    [
      'two files for one version',
      { 'o/OrderCreated.v1.0.0.avsc': one('a'), 'o/OrderCreated.v1.0.avsc': one('b') },
      'schemas/o/OrderCreated.v1.0.0.avsc and schemas/o/OrderCreated.v1.0.avsc are both version 1.0 of shop.orders.OrderCreated: renumber one of them.',
    ],
    [
      'a count beside semver',
      { 'o/OrderCreated.v1.avsc': one('a'), 'o/OrderCreated.v1.0.avsc': one('b') },
      'schemas/o/OrderCreated.v1.0.avsc and schemas/o/OrderCreated.v1.avsc number shop.orders.OrderCreated in two ways: give both a plain count (v1, v2), or both a version (v1.0, v1.1).',
    ],
    [
      'a MAJOR without its namespace',
      { 'o/OrderCreated.v2.0.avsc': one('a') },
      'schemas/o/OrderCreated.v2.0.avsc is version 2 of shop.orders.OrderCreated, whose namespace says 1: let the namespace end in ".v2", for a MAJOR is a namespace of its own.',
    ],
    [
      'a namespace of another MAJOR',
      { 'o/OrderCreated.v1.0.avsc': two('a') },
      'schemas/o/OrderCreated.v1.0.avsc is version 1 of shop.orders.v2.OrderCreated, whose namespace says 2: take it off the namespace, or number the file by it, for a MAJOR is a namespace of its own.',
    ],
    [
      'another name',
      { 'o/Created.v1.2.avsc': one('a') },
      'schemas/o/Created.v1.2.avsc defines shop.orders.OrderCreated: name the file OrderCreated.v1.2.avsc.',
    ],
    [
      'MAJOR 0',
      { 'o/OrderCreated.v0.1.avsc': one('a') },
      'schemas/o/OrderCreated.v0.1.avsc says no version: name it Name.v1.avsc, Name.v2.avsc and so on, or Name.v1.0.avsc, Name.v1.1.avsc.',
    ],
  ])('%s', async (_, files, message) => {
    expect(await failure(files)).toBe(message)
  })
})

test('a file name says a name and a version, or nothing', () => {
  expect(parseSchemaFileName('a.v2.B.v3.avsc')).toEqual({ name: 'a.v2.B', version: '3', count: 3 })
  expect(parseSchemaFileName('B.v1.12.3.avsc')).toMatchObject({
    name: 'B',
    semver: { major: 1, minor: 12, patch: 3 },
  })
  for (const name of ['B.avsc', 'B.v.avsc', 'B.v01.avsc', 'B.v1.02.avsc', 'B.v1..avsc', 'B.v1.0.0.0.avsc']) {
    expect(parseSchemaFileName(name)).toBeUndefined()
  }
  expect(['a.v2.B', 'v3.B', 'a.B', 'B', 'a.v2.c.B', 'a.v02.B'].map(majorOfName)).toEqual([
    2,
    3,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('versions are compared by number', () => {
  const sorted = ['1.10', '1.9.1', '1.9', '2.0', '1.9.10'].map((text) => parseSemver(text)!)
  expect(sorted.sort(compareSemver).map(formatSemver)).toEqual([
    '1.9.0',
    '1.9.1',
    '1.9.10',
    '1.10.0',
    '2.0.0',
  ])
  expect(parseSemver('1')).toBeUndefined()
  expect(parseSemver('1.0-rc')).toBeUndefined()
})
