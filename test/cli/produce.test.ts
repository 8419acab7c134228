import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readLines } from '../../cli/terminal/lines.ts'
import { openProject } from '../../cli/project/project.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { answers, makeProject, millrace } from './command-line.ts'

let project: ReturnType<typeof makeProject>

beforeEach(() => {
  project = makeProject()
})
afterEach(() => project.remove())

const produce = (lines: readonly string[], ...flags: string[]) => {
  writeFileSync(join(project.folder, 'in.jsonl'), lines.join('\n'))
  return millrace(project.folder, ['produce', 'events', '--file', 'in.jsonl', ...flags])
}

/** What is in a partition, decoded. */
async function stored(partition = 0, schema: string | null = 'shop.Event') {
  const opened = await openProject({ cwd: project.folder })
  try {
    const { records } = await opened.log.fetch({ topic: 'events', partition }, 0, 10_000)
    const codec = schema === null ? undefined : await opened.schemas.codec(schema)
    return Array.from({ length: records.count }, (_, row) => {
      const { key, value } = plainRecord(records, row)
      const bytes = Buffer.from(value!)
      return [
        key?.toString() ?? null,
        codec === undefined ? bytes.toString() : codec.decode(bytes, 0, bytes.length),
      ]
    })
  } finally {
    await opened.close()
  }
}

