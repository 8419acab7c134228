import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { all, cleanUp, open, opened, partition, Repository, root, take, told } from './git-repositories.ts'

cleanUp()

describe('one repository', () => {
  let repository: Repository
  beforeEach(() => {
    repository = new Repository(`r${readdirSync(root).length}`)
  })

  test('gives one record for each changed file, with all there is to know', async () => {
    const commit = repository.commit('Begin\n\nA body.', { 'src/a.ts': 'a\n' })
    const [change] = await all({ repo: repository.folder, name: 'shop' })
    expect(change).toEqual({
      offset: 0,
      key: 'src/a.ts',
      timestamp: Date.parse('2024-01-01T00:00:00Z'),
      value: {
        id: expect.stringMatching(new RegExp(`^${commit}-[0-9a-f]{16}$`)),
        repository: 'shop',
        commit,
        committedAt: Date.parse('2024-01-01T00:00:00Z'),
        authorName: 'Ada "A" Okafor',
        authorEmail: 'ada@Shop.example',
        authorDomain: 'shop.example',
        subject: 'Begin',
        action: 'added',
        path: 'src/a.ts',
        oldPath: null,
      },
    })
  })

  test('tells added, modified, deleted, renamed and retyped apart, and passes empty commits over', async () => {
    repository.commit('one', { a: 'text of a\n', b: 'text of b\n', c: '1\n' })
    repository.commit('nothing')
    repository.write('b', 'more\n')
    repository.git('mv', 'a', 'moved')
    repository.git('rm', '-q', 'c')
    repository.commit('two')
    repository.git('mv', 'moved', 'again')
    execFileSync('ln', ['-sf', 'again', 'b'], { cwd: repository.folder })
    repository.commit('three')
    const changes = await all({ repo: repository.folder })
    expect(told(changes)).toEqual(
      [
        'added a',
        'added b',
        'added c',
        'modified b',
        'deleted c',
        'renamed moved',
        'retyped b',
        'renamed again',
      ].sort((l, r) => told(changes).indexOf(l) - told(changes).indexOf(r)),
    )
    expect(changes.find(({ value }) => value['path'] === 'again')?.value['oldPath']).toBe('moved')
    expect(new Set(changes.map(({ value }) => value['id'])).size).toBe(changes.length)
  })

  test('similar files are renames only where that is asked', async () => {
    repository.commit('one', { a: 'line\n'.repeat(20) })
    repository.git('mv', 'a', 'b')
    repository.commit('two', { b: 'another\n' })
    expect(told(await all({ repo: repository.folder }))).toEqual(['added a', 'deleted a', 'added b'])
    expect(told(await all({ repo: repository.folder, renames: 'similar' }))).toEqual(['added a', 'renamed b'])
    expect(told(await all({ repo: repository.folder, renames: 'none' }))).toEqual([
      'added a',
      'deleted a',
      'added b',
    ])
  })

  test('reads any path: unicode, spaces, quotes, line feeds, a leading status letter or mark, no UTF-8', async () => {
    const paths = [
      'ünï/cödé 🚀.txt',
      'with space',
      '"quoted"',
      'line\nfeed',
      'tab\there',
      '\u0001mark',
      '\nleading',
      'M',
      'R100',
    ]
    for (const path of paths) repository.write(path, path)
    writeFileSync(
      Buffer.concat([Buffer.from(`${repository.folder}/`), Buffer.from([0x66, 0xfc, 0x72])]),
      'latin',
    )
    repository.commit('paths')
    const changes = await all({ repo: repository.folder })
    expect(changes.map(({ value }) => value['path']).sort()).toEqual([...paths, 'für'].sort())
    expect(changes.every(({ key, value }) => key === value['path'])).toBe(true)
  })

  test('a merge tells what was decided in it, and nothing twice', async () => {
    repository.commit('base', { shared: 'one\n', other: 'x\n' })
    repository.git('checkout', '-q', '-b', 'side')
    repository.commit('on the side', { shared: 'side\n', 'side-only': '1\n' })
    repository.git('checkout', '-q', 'main')
    repository.commit('on main', { shared: 'main\n', 'main-only': '1\n' })
    try {
      repository.git('merge', '-q', 'side')
    } catch {
      // The conflict that is decided below.
    }
    writeFileSync(join(repository.folder, 'shared'), 'one\nboth\n')
    repository.commit('merge', { 'in-the-merge': '1\n' })
    repository.git('checkout', '-q', '-b', 'second', 'HEAD~1')
    repository.commit('harmless', { harmless: '1\n' })
    repository.git('merge', '-q', '-m', 'clean', 'main')
    const changes = await all({ repo: repository.folder })
    const merged = changes.filter(({ value }) => value['subject'] === 'merge')
    expect(told(merged).sort()).toEqual(['added in-the-merge', 'modified shared'])
    expect(changes.filter(({ value }) => value['subject'] === 'clean')).toEqual([])
    expect(new Set(changes.map(({ value }) => value['id'])).size).toBe(changes.length)
    expect(changes.map(({ offset }) => offset)).toEqual(changes.map((_change, index) => index))
    const place = (subject: string): number => changes.findIndex(({ value }) => value['subject'] === subject)
    expect(place('base')).toBe(0)
    expect(place('merge')).toBeGreaterThan(Math.max(place('on the side'), place('on main')))
  })

  test('goes on at any offset with the same records, and with commits that came later', async () => {
    for (let n = 0; n < 12; n++)
      repository.commit(`c${n}`, { [`f${n % 5}`]: `${n}`, g: `${n}`, [`h${n}`]: '' })
    const notes = new Map<string, string>()
    const whole = await all({ repo: repository.folder }, notes)
    for (const offset of [0, 1, 17, whole.length - 1]) {
      expect(await all({ repo: repository.folder }, notes, offset)).toEqual(whole.slice(offset))
    }
    expect(await all({ repo: repository.folder }, notes, whole.length)).toEqual([])
    repository.git('checkout', '-q', '-b', 'old', 'HEAD~6')
    repository.commit('on old', { late: '1' })
    repository.git('checkout', '-q', 'main')
    repository.git('merge', '-q', '-m', 'merge', 'old')
    repository.commit('after', { g: 'after' })
    const later = await all({ repo: repository.folder }, notes, whole.length)
    expect(later.map(({ offset, value }) => [offset, value['subject']])).toEqual([
      [whole.length, 'on old'],
      [whole.length + 1, 'after'],
    ])
    expect(await all({ repo: repository.folder }, notes)).toEqual([...whole, ...later])
  })

  test('waits at the end for new commits', async () => {
    repository.commit('one', { a: '1' })
    const reader = await opened({ repo: repository.folder, follow: '1ms' })
    await reader.start(partition, undefined)
    expect(await take(reader)).toHaveLength(1)
    expect(await reader.poll({ maxBytes: 1000, waitMs: 5 })).toEqual([])
    repository.commit('two', { a: '2', b: '1' })
    expect((await take(reader)).map(({ offset }) => offset)).toEqual([1, 2])
    expect(await reader.bounds(partition)).toEqual({ first: 0, end: 3 })
  })

  test('a rewritten history adds its new commits', async () => {
    repository.commit('one', { a: '1' })
    repository.commit('two', { a: '2' })
    const notes = new Map<string, string>()
    expect(await all({ repo: repository.folder }, notes)).toHaveLength(2)
    repository.git('reset', '-q', '--hard', 'HEAD~1')
    expect(await all({ repo: repository.folder }, notes, 2)).toEqual([])
    repository.commit('another two', { a: 'x' })
    const [change, ...more] = await all({ repo: repository.folder }, notes, 2)
    expect([change?.offset, change?.value['subject'], more]).toEqual([2, 'another two', []])
  })

  test('delivers about as much as is asked for, nothing while it is paused, and nothing after it is closed', async () => {
    for (let n = 0; n < 30; n++) repository.commit(`c${n}`, { [`f${n}`]: '1' })
    const reader = await opened({ repo: repository.folder })
    expect(await reader.poll({ maxBytes: 1000, waitMs: 1 })).toEqual([])
    await reader.start(partition, undefined)
    reader.pause(partition)
    expect(await reader.poll({ maxBytes: 1000, waitMs: 1 })).toEqual([])
    reader.resume(partition)
    expect(await reader.poll({ maxBytes: 0, waitMs: 1 })).toEqual([])
    const first = await take(reader, 1, 600)
    expect(first.length).toBeLessThanOrEqual(2)
    expect((await take(reader)).length + first.length).toBe(30)
    const waiting = reader.poll({ maxBytes: 1000, waitMs: 60_000 })
    await reader.close()
    expect(await waiting).toEqual([])
    expect(await reader.poll({ maxBytes: 1000, waitMs: 1 })).toEqual([])
  })

  test('a repository without commits is at its end', async () => {
    expect(await all({ repo: repository.folder })).toEqual([])
  })

  test('a bundle is a repository too, and leaves nothing behind', async () => {
    repository.commit('one', { a: '1' })
    const bundle = join(root, 'shop.bundle')
    repository.git('bundle', 'create', '-q', bundle, 'HEAD', 'main')
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-bundle-'))
    const [change] = await all({ repo: bundle })
    expect(change?.value['repository']).toBe('shop')
    await open.at(-1)?.close()
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-bundle-'))).toEqual(before)
  })
})

