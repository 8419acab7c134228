import { afterEach, describe, expect, test } from '@jest/globals'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openEmbedded } from '../../../engine/embedded/embedded.ts'
import { openEmbeddedStore, storePath } from '../../../engine/embedded/store.ts'
import { acquireWorkerLock } from '../../../engine/embedded/worker-lock.ts'
import { record } from '../../support/contracts/source-driver.ts'
import { failureOf, Scratch } from './scratch.ts'

const scratch = new Scratch()
afterEach(() => scratch.clean())

/** A directory with whatever `make` puts at the place of the store. */
function dirWith(make: (path: string) => void): string {
  const dir = scratch.dir()
  mkdirSync(join(dir, '.millrace'))
  make(storePath(dir))
  return dir
}

function database(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

async function oneSentence(dir: string): Promise<{ code: string; kind: string; message: string }> {
  const error = await failureOf(() => openEmbedded(dir))
  expect(error.message).toContain(dir)
  expect(error.message).toMatch(/^[^\n]+\.$/)
  return error
}

describe('a store is opened', () => {
  test('and found again, with what is in it', async () => {
    const dir = scratch.dir()
    const first = openEmbedded(dir)
    await first.log.ensureTopic('events', { partitions: 3 })
    await first.close()
    const again = openEmbedded(dir)
    expect(await again.log.partitionsOf('events')).toBe(3)
    await again.close()
    await again.close()
  })

  test('by several processes at the same moment, though none was there', async () => {
    const dir = scratch.dir()
    const body = `const e = openEmbedded(args[0]); await e.log.ensureTopic(args[1]); await e.close(); console.log('ok')`
    const children = Array.from({ length: 4 }, (_, index) => scratch.child(body, [dir, `topic-${index % 2}`]))
    expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0, 0, 0])
    const embedded = openEmbedded(dir)
    expect(await embedded.log.topicNames()).toEqual(['topic-0', 'topic-1'])
    await embedded.close()
  }, 30_000)
})

describe('what is no store is refused in one sentence', () => {
  test('a file that is not SQLite', async () => {
    const dir = dirWith((path) => writeFileSync(path, 'Dear diary, '.repeat(1000)))
    expect(await oneSentence(dir)).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
  })

  test('the database of another program, which stays as it is', async () => {
    const dir = dirWith((path) => database(path, 'CREATE TABLE bookmarks (url TEXT)'))
    const before = readFileSync(storePath(dir))
    const error = await oneSentence(dir)
    expect(error).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
    expect(error.message).toContain('another program')
    expect(readFileSync(storePath(dir)).equals(before)).toBe(true)
  })

  test('a store of a newer version', async () => {
    const dir = scratch.dir()
    await openEmbedded(dir).close()
    database(storePath(dir), 'PRAGMA user_version = 99')
    const error = await oneSentence(dir)
    expect(error).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
    expect(error.message).toContain('newer Millrace')
  })

  test('a store whose first pages are overwritten', async () => {
    const dir = scratch.dir()
    await openEmbedded(dir).close()
    const bytes = readFileSync(storePath(dir))
    bytes.fill(0x5a, 100, 9000)
    writeFileSync(storePath(dir), bytes)
    expect(await oneSentence(dir)).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
  })

  test('a directory in the place of the store, and a file in the place of its directory', async () => {
    const asDirectory = dirWith((path) => mkdirSync(path))
    expect(await oneSentence(asDirectory)).toMatchObject({ code: 'STORE_FAILED', kind: 'fatal' })
    const asFile = scratch.dir()
    writeFileSync(join(asFile, '.millrace'), '')
    expect(await oneSentence(asFile)).toMatchObject({ code: 'STORE_FAILED', kind: 'fatal' })
  })

  // Nothing is forbidden to root, so the attempt is made as nobody.
  const asNobody = process.getuid?.() === 0 ? test : test.skip
  asNobody(
    'a store that this user may not write',
    async () => {
      const dir = scratch.dir()
      await openEmbedded(dir).close()
      const body = `
      import { chmodSync } from 'node:fs'
      const [dir] = args
      chmodSync(dir, 0o755); chmodSync(dir + '/.millrace', 0o755); chmodSync(dir + '/.millrace/store.db', 0o644)
      process.setgid(65534); process.setuid(65534)
      try { openEmbedded(dir); console.log('opened') } catch (error) { console.log(error.code, error.kind, error.message) }`
      const [line] = await scratch.child(body, [dir]).printed(1)
      expect(line).toMatch(/^STORE_FAILED fatal .*store\.db cannot be (written|opened): .*\.$/)
    },
    20_000,
  )
})

