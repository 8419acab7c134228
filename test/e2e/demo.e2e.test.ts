// The demo on a small history, from a folder that is no project.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { addedUp, answer, expectQuiet, root, TestProject, type Ran, type Summary } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject
const commits = 12
const files = 60

beforeAll(() => {
  project = new TestProject({ 'here.txt': '' })
  makeHistory(project.path('shop'))
})
afterAll(() => project.remove())

/** Every commit changes every file; the first one adds them. */
function makeHistory(folder: string): void {
  const line = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`
  let stream = ''
  for (let commit = 0; commit < commits; commit++) {
    const when = 1_767_225_600 + commit * 3600
    stream += `commit refs/heads/main\ncommitter Ann <ann@shop.example> ${when} +0000\n${line(`change ${commit}`)}`
    for (let file = 0; file < files; file++) {
      stream += `M 100644 inline src/file-${file}.txt\n${line(`${commit} of ${file}\n`)}`
    }
  }
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' }
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', folder], { env })
  execFileSync('git', ['-C', folder, 'fast-import', '--quiet'], { env, input: stream })
}

describe('demo', () => {
  test('-o json: every change is read, and the numbers add up', async () => {
    const ran = await project.run(['demo', '--repo', 'shop', '-o', 'json'])
    expect(ran.stderr).toMatch(/^Reading the history of shop \(12 commits\), oldest change first …\n$/)
    const both = answer<Record<string, Summary>>({ ...ran, stderr: '' })
    expect(Object.keys(both)).toEqual(['git-audit', 'audit-store'])
    const made = addedUp(both['git-audit']!)
    const stored = addedUp(both['audit-store']!)
    // One change is one event; those that are sent twice come on top.
    expect(made).toMatchObject({ stored: made.consumed, deadLettered: 0 })
    expect(stored.consumed).toBe(made.stored)
    expect(stored.duplicates).toBeGreaterThan(0)
    expect(stored.stored).toBeLessThanOrEqual(commits * files)

    const question = [
      'audit-by-user',
      'userId=ann@shop.example',
      'from=2025-12-01T00:00:00Z',
      '--limit',
      '10000',
    ]
    const flags = ['--store', '.millrace/demo', '--project', root, '-o', 'json']
    const { rows } = answer<{ rows: { event_id: string }[] }>(
      await project.run(['query', ...question, 'limit=10000', ...flags]),
    )
    expect(rows).toHaveLength(stored.stored)
    expect(new Set(rows.map((row) => row.event_id)).size).toBe(stored.stored)
  })

  describe('for people', () => {
    let ran: Ran
    beforeAll(async () => {
      ran = await project.run(['demo', '--repo', 'shop'])
    })

    test('tells the numbers of both topologies', () => {
      expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
      expectQuiet(ran)
      expect(ran.stdout).toMatch(/^topology +read +duplicates +dropped +dead letters +stored$/m)
      expect(ran.stdout).toMatch(/^git-audit +\d+ +0 +0 +0 +\d+$/m)
      expect(ran.stdout).toMatch(/^audit-store( +\d+){5}$/m)
      expect(ran.stdout).toMatch(/events\/s, at most \d+ MB of memory$/m)
    })

    test.each([
      [/^What happened to src\/file-\d+\.txt\?.*$/m],
      [/^What did ann@shop\.example do\?.*$/m],
      [/^What happened in shop\?.*$/m],
    ])('answers %s', (question) => {
      const answered = ran.stdout.split(question)[1]!
      expect(answered).toMatch(/^\n {2}event_time +action/)
      expect(
        answered
          .split('\n')
          .slice(2, 5)
          .filter((row) => /^ {2}2026-01-01T\d\d:00:00.000Z +(added|modified) /.test(row)),
      ).toHaveLength(3)
    })

    test('draws the topologies, and says what can be tried, which then works', async () => {
      expect(ran.stdout).toMatch(/^changes \(git-log source/m)
      expect(ran.stdout).toMatch(/└─ unique \(dedupe, by eventId, window 7d\)/)
      const tries = ran.stdout.split('Try next:\n')[1]!.trimEnd().split('\n')
      const asked = [...ran.stdout.matchAll(/\((millrace query .*)\)$/gm)].map((match) => match[1]!)
      const shown = [...asked, ...tries.map((line) => line.trim().split(/ {2,}/)[0]!)]
      const commands = shown.filter((line) => !line.includes('DIR'))
      expect(commands.length).toBeGreaterThan(6)
      const tried = await Promise.all(commands.map((line) => project.run(line.split(' ').slice(1))))
      expect(tried.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        commands.map(() => ({ code: 0, stderr: '' })),
      )
    })
  })

  test('ends quietly when its reader goes away', async () => {
    const demo = project.start(['demo', '--repo', 'shop', '--store', 'quiet'])
    await demo.until(({ stdout }) => stdout.includes('\n'))
    demo.hangUp()
    const ended = await demo.ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('without a repository it has one of its own', async () => {
    const ran = await project.run(['demo', '--store', 'bundled', '-o', 'json'])
    expect(ran.stderr).toMatch(/^Reading a bundled history, since there is no repository here/)
    const both = answer<Record<string, Summary>>({ ...ran, stderr: '' })
    expect(addedUp(both['audit-store']!).deadLettered).toBeGreaterThan(0)
    expect(existsSync(project.path('bundled', '.millrace', 'store.db'))).toBe(true)
  })
})