describe('what cannot be read', () => {
  test('is told in one sentence', async () => {
    const repository = new Repository('origin')
    repository.commit('one', { a: '1' })
    repository.commit('two', { a: '2' })
    const shallow = join(root, 'shallow')
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${repository.folder}`, shallow])
    const empty = join(root, 'empty')
    mkdirSync(empty)
    writeFileSync(join(root, 'file.txt'), 'no bundle')
    const cases: [object, RegExp, string][] = [
      [{ repo: join(root, 'nowhere') }, /^There is no .*nowhere: give/, 'not-there'],
      [{ repo: empty }, /empty is not a git repository/, 'not-a-repository'],
      [{ repo: join(root, 'file.txt') }, /neither a git repository nor a bundle/, 'not-a-repository'],
      [{ repo: shallow }, /shallow clone.*--unshallow/, 'shallow'],
    ]
    for (const [config, message, reason] of cases) {
      await expect(opened(config)).rejects.toMatchObject({
        kind: 'fatal',
        code: 'SOURCE_FAILED',
        message: expect.stringMatching(message),
        facts: { reason },
      })
    }
    expect(told(await all({ repo: shallow, shallow: 'accept' }))).toEqual(['added a'])
    await expect(all({ repo: repository.folder, ref: 'no-such' })).rejects.toMatchObject({
      message: expect.stringMatching(/no commit no-such/),
    })
    await expect(all({ repo: repository.folder }, new Map(), 5)).rejects.toMatchObject({
      message: expect.stringMatching(/is gone/),
    })
    const notes = new Map<string, string>()
    await all({ repo: repository.folder }, notes)
    await expect(opened({ repo: repository.folder, renames: 'none' }, notes)).rejects.toMatchObject({
      message: expect.stringMatching(/other settings/),
    })
  })

  test('no git is told too', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = '/nowhere'
    try {
      await expect(opened({ repo: root })).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        facts: { reason: 'no-git' },
      })
    } finally {
      process.env['PATH'] = path
    }
  })

  test('a damaged repository fails the reader, which says why and stays quiet', async () => {
    const repository = new Repository('damaged')
    repository.commit('one', { a: '1' })
    repository.commit('two', { 'd/a': '2' })
    const tree = repository.git('rev-parse', 'HEAD:d').trim()
    const object = join(repository.folder, '.git', 'objects', tree.slice(0, 2), tree.slice(2))
    expect(existsSync(object)).toBe(true)
    renameSync(object, `${object}.gone`)
    const reader = await opened({ repo: repository.folder })
    await reader.start(partition, undefined)
    await expect(take(reader)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/cannot be read/),
    })
    expect(await reader.poll({ maxBytes: 1000, waitMs: 1 })).toEqual([])
  })
})