describe('produce', () => {
  test('writes the records of a file, in order, and says how many', async () => {
    const ran = await produce(
      ['{"id":"a","n":1}', '{"id":"b","n":2,"note":"x"}', ''],
      '--schema',
      'shop.Event',
      '-o',
      'json',
    )
    expect(ran.err).toEqual([])
    expect(ran.code).toBe(0)
    expect(answers(ran)).toEqual([
      {
        produced: 2,
        refused: 0,
        topic: 'events',
        partitions: 1,
        elapsedMs: expect.any(Number),
        recordsPerSecond: expect.any(Number),
      },
    ])
    expect(await stored()).toEqual([
      [null, { id: 'a', n: 1, note: null }],
      [null, { id: 'b', n: 2, note: 'x' }],
    ])
  })

  test('names bad lines by number and reason, and goes on', async () => {
    const ran = await produce(
      [
        '{"id":"a","n":1}',
        'nonsense',
        '',
        '{"id":"b"}',
        '{"id":"c","n":3,"nte":"x"}',
        '[1]',
        '{"n":4}',
        '{"id":"d","n":5}\r',
      ],
      ...['--schema', 'shop.Event', '--key', 'id'],
    )
    expect(ran.code).toBe(1)
    expect(ran.err).toEqual([
      expect.stringMatching(/^line 2: not JSON: /),
      expect.stringMatching(/^line 4: .*at n: expected long, got nothing/),
      expect.stringMatching(/^line 5: .*no field "nte".*"note"/),
      expect.stringMatching(/^line 6: /),
      'line 7: it has no field id for the key',
    ])
    expect(ran.out).toEqual([
      expect.stringMatching(/^2 records written to events \(1 partition\), 5 refused, in /),
    ])
    expect(await stored()).toEqual([
      ['a', { id: 'a', n: 1, note: null }],
      ['d', { id: 'd', n: 5, note: null }],
    ])
  })

  test('keeps whole numbers that JavaScript would round', async () => {
    await produce(['{"id":"a","n":9007199254740993}'], '--schema', 'shop.Event')
    expect(await stored()).toEqual([[null, { id: 'a', n: 9007199254740993n, note: null }]])
  })

  test('spreads keys over partitions, each key in one', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `{"id":"k${n % 30}","n":${n}}`)
    const ran = await produce(
      lines,
      ...['--schema', 'shop.Event', '--key', 'id', '--partitions', '4', '-o', 'json'],
    )
    expect(answers(ran)).toEqual([expect.objectContaining({ produced: 3000, partitions: 4 })])
    const found = new Map<string, number[]>()
    for (let partition = 0; partition < 4; partition++) {
      const records = (await stored(partition)) as [string, { n: number }][]
      const here = new Set(records.map(([key]) => key))
      for (const key of here) expect(found.has(key)).toBe(false)
      for (const [key, { n }] of records) found.set(key, [...(found.get(key) ?? []), n])
    }
    expect(found.size).toBe(30)
    for (const numbers of found.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  test('--raw writes lines as they are', async () => {
    const ran = await produce(['not json', '{"id": "a" }'], '--raw')
    expect(ran.code).toBe(0)
    expect(await stored(0, null)).toEqual([
      [null, 'not json'],
      [null, '{"id": "a" }'],
    ])
  })

  test('--raw with --key reads the key only', async () => {
    const ran = await produce(['{"user":{"id":7}}', 'not json', '{"user":{}}'], '--raw', '--key', 'user.id')
    expect(ran.code).toBe(1)
    expect(ran.err).toHaveLength(2)
    expect(await stored(0, null)).toEqual([['7', '{"user":{"id":7}}']])
  })

  test.each([
    [['produce'], 2, /needs a topic/],
    [['produce', 'events'], 2, /needs --schema NAME/],
    [['produce', 'events', 'more', '--raw'], 2, /takes one topic/],
    [['produce', 'events', '--raw', '--schema', 'shop.Event'], 2, /leave one of --raw and --schema out/],
    [['produce', 'events', '--schema', 'shop.Evnet'], 1, /Did you mean "shop.Event"\?/],
    [['produce', 'events', '--schema', 'shop.Event', '--key', 'ident'], 2, /has no field ident/],
    [['produce', 'events', '--raw', '--file', 'none.jsonl'], 1, /There is no file none.jsonl/],
    [['produce', 'events', '--raw', '--file', '.'], 1, /is a folder/],
    [['produce', 'events', '--raw', '--partitions', '0'], 2, /from 1 to 1024/],
    [['produce', 'ev/ents', '--raw', '--file', 'in.jsonl'], 1, /ev\/ents/],
    [['produce', 'notes.events.parked', '--raw'], 2, /millrace dlq/],
    [['produce', 'events', '--raw', '--project', 'nowhere'], 1, /--project nowhere does not exist/],
  ])('%j is one sentence', async (words, code, message) => {
    writeFileSync(join(project.folder, 'in.jsonl'), 'x\n')
    const ran = await millrace(project.folder, words)
    expect(ran).toEqual({ code, out: [], err: [expect.stringMatching(message)] })
    expect(ran.err[0]).toMatch(/^millrace: /)
  })

  test('stops where it is told to, having said how far it got', async () => {
    const stop = new AbortController()
    stop.abort()
    writeFileSync(join(project.folder, 'in.jsonl'), '1\n2\n')
    const ran = await millrace(
      project.folder,
      ['produce', 'events', '--raw', '--file', 'in.jsonl'],
      stop.signal,
    )
    expect(ran.code).toBe(1)
    expect(ran.err).toEqual(['millrace: stopped: 0 records are written, up to line 0.'])
  })

  test('--store keeps the records elsewhere', async () => {
    await produce(['1'], '--raw', '--store', 'elsewhere')
    const opened = await openProject({ cwd: project.folder })
    expect(opened.hasStore).toBe(false)
    expect((await openProject({ cwd: project.folder, store: 'elsewhere' })).hasStore).toBe(true)
  })
})

describe('lines', () => {
  async function split(chunks: readonly string[], most = 100) {
    const bytes = (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk)
    })()
    const lines: [number, string | undefined][] = []
    for await (const some of readLines(bytes, most))
      for (const { number, bytes } of some) lines.push([number, bytes?.toString()])
    return lines
  }

  test('may be cut anywhere', async () => {
    const text = 'ab\n\r\ncd\r\n\nzß\nlast'
    const expected = [
      [1, 'ab'],
      [3, 'cd'],
      [5, 'zß'],
      [6, 'last'],
    ]
    expect(await split([text])).toEqual(expected)
    expect(await split([...text])).toEqual(expected)
  })

  test('that are too long are named, and not held', async () => {
    expect(await split(['short\n', 'x'.repeat(60), 'x'.repeat(60), 'x'.repeat(60), '\nend'], 100)).toEqual([
      [1, 'short'],
      [2, undefined],
      [3, 'end'],
    ])
    expect(await split(['x'.repeat(100), '\n', 'x'.repeat(101)], 100)).toEqual([
      [1, 'x'.repeat(100)],
      [2, undefined],
    ])
  })
})
