import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { systemClock } from '../../engine/component/contracts/clock.ts'
import type { SourceReader } from '../../engine/component/contracts/reader.ts'
import type { SourceContext } from '../../engine/component/contracts/source.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { gitLog } from '../../sources/git-log.ts'

export const root = mkdtempSync(join(tmpdir(), 'millrace-git-'))
/** To be called once in a test file: readers are closed, and the repositories removed. */
export function cleanUp(): void {
  // Timers of the worker's clock do not keep the process alive; these tests have nothing else that does.
  let alive: NodeJS.Timeout
  beforeAll(() => {
    alive = setInterval(() => undefined, 1000)
  })
  afterAll(() => {
    clearInterval(alive)
    rmSync(root, { recursive: true })
  })
  afterEach(async () => {
    for (const reader of open.splice(0)) await reader.close()
  })
}

export interface Change {
  readonly offset: number
  readonly key: string
  readonly timestamp: number
  readonly value: Readonly<Record<string, unknown>>
}

/** A repository in which each commit is one day later than the one before. */
export class Repository {
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

export const open: SourceReader[] = []
export async function opened(config: object, notes = new Map<string, string>()): Promise<SourceReader> {
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

export const partition = { topic: 'git-log.changes', partition: 0 }

/** Polls up to the end, or until there are `enough` changes. */
export async function take(reader: SourceReader, enough = Infinity, maxBytes = 1_000_000): Promise<Change[]> {
  const changes: Change[] = []
  while (changes.length < enough) {
    // A reader that was closed answers at once, for ever: a test that has run out of time shall not hang the others.
    if (!open.includes(reader)) throw new Error('The reader was closed meanwhile.')
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

export async function all(config: object, notes?: Map<string, string>, offset?: number): Promise<Change[]> {
  const reader = await opened(config, notes)
  await reader.start(partition, offset === undefined ? undefined : { offset, metadata: '' })
  return take(reader)
}

export const told = (changes: readonly Change[]) =>
  changes.map(({ value }) => `${value['action'] as string} ${value['path'] as string}`)
