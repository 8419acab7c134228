// What docs/guide/dead-letters.md shows is so: its commands run, and its headers are those that are written.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { encodeDeadLetter } from '../../engine/runtime/dead-letters.ts'
import type { LetterInfo } from '../../engine/runtime/letters.ts'
import { Folder } from '../cli/full-command-line.ts'
import { blocksOf } from '../docs/blocks.ts'

jest.setTimeout(60_000)

const page = 'docs/guide/dead-letters.md'
const blocks = blocksOf(page)
const textOf = (language: string) => blocks.find((block) => block.language === language)!.text

let folder: Folder
const run = (words: string) => folder.run(`run topologies/store.yaml --until-end --http off ${words}`.trim())

beforeAll(async () => {
  folder = new Folder()
  folder.write('schemas/.keep', '')
  folder.write('topologies/store.yaml', textOf('yaml'))
  folder.write('orders.jsonl', textOf('json'))
  folder.write('mended.json', '{"id":"o1","customer":"ada","total":5}')
  expect(await folder.run('produce orders --raw --key customer --file orders.jsonl')).toMatchObject({
    code: 0,
  })
  expect(await run('')).toMatchObject({ code: 0, out: [] })
})
afterAll(() => folder.remove())

test('its commands run one after the other, and do what it says', async () => {
  const lines = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
  expect(lines.length).toBeGreaterThan(8)
  const printed: string[] = []
  for (const line of lines) {
    // A quoted text is one word.
    const words = line
      .replace('millrace ', '')
      .replace(/"([^"]*)"/g, (_, text: string) => text.replaceAll(' ', '_'))
    expect([line, await folder.run(words)]).toEqual([line, expect.objectContaining({ code: 0 })])
    printed.push(...(await run('')).out)
  }
  // o3 is discarded and replayed, and is still refused: it is a letter again.
  expect(printed.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['o1', 'o2'])
  expect((await folder.run('dlq list')).out.at(-1)).toMatch(/^1 open letter of 1 key/)
})

test('its table has each header that a dead letter may have, in their order', () => {
  const info: Required<LetterInfo> = {
    ...{
      topic: 't',
      partition: 0,
      offset: 1,
      timestamp: 2,
      group: 'g',
      node: 'n',
      follower: false,
      kind: 'record',
    },
    ...{ code: 'C', message: 'm', attempts: 1, firstFailure: 3, parkedAt: 4, lastFailure: 4, exception: 'E' },
    ...{ type: 'T', schemaId: 5, correlation: 'c' },
  }
  const record = { key: null, value: null, headers: [], timestamp: 2 }
  const written = encodeDeadLetter(info, record, 'stack').headers.map(({ name }) => name)
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
  const told = [...text.matchAll(/^\| `((?:__streams|millrace)\.errors\.[a-z-]+)`/gm)].map(([, name]) => name)
  expect(told).toEqual(written.filter((name) => name !== 'millrace.letter'))
})