describe('a full disk', () => {
  test('refuses the append in one sentence, and loses nothing', async () => {
    const dir = scratch.dir()
    const embedded = openEmbedded(dir)
    await embedded.log.ensureTopic('events')
    await embedded.log.append([record('events')])
    limitSize(embedded.tablesDb)
    const error = await failureOf(() =>
      embedded.log.append([record('events', { value: Buffer.alloc(5_000_000) })]),
    )
    expect(error).toMatchObject({ code: 'STORE_FULL', kind: 'fatal' })
    expect(error.message).toContain(embedded.path)
    embedded.tablesDb.exec('PRAGMA max_page_count = 4294967294')
    await embedded.log.append([record('events')])
    expect(await embedded.log.bounds({ topic: 'events', partition: 0 })).toEqual({ first: 0, end: 2 })
    await embedded.close()
  })

  test('shows at the first file as well', async () => {
    const error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const store = openEmbeddedStore(scratch.dir())
    expect(store.explain(error)).toMatchObject({ code: 'STORE_FULL', kind: 'fatal' })
    store.close()
  })
})

describe('a worker', () => {
  test('is alone: a second one is refused with the number of the first', async () => {
    const dir = scratch.dir()
    const first = openEmbedded(dir, { worker: true })
    const body = `try { openEmbedded(args[0], { worker: true }) } catch (error) { console.log(error.code, error.kind, error.message) }`
    const [line] = await scratch.child(body, [dir]).printed(1)
    expect(line).toMatch(/^STORE_LOCKED fatal /)
    expect(line).toContain(`process ${process.pid}`)
    await first.close()
    acquireWorkerLock(dir).release()
  }, 20_000)

  test('is alone in its process, too', async () => {
    const dir = scratch.dir()
    const first = openEmbedded(dir, { worker: true })
    expect(await failureOf(() => openEmbedded(dir, { worker: true }))).toMatchObject({ code: 'STORE_LOCKED' })
    // The failed attempt must not have dropped the lock of the first.
    expect(await failureOf(() => acquireWorkerLock(dir))).toMatchObject({ code: 'STORE_LOCKED' })
    await first.close()
  })

  test('that was killed is in nobody’s way', async () => {
    const dir = scratch.dir()
    const body = `openEmbedded(args[0], { worker: true }); console.log('held'); setInterval(() => {}, 1000)`
    const child = scratch.child(body, [dir])
    await child.printed(1)
    const error = await failureOf(() => acquireWorkerLock(dir))
    expect(error).toMatchObject({ code: 'STORE_LOCKED' })
    expect(error.message).toContain(`process ${child.pid}`)
    await child.kill()
    acquireWorkerLock(dir).release()
  }, 20_000)

  test('lets others produce and read beside it', async () => {
    const dir = scratch.dir()
    const worker = openEmbedded(dir, { worker: true })
    await worker.log.ensureTopic('events')
    const other = openEmbedded(dir)
    await Promise.all([worker.log.append([record('events')]), other.log.append([record('events')])])
    expect((await other.log.fetch({ topic: 'events', partition: 0 }, 0, 10)).records.count).toBe(2)
    await other.close()
    await worker.close()
  })
})

test('the write-ahead log stays bounded, also beside a reader that never ends', async () => {
  const dir = scratch.dir()
  const embedded = openEmbedded(dir)
  await embedded.log.ensureTopic('events')
  const wal = (): number => statSync(`${embedded.path}-wal`).size
  const big = record('events', { value: Buffer.alloc(1_000_000) })
  for (let turn = 0; turn < 60; turn++) await embedded.log.append([big])
  expect(wal()).toBeLessThan(32 * 1024 * 1024)

  const other = new DatabaseSync(embedded.path)
  other.exec('BEGIN; SELECT count(*) FROM millrace_topics')
  for (let turn = 0; turn < 100; turn++) await embedded.log.append([big])
  expect(wal()).toBeGreaterThan(90 * 1024 * 1024)
  other.close()
  embedded.tidy()
  expect(wal()).toBe(0)
  await embedded.close()
}, 60_000)

/** The store may not grow beyond what it has, as on a full disk. */
function limitSize(db: DatabaseSync): void {
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number }
  db.exec(`PRAGMA max_page_count = ${pages + 2}`)
}
