import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../engine/component/contracts/clock.ts'
import type { SourceReader } from '../../engine/component/contracts/reader.ts'
import type { SourceContext } from '../../engine/component/contracts/source.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { gitLog } from '../../sources/git-log.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-git-'))
// Timers of the worker's clock do not keep the process alive; these tests have nothing else that does.
let alive: NodeJS.Timeout
beforeAll(() => {
  alive = setInterval(() => undefined, 1000)
})
afterAll(() => {
  clearInterval(alive)
  rmSync(root, { recursive: true })
})

interface Change {
  readonly offset: number
  readonly key: string
  readonly timestamp: number
  readonly value: Readonly<Record<string, unknown>>
}

/** A repository in which each commit is one day later than the one before. */
class Repository {
  readonly folder: string
  #day = 0

  constructor(name: string) {
    this.folder = join(root, name)
    mkdirSync(this.folder, { recursive: true })
    this.git('init', '-q', '-b', 'main')
  }

  git(...args: readonly string[]): string {
    const date = `2024-01-01T00:00:00Z`.replace('01T', `${String((this.#day % 28) + 1).padStart(2, '0')}T`)
    const person = {
      GIT_AUTHOR_NAME: 'Ada "A" Okafor',
      GIT_AUTHOR_EMAIL: 'ada@Shop.example',
      GIT_COMMITTER_NAME: 'c',
      GIT_COMMITTER_EMAIL: 'c@x',
    }
    const env = {
      ...process.env,
      ...person,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
      GIT_CONFIG_GLOBAL: '/dev/null',
    }
    return execFileSync('git', args, {
      cwd: this.folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true })
    appendFileSync(join(this.folder, path), text)
  }

  commit(subject: string, files: Readonly<Record<string, string>> = {}): string {
    for (const [path, text] of Object.entries(files)) this.write(path, text)
    this.git('add', '-A')
    this.git('commit', '-q', '--allow-empty', '-m', subject)
    this.#day++
    return this.git('rev-parse', 'HEAD').trim()
  }
}

const open: SourceReader[] = []
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close()
})

async function opened(config: object, notes = new Map<string, string>()): Promise<SourceReader> {
  const context = {
    clock: systemClock,
    group: 'g',
    node: 'changes',
    notes: {
      get: (name: string) => notes.get(name),
      set: (name: string, text: string) => void notes.set(name, text),
    },
  } as unknown as SourceContext
  const reader = await gitLog.open(gitLog.config.parse(config), context)
  open.push(reader)
  const [event] = await reader.poll({ maxBytes: 0, waitMs: 0 })
  expect(event).toEqual({
    type: 'assigned',
    partitions: [{ topic: 'git-log.changes', partition: 0 }],
    epoch: 1,
  })
  return reader
}

const partition = { topic: 'git-log.changes', partition: 0 }

/** Polls up to the end, or until there are `enough` changes. */
async function take(reader: SourceReader, enough = Infinity, maxBytes = 1_000_000): Promise<Change[]> {
  const changes: Change[] = []
  while (changes.length < enough) {
    for (const event of await reader.poll({ maxBytes, waitMs: 50 })) {
      if (event.type === 'failed') throw event.error as Error
      if (event.type === 'end') return changes
      if (event.type !== 'records') continue
      const { records } = event
      for (let row = 0; row < records.count; row++) {
        const { key, value, timestamp } = plainRecord(records, row)
        const text = Buffer.from(value!).toString('utf8')
        changes.push({
          offset: records.offsets[row]!,
          key: Buffer.from(key!).toString('utf8'),
          timestamp,
          value: JSON.parse(text) as Change['value'],
        })
      }
    }
  }
  return changes
}

async function all(config: object, notes?: Map<string, string>, offset?: number): Promise<Change[]> {
  const reader = await opened(config, notes)
  await reader.start(partition, offset === undefined ? undefined : { offset, metadata: '' })
  return take(reader)
}

const told = (changes: readonly Change[]) =>
  changes.map(({ value }) => `${value['action'] as string} ${value['path'] as string}`)

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

describe('marks', () => {
  const repository = { folder: join(root, 'many') }
  beforeAll(() => {
    mkdirSync(repository.folder)
    execFileSync('git', ['init', '-q', '--bare'], { cwd: repository.folder })
    const commits = Array.from({ length: 700 }, (_, n) => {
      const files = Array.from(
        { length: 100 },
        (_file, f) => `M 100644 inline d${f % 10}/f${f}\ndata <<E\n${n}\nE\n`,
      ).join('')
      return `commit refs/heads/main\ncommitter U <u@x> ${1_600_000_000 + n} +0000\ndata <<E\nc${n}\nE\n${files}\n`
    })
    execFileSync('git', ['fast-import', '--quiet'], { cwd: repository.folder, input: commits.join('') })
    execFileSync('git', ['symbolic-ref', 'HEAD', 'refs/heads/main'], { cwd: repository.folder })
  })

  test.each([
    { trouble: undefined },
    { trouble: { duplicates: 0.05, disorder: 0.05, broken: 0.01, seed: 7 } },
  ])(
    'let it begin near an offset far in the history: %j',
    async ({ trouble }) => {
      const config = { repo: repository.folder, ...(trouble === undefined ? {} : { trouble }) }
      const notes = new Map<string, string>()
      const whole = await all(config, notes)
      const marks = JSON.parse(notes.get('checkpoints')!) as { offset: number }[]
      expect(marks.length).toBeGreaterThan(1)
      for (const offset of [marks[0]!.offset - 1, marks[0]!.offset, marks[1]!.offset + 333]) {
        expect(await all(config, notes, offset)).toEqual(whole.slice(offset))
      }
    },
    60_000,
  )

  test('that do not fit the history any more are noticed', async () => {
    const notes = new Map<string, string>()
    await all({ repo: repository.folder }, notes)
    const marks = JSON.parse(notes.get('checkpoints')!) as { offset: number; sha: string }[]
    notes.set('checkpoints', JSON.stringify(marks.map((mark) => ({ ...mark, sha: 'f'.repeat(40) }))))
    await expect(all({ repo: repository.folder }, notes, marks[0]!.offset)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('is not where it was'),
    })
  })
})

describe('trouble', () => {
  test('depends on nothing but seed and history, loses nothing, and does all three', async () => {
    const repo = join(root, 'many')
    const trouble = { duplicates: 0.02, disorder: 0.01, broken: 0.005, seed: 1 }
    const [plain, first, again, other] = await Promise.all([
      all({ repo }),
      all({ repo, trouble }),
      all({ repo, trouble }),
      all({ repo, trouble: { ...trouble, seed: 2 } }),
    ])
    const ids = (changes: readonly Change[]) => changes.map(({ value }) => value['id'] as string)
    expect(again).toEqual(first)
    expect(ids(other)).not.toEqual(ids(first))
    expect(new Set(ids(first))).toEqual(new Set(ids(plain)))
    const share = (count: number): number => count / plain.length
    expect(share(first.length - plain.length)).toBeCloseTo(0.02, 2)
    const broken = first.filter(
      ({ value }) =>
        value['authorEmail'] === '' ||
        value['action'] === 'exploded' ||
        (value['committedAt'] as number) > 4e12,
    )
    expect(share(broken.length)).toBeCloseTo(0.005, 2)
    const bodies = new Map<string, string>()
    for (const { value } of first) {
      const body = JSON.stringify(value)
      expect(bodies.get(value['id'] as string) ?? body).toBe(body)
      bodies.set(value['id'] as string, body)
    }
  }, 60_000)
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
