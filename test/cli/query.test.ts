import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openProject } from '../../cli/project/project.ts'
import { textTable } from '../../cli/terminal/text-table.ts'
import { answers, makeProject, millrace } from './command-line.ts'

let project: ReturnType<typeof makeProject>

const day = 86_400_000
const first = Date.UTC(2026, 0, 1)

beforeAll(async () => {
  project = makeProject()
  const opened = await openProject({ cwd: project.folder })
  opened.acquireWorkerLock()
  const rows = Array.from({ length: 7 }, (_, n) => ({
    table: 'notes',
    values: {
      owner: 'ann',
      at: first + n * day,
      note: n === 3 ? null : `note ${n}`,
      tags: ['a', 'b'],
      size: 2n ** 60n,
    },
    timestampMicros: 1,
    mode: 'insert' as const,
  }))
  expect(await opened.tables.write(rows)).toEqual(rows.map(() => ({ outcome: 'stored' })))
  await opened.close()
})
afterAll(() => project.remove())

const query = (...words: string[]) => millrace(project.folder, ['query', ...words])

describe('query', () => {
  test('answers a table', async () => {
    const ran = await query('notes-of', 'owner=ann', 'before=2026-01-05T00:00:00Z')
    expect(ran.err).toEqual([])
    expect(ran.code).toBe(0)
    expect(ran.out).toEqual([
      'owner  at                        note    tags       size',
      'ann    2026-01-04T00:00:00.000Z  -       ["a","b"]  1152921504606846976',
      'ann    2026-01-03T00:00:00.000Z  note 2  ["a","b"]  1152921504606846976',
      'ann    2026-01-02T00:00:00.000Z  note 1  ["a","b"]  1152921504606846976',
      'ann    2026-01-01T00:00:00.000Z  note 0  ["a","b"]  1152921504606846976',
      '',
      '4 rows',
    ])
  })

  test('answers json, page by page', async () => {
    const notes: unknown[] = []
    let page: string | null = null
    for (let pages = 1; ; pages++) {
      const ran = await query(
        'notes-of',
        'owner=ann',
        '--limit',
        '3',
        '-o',
        'json',
        ...(page === null ? [] : ['--page', page]),
      )
      const [answer] = answers(ran) as [{ rows: { note: string }[]; nextPage: string | null }]
      notes.push(...answer.rows.map(({ note }) => note))
      page = answer.nextPage
      if (page !== null) continue
      expect(pages).toBe(3)
      break
    }
    expect(notes).toEqual(['note 6', 'note 5', 'note 4', null, 'note 2', 'note 1', 'note 0'])
  })

  test('prints the command for the next page, which works', async () => {
    const ran = await query('notes-of', 'owner=ann', '--limit', '5')
    const command = ran.out.at(-1)!.trim()
    expect(command).toMatch(/^millrace query notes-of owner=ann --limit 5 --page \S+$/)
    const next = await millrace(project.folder, command.split(' ').slice(1))
    expect(next.out.at(-1)).toBe('2 rows')
  })

  test('answers lines of json, and the next command beside them', async () => {
    const ran = await query('notes-of', 'owner=ann', '--limit', '2', '-o', 'jsonl')
    expect(answers(ran)).toHaveLength(2)
    expect(ran.err).toEqual([
      expect.stringMatching(/^next page: millrace query notes-of owner=ann --limit 2 --output jsonl --page /),
    ])
  })

  test('a parameter with spaces is quoted in the next command', async () => {
    const ran = await query('notes-of', "owner=it's me")
    expect(ran.out).toEqual([expect.stringMatching(/^owner +at/), '', '0 rows'])
  })

  test('without a name, lists the reads', async () => {
    const ran = await query()
    expect(ran.out.slice(0, 3)).toEqual([
      'notes-of: The notes of an owner, newest first.',
      '  owner=…       text       whose notes',
      '  [before=now]  timestamp  notes older than this',
    ])
    expect(answers(await query('-o', 'json'))).toEqual([
      [
        {
          name: 'notes-of',
          summary: 'The notes of an owner, newest first.',
          parameters: [
            { name: 'owner', type: 'text', required: true, default: null, description: 'whose notes' },
            {
              name: 'before',
              type: 'timestamp',
              required: false,
              default: 'now',
              description: 'notes older than this',
            },
          ],
        },
      ],
    ])
  })

  test.each([
    [['notesof', 'owner=a'], /did you mean "notes-of"\?/],
    [['../0001-notes', 'owner=a'], /There is no named read/],
    [['notes-of'], /owner .*is missing/],
    [['notes-of', 'ownr=a'], /did you mean owner\?/],
    [['notes-of', 'owner=a', 'owner=b'], /given twice/],
    [['notes-of', 'owner'], /name=value/],
    [['notes-of', 'owner=a', 'before=yesterday'], /before/],
    [['notes-of', 'owner=a', '--page', 'AAAA'], /page token/],
    [['notes-of', 'owner=a', '--limit', '0'], /from 1 to/],
    [['notes-of', 'owner=a', '__proto__=x'], /no parameter "__proto__"/],
  ])('%j is one sentence', async (words, message) => {
    const ran = await query(...words)
    expect(ran).toEqual({ code: 2, out: [], err: [expect.stringMatching(message)] })
  })

  test('where nothing ran yet, it says so and makes no store', async () => {
    const ran = await query('notes-of', 'owner=a', '--store', 'none')
    expect(ran).toMatchObject({ code: 1, err: [expect.stringMatching(/There is no store in .*none yet/)] })
    expect((await openProject({ cwd: project.folder, store: 'none' })).hasStore).toBe(false)
  })
})

describe('a table of text', () => {
  const rows = [
    ['a', 'short', 'x'.repeat(40)],
    ['bb', '日本語', 'ok'],
  ]

  test('is aligned, wide characters too', () => {
    expect(textTable(['k', 'name', 'text'], rows)).toEqual([
      'k   name    text',
      `a   short   ${'x'.repeat(40)}`,
      'bb  日本語  ok',
    ])
  })

  test('takes from the widest columns to fit', () => {
    const lines = textTable(['k', 'name', 'text'], rows, 30)
    expect(lines[1]).toBe(`a   short   ${'x'.repeat(17)}…`)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30)
  })

  test('never goes below a readable width', () => {
    expect(textTable(['text'], [['x'.repeat(40)]], 2)).toEqual(['text', 'xxxxx…'])
  })

  test('cannot be broken by what is in it', () => {
    expect(textTable(['k'], [['a\nb\tc\u001b[2J\u202e']])).toEqual(['k', 'a⏎b c�[2J�'])
  })
})
