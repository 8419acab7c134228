import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { subjectOf } from '../../../engine/avro/registry.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'schemas-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true })
  await writeFile(join(directory, path), text)
}

const event = (fields: readonly string[], name = 'audit.AuditEvent', extra = {}) =>
  JSON.stringify({
    type: 'record',
    name,
    fields: fields.map((field) => ({ name: field, type: 'string' })),
    ...extra,
  })

async function failure(): Promise<{ code: string; kind: string; message: string }> {
  try {
    await openDirectoryRegistry(directory)
  } catch (error) {
    const { code, kind, message } = error as { code: string; kind: string; message: string }
    return { code, kind, message: message.replaceAll(directory, 'schemas') }
  }
  throw new Error('the directory was accepted')
}

describe('the directory registry', () => {
  test('finds the newest version by full name and by subject, and all versions by id', async () => {
    await write('audit-events/AuditEvent.v1.avsc', event(['eventId']))
    await write('audit-events/AuditEvent.v2.avsc', event(['eventId', 'store']))
    await write('audit-events/AuditEvent.v10.avsc', event(['eventId', 'store', 'user']))
    for (let version = 3; version < 10; version++) {
      await write(`audit-events/AuditEvent.v${version}.avsc`, event(['eventId', 'store', `f${version}`]))
    }
    await write('audit-events/README.md', 'not a schema')
    await write('catalogue.yaml', 'topics: []')
    const registry = await openDirectoryRegistry(directory)
    const latest = await registry.latest('audit.AuditEvent')
    expect(latest.schema.source).toContain('v10')
    expect(await registry.latest(subjectOf('audit-events', 'audit.AuditEvent'))).toEqual(latest)
    expect(registry.files().map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const { schema } of registry.files()) expect(registry.byId(schema.contentId)).toBe(schema)
  })

  test('an id depends on the content alone, not on files, folders or their order', async () => {
    await write('b/AuditEvent.v1.avsc', event(['eventId']))
    const before = await (await openDirectoryRegistry(directory)).latest('audit.AuditEvent')
    await mkdir(join(directory, 'a'))
    await rename(join(directory, 'b/AuditEvent.v1.avsc'), join(directory, 'a/audit.AuditEvent.v1.avsc'))
    await write('a/Other.v1.avsc', event(['x'], 'audit.Other'))
    await write('a/AuditEvent.v2.avsc', event(['eventId', 'y']))
    const registry = await openDirectoryRegistry(directory)
    expect(registry.byId(before.id)?.canonical).toBe(before.schema.canonical)
  })

  test('an unknown id reads the directory again, once for all who ask', async () => {
    await write('a/AuditEvent.v1.avsc', event(['eventId']))
    const registry = await openDirectoryRegistry(directory)
    const first = await registry.latest('audit.AuditEvent')
    await write('a/AuditEvent.v2.avsc', event(['eventId', 'store']))
    const { id } = await (await openDirectoryRegistry(directory)).latest('audit.AuditEvent')
    expect(registry.byId(id)).toBeUndefined()
    const [one, two] = await Promise.all([registry.load(id), registry.load(id)])
    expect(one).toBe(two)
    expect((await registry.latest('audit.AuditEvent')).id).toBe(id)
    expect(registry.byId(first.id)?.canonical).toBe(first.schema.canonical)
    await expect(registry.load(12345)).rejects.toMatchObject({
      code: 'AVRO_UNKNOWN_SCHEMA_ID',
      kind: 'permanent',
    })
  })

  test('a schema that is not there is named, with the one that was meant', async () => {
    await write('audit-events/AuditEvent.v1.avsc', event(['eventId']))
    const registry = await openDirectoryRegistry(directory)
    const message = `There is no schema "audit.AuditEvnt" in ${directory}. Did you mean "audit.AuditEvent"?`
    await expect(registry.latest('audit.AuditEvnt')).rejects.toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
      kind: 'fatal',
      message,
    })
    await expect(registry.latest('audit-events-audit.AuditEvnt')).rejects.toMatchObject({ message })
    await expect(registry.latest('payments.Refund')).rejects.toMatchObject({
      message: `There is no schema "payments.Refund" in ${directory}. There are: audit.AuditEvent.`,
    })
  })

  test('one name in two topics is fine while they agree', async () => {
    await write('a/AuditEvent.v1.avsc', event(['eventId']))
    await write('b/AuditEvent.v1.avsc', event(['eventId'], 'audit.AuditEvent', { doc: 'the same' }))
    const agreeing = await openDirectoryRegistry(directory)
    expect((await agreeing.latest('audit.AuditEvent')).schema.source).toContain('a/AuditEvent')
    await write('b/AuditEvent.v2.avsc', event(['eventId', 'store']))
    const registry = await openDirectoryRegistry(directory)
    await expect(registry.latest('audit.AuditEvent')).rejects.toMatchObject({
      code: 'SCHEMA_REGISTRY_INVALID',
      message: expect.stringMatching(
        /means .*a\/AuditEvent\.v1\.avsc or .*b\/AuditEvent\.v2\.avsc, which differ: name the topic too/,
      ),
    })
    expect((await registry.latest('b-audit.AuditEvent')).schema.source).toContain('v2')
  })

  test('no directory', async () => {
    await rm(directory, { recursive: true })
    expect(await failure()).toEqual({
      code: 'SCHEMA_REGISTRY_INVALID',
      kind: 'fatal',
      message: 'There is no schema directory schemas: create it, with a folder for each topic.',
    })
    await writeFile(directory, '')
    expect((await failure()).message).toBe('schemas is a file, not a directory of schemas.')
  })

  test('an empty directory is a registry without schemas', async () => {
    const registry = await openDirectoryRegistry(directory)
    await expect(registry.latest('a.B')).rejects.toMatchObject({
      message: `There is no schema "a.B" in ${directory}.`,
    })
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'two files for one version',
      { 'a/AuditEvent.v1.avsc': event(['x']), 'a/audit.AuditEvent.v1.avsc': event(['y']) },
      'schemas/a/AuditEvent.v1.avsc and schemas/a/audit.AuditEvent.v1.avsc are both version 1 of audit.AuditEvent: renumber one of them.',
    ],
    [
      'a version lost',
      { 'a/AuditEvent.v1.avsc': event(['x']), 'a/AuditEvent.v3.avsc': event(['y']) },
      'schemas/a/AuditEvent.v3.avsc follows version 1: restore version 2 of audit.AuditEvent, for records were written with it.',
    ],
    [
      'no version',
      { 'a/AuditEvent.avsc': event(['x']) },
      'schemas/a/AuditEvent.avsc says no version: name it Name.v1.avsc, Name.v2.avsc and so on, or Name.v1.0.avsc, Name.v1.1.avsc.',
    ],
    [
      'version 0',
      { 'a/AuditEvent.v0.avsc': event(['x']) },
      'schemas/a/AuditEvent.v0.avsc says no version: name it Name.v1.avsc, Name.v2.avsc and so on, or Name.v1.0.avsc, Name.v1.1.avsc.',
    ],
    [
      'another name',
      { 'a/Audit.v1.avsc': event(['x']) },
      'schemas/a/Audit.v1.avsc defines audit.AuditEvent: name the file AuditEvent.v1.avsc.',
    ],
    [
      'no topic',
      { 'AuditEvent.v1.avsc': event(['x']) },
      'schemas/AuditEvent.v1.avsc belongs to no topic: move it into a folder named after its topic.',
    ],
  ])('%s', async (_, files, message) => {
    for (const [path, text] of Object.entries(files)) await write(path, text)
    expect(await failure()).toEqual({ code: 'SCHEMA_REGISTRY_INVALID', kind: 'fatal', message })
  })

  test('a schema that is invalid is named with its place', async () => {
    await write(
      'a/AuditEvent.v1.avsc',
      '{"type":"record","name":"audit.AuditEvent","fields":[{"name":"id","type":"uuid"}]}',
    )
    expect(await failure()).toMatchObject({
      code: 'AVRO_SCHEMA_INVALID',
      message: expect.stringMatching(
        /^schemas\/a\/AuditEvent\.v1\.avsc: at fields\[0\] \(id\)\.type: there is no type "uuid"/,
      ),
    })
  })

  test('a file that cannot be read', async () => {
    await mkdir(join(directory, 'a/AuditEvent.v1.avsc'), { recursive: true })
    expect(await failure()).toEqual({
      code: 'CONFIG_UNREADABLE',
      kind: 'fatal',
      message: 'schemas/a/AuditEvent.v1.avsc cannot be read (EISDIR): it should be a readable file.',
    })
    await chmod(join(directory, 'a'), 0o700)
  })

  test('a byte order mark is no harm', async () => {
    await write('a/AuditEvent.v1.avsc', `\uFEFF${event(['x'])}`)
    expect((await openDirectoryRegistry(directory)).files()).toHaveLength(1)
  })
})
