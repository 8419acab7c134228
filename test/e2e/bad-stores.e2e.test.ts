// Stores that are damaged, foreign, taken, full or not writable, and addresses that cannot be served.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  answer,
  expectQuiet,
  expectRefusal,
  jsonLines,
  orders,
  produceOrders,
  root,
  TestProject,
  unlogged,
  type Ran,
  type Summary,
} from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject
const all = orders(0, 600)
const ids = all.map(({ id }) => id)
const run = ['run', 'topologies/orders.yaml', '--until-end', '-o', 'json']

/** Every way to open a store. */
const openings: readonly (readonly string[])[] = [
  run,
  ['query', 'orders-of', 'customer=c0'],
  ['dlq', 'list'],
  produceOrders,
]

beforeAll(async () => {
  project = new TestProject()
  await project.produce(all)
  await project.runOrders()
})
afterAll(() => project.remove())

function openAll(store: string): Promise<Ran[]> {
  const input = jsonLines(orders(1000, 1001))
  return Promise.all(openings.map((words) => project.run([...words, '--store', store], { input })))
}

function database(store: string): DatabaseSync {
  return new DatabaseSync(join(store, '.millrace', 'store.db'))
}

describe('a store file that is', () => {
  const damages: readonly [string, (file: string) => void, RegExp][] = [
    [
      'overwritten from its second page on',
      (file) => {
        const bytes = readFileSync(file)
        for (let at = 8192; at < bytes.length; at += 7) bytes[at] = bytes[at]! ^ 0x5a
        writeFileSync(file, bytes)
      },
      /store\.db (is damaged|holds tables of format) .*(put a copy back, or )?move (it|the file) away/,
    ],
    [
      'cut off',
      (file) => truncateSync(file, readFileSync(file).length / 2 - 100),
      /store\.db is damaged .*: put a copy back, or move it away and run again from the start\.$/,
    ],
    [
      'not SQLite',
      (file) => writeFileSync(file, 'This was a text all along.\n'.repeat(1000)),
      /store\.db is not a Millrace store: move it away, and a new one is made\.$/,
    ],
  ]

  test.each(damages)('%s is refused by every command, and left as it is', async (what, damage, sentence) => {
    const store = project.copyStore(what.replaceAll(' ', '-'))
    const file = join(store, '.millrace', 'store.db')
    damage(file)
    const before = readFileSync(file)
    for (const ran of await openAll(store)) expectRefusal(ran, 1, sentence)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('the database of another program is refused by every command, and left as it is', async () => {
    const store = project.path('foreign')
    mkdirSync(join(store, '.millrace'), { recursive: true })
    const db = database(store)
    db.exec('CREATE TABLE bookmarks (url TEXT)')
    db.close()
    const before = readFileSync(join(store, '.millrace', 'store.db'))
    const sentence =
      /store\.db is the database of another program: move it away, or choose another directory\.$/
    for (const ran of await openAll(store)) expectRefusal(ran, 1, sentence)
    expect(readFileSync(join(store, '.millrace', 'store.db')).equals(before)).toBe(true)
  })

  test('of a newer version is refused by every command, and works again where it is known', async () => {
    const store = project.copyStore('newer')
    const db = database(store)
    const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
    db.exec('PRAGMA user_version = 99')
    const sentence = /store\.db was written by a newer Millrace .*99.*: upgrade Millrace\.$/
    for (const ran of await openAll(store)) expectRefusal(ran, 1, sentence)
    db.exec(`PRAGMA user_version = ${version}`)
    db.close()
    expect(await project.storedIds(['--store', store])).toEqual(ids)
  })

  test('changed where only a checksum can tell stops the run', async () => {
    const store = project.copyStore('flipped')
    const db = database(store)
    const blocks = db.prepare('SELECT id, data FROM millrace_blocks WHERE count = 600').all()
    const { id, data } = blocks[0] as { id: number; data: Uint8Array }
    data[data.length >> 1]! ^= 1
    db.prepare('UPDATE millrace_blocks SET data = ? WHERE id = ?').run(data, id)
    db.prepare("DELETE FROM millrace_positions WHERE group_name = 'orders'").run()
    db.close()
    expectRefusal(
      await project.run([...run, '--store', store]),
      1,
      /Offsets 0 to 599 of topic "orders".* damaged/,
    )
  })

  test('a folder is refused', async () => {
    const store = project.path('folder')
    mkdirSync(join(store, '.millrace', 'store.db'), { recursive: true })
    const sentence = /store\.db cannot be opened: see that it is a file/
    expectRefusal(await project.run([...run, '--store', store]), 1, sentence)
  })
})

describe('a store with a worker', () => {
  test('refuses a second one, naming the first; after its death there is room', async () => {
    const store = project.copyStore('taken')
    const first = project.start(['run', 'topologies/orders.yaml', '--store', store])
    await first.url()
    const sentence = new RegExp(
      `The store in .*taken already has a worker \\(process ${first.pid}\\): stop it first`,
    )
    expectRefusal(await project.run([...run, '--store', store]), 1, sentence)
    first.kill('SIGKILL')
    await first.ended
    expect(await project.runOrders(['--store', store])).toMatchObject({ consumed: 0 })
    expect(await project.storedIds(['--store', store])).toEqual(ids)
  })

  test('is not taken away by a demo', async () => {
    const store = project.path('demo')
    const demo = ['demo', '--store', store, '-o', 'json']
    expect((await project.run(demo)).code).toBe(0)
    const flags = ['--project', root, '--store', store]
    const worker = project.start(['run', join(root, 'topologies', 'audit-store.yaml'), ...flags])
    await worker.url()
    const sentence = new RegExp(`already has a worker \\(process ${worker.pid}\\)`)
    expectRefusal(await project.run(demo), 1, sentence)
    worker.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
  })
})

describe('a place that cannot be written:', () => {
  const asRoot = process.getuid?.() === 0 ? test : test.skip
  // These need root: to mount small and read-only file systems, and to become another user.

  function mounted(name: string, size: string): { readonly folder: string; unmount(): void } {
    const folder = project.path(name)
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
    return {
      folder,
      unmount: () => {
        execFileSync('umount', [folder])
        rmSync(folder, { recursive: true })
      },
    }
  }

  asRoot('a folder of another user', async () => {
    const store = project.copyStore('others')
    chmodSync(project.folder, 0o755)
    const prefix = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    const remedy = /cannot be (written|opened): .*this user .*write/
    expectRefusal(await project.run([...run, '--store', store], { prefix }), 1, remedy)
    const empty = project.path('empty')
    mkdirSync(empty)
    expectRefusal(await project.run([...produceOrders, '--store', empty], { prefix, input: '' }), 1, remedy)
    chownSync(empty, 65534, 65534)
    const mine = await project.run([...produceOrders, '--store', empty], { prefix, input: jsonLines(all) })
    expect(answer(mine)).toMatchObject({ produced: 600 })
  })

  asRoot('a full disk, while records are produced', async () => {
    const disk = mounted('disk', '1m')
    try {
      const flags = ['--store', disk.folder]
      const many = jsonLines(orders(0, 20_000))
      const full = await project.run([...produceOrders, ...flags], { input: many })
      expect({ code: full.code, stdout: full.stdout }).toEqual({ code: 1, stdout: '' })
      expectQuiet(full)
      const [told, sentence] = unlogged(full.stderr) as [string, string]
      expect(sentence).toMatch(
        /^millrace: The disk that holds .*store\.db is full: free some space and start again/,
      )
      const written = Number(/^(\d+) records were written, up to line \1\.$/.exec(told)![1])
      expect(written).toBeGreaterThan(0)

      execFileSync('mount', ['-o', 'remount,size=30m', disk.folder])
      expect(await project.runOrders(flags)).toMatchObject({ consumed: written, stored: written })
      expect(await project.storedIds(flags)).toEqual(orders(0, written).map(({ id }) => id))
    } finally {
      disk.unmount()
    }
  })

  asRoot('a full disk, while a topology runs', async () => {
    const disk = mounted('small', '8m')
    try {
      const flags = ['--store', disk.folder]
      await project.produce(orders(0, 20_000), flags)
      const used = Number(execFileSync('du', ['-sk', disk.folder]).toString().split('\t')[0])
      execFileSync('mount', ['-o', `remount,size=${used + 700}k`, disk.folder])
      const full = await project.run([...run, ...flags])
      expectRefusal(
        full,
        1,
        /The disk that holds .* is full: free some space and start again; nothing that was committed is lost\.$/,
      )

      execFileSync('mount', ['-o', 'remount,size=60m', disk.folder])
      const summary = answer<Summary>(await project.run([...run, ...flags]))
      expect(summary.deadLettered + summary.skipped + summary.duplicates + summary.dropped).toBe(0)
      expect(await project.storedIds(flags)).toEqual(orders(0, 20_000).map(({ id }) => id))
    } finally {
      disk.unmount()
    }
  })
})

describe('HTTP', () => {
  test('refuses a port in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ran = await project.run([...run, '--http', `127.0.0.1:${port}`])
    await new Promise((resolve) => server.close(resolve))
    expectRefusal(
      ran,
      1,
      new RegExp(`HTTP port 127\\.0\\.0\\.1:${port} is in use: choose another one with --http`),
    )
  })

  const wrong: readonly [number, readonly string[], RegExp][] = [
    [
      1,
      ['--http', '0.0.0.0:0'],
      /HTTP on 0\.0\.0\.0 can be reached .* has no token: give one with --http-token/,
    ],
    [1, ['--http', '[::]:0'], /HTTP on .* has no token: give one with --http-token/],
    [1, ['--http', '0.0.0.0:0', '--http-token', 'env:NOPE'], /--http-token: env:NOPE is empty or not set\.$/],
    [1, ['--http', '0.0.0.0:0', '--http-token', 'file:nope'], /--http-token: .*nope/],
    [
      2,
      ['--http', '0.0.0.0:0', '--http-token', 'secret'],
      /--http-token is given by reference: env:NAME or file:PATH\.$/,
    ],
    [2, ['--http', '127.0.0.1:99999'], /--http 127\.0\.0\.1:99999 is not an address: give /],
    [2, ['--http', 'here'], /--http here is not an address: give /],
  ]
  test.each(wrong)('has exit code %d for %j', async (code, flags, sentence) => {
    const ran = await project.run([...run, ...flags])
    expectRefusal(ran, code, sentence)
    expect(ran.stderr).not.toContain('secret')
  })
})

test('after all this the store is whole', async () => {
  expect(await project.runOrders()).toMatchObject({ consumed: 0 })
  expect(await project.storedIds()).toEqual(ids)
})
