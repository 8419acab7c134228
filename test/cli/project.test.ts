import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openProject, type Project } from '../../cli/project/project.ts'
import { makeProject } from './command-line.ts'

let project: ReturnType<typeof makeProject>
const opened: Project[] = []

beforeEach(() => {
  project = makeProject()
})
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  project.remove()
})

async function open(...options: Parameters<typeof openProject>): Promise<Project> {
  const one = await openProject(...options)
  opened.push(one)
  return one
}

describe('the root', () => {
  test('is found upwards from the topology’s file, or from here', async () => {
    const { folder } = project
    mkdirSync(join(folder, 'deep/er'), { recursive: true })
    expect((await open({ cwd: '/', topology: join(folder, 'topologies/notes.yaml') })).root).toBe(folder)
    expect((await open({ cwd: folder, topology: 'topologies/notes.yaml' })).root).toBe(folder)
    expect((await open({ cwd: join(folder, 'deep/er') })).root).toBe(folder)
  })

  test('is the folder itself where nothing is found, or what --project says', async () => {
    expect((await open({ cwd: '/proc' })).root).toBe('/proc')
    expect((await open({ cwd: '/', project: project.folder })).root).toBe(project.folder)
    await expect(open({ cwd: project.folder, project: 'topologies/notes.yaml' })).rejects.toThrow(
      /is no folder/,
    )
  })
})

describe('the environment', () => {
  test('is opened when it is used, and not before', async () => {
    const one = await open({ cwd: project.folder })
    expect([...one.catalogue.tables.keys()]).toEqual(['notes'])
    await one.schemas.encoder('shop.Event')
    expect(one.hasStore).toBe(false)
    await one.log.ensureTopic('events')
    expect(one.hasStore).toBe(true)
  })

  test('has one worker, and others beside it', async () => {
    const worker = await open({ cwd: project.folder })
    worker.acquireWorkerLock()
    const second = await open({ cwd: project.folder })
    expect(() => second.acquireWorkerLock()).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }))
    expect(await second.log.ensureTopic('events', { partitions: 2 })).toBe(2)
    expect(await worker.log.partitionsOf('events')).toBe(2)
    await worker.close()
    const third = await open({ cwd: project.folder })
    third.acquireWorkerLock()
  })

  test('tables answer per row, and a row without TTL lives for ever whatever the table says', async () => {
    writeFileSync(
      join(project.folder, 'cql/0002-short.cql'),
      'CREATE TABLE short (k text PRIMARY KEY, v int) WITH default_time_to_live = 60;',
    )
    let now = Date.UTC(2026, 0, 1)
    const clock = { now: () => now, after: () => () => undefined }
    const one = await open({ cwd: project.folder, clock })
    one.acquireWorkerLock()
    const row = (values: Record<string, unknown>, ttlSeconds?: number) => ({
      ...{ table: 'short', values, timestampMicros: 1, mode: 'insert' as const, orderKey: 'o' },
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    })
    expect(
      await one.tables.write([
        row({ k: 'a', v: 1 }),
        row({ k: 'b', v: 1 }, 5),
        row({ k: 'c', v: 'x' }),
        row({ k: 'd' }),
      ]),
    ).toEqual([
      { outcome: 'stored' },
      { outcome: 'stored' },
      { outcome: 'refused', error: expect.objectContaining({ code: 'ROW_REFUSED' }) },
      { outcome: 'untried' },
    ])
    const users = one.tables.lookup('short')
    const get = (k: Record<string, unknown>) => users.get(k)
    expect(users.key).toEqual(['k'])
    expect([get({ k: 'a' }), get({ k: 'b' }), get({ k: 'c' })]).toEqual([
      { k: 'a', v: 1 },
      { k: 'b', v: 1 },
      undefined,
    ])
    now += 100_000
    expect([get({ k: 'a' }), get({ k: 'b' })]).toEqual([{ k: 'a', v: 1 }, undefined])
    expect(() => one.tables.lookup('shrot')).toThrow(expect.objectContaining({ code: 'TABLE_UNKNOWN' }))
    expect(one.tables.describe('shrot')).toBeUndefined()
    expect(one.tables.describe('notes')?.columns[0]).toEqual({
      name: 'owner',
      type: 'text',
      kind: 'partition',
    })
  })
})
