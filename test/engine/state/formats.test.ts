import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { readIdBlock } from '../../../engine/state/id-blocks.ts'
import { readPairs } from '../../../engine/state/key-value-blocks.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'
import { blockKind, type EntryReaders, readFrame, writeFrame } from '../../../engine/state/state-frame.ts'
import {
  exampleIds,
  examplePairs,
  localExample,
  stateExamples,
  writeLocalExample,
} from '../../../tools/state/examples.ts'

const fixtures = join(import.meta.dirname, 'fixtures')
const fixture = (name: string): Promise<Buffer> => readFile(join(fixtures, name))

function idsOf(block: StateBlock): number[][] {
  const entries: number[][] = []
  readIdBlock(block, 'unique', (words) => {
    for (let at = 0; at < words.length; at += 8) entries.push([...words.subarray(at, at + 8)])
  })
  return entries
}

const [first, second] = exampleIds
const expectedIds = [[...first], [...second.slice(0, 7), 0x10000 | second[7]]]

test.each(['ids-v1.block', 'ids-v1-with-end.block'])('a stored example is read: %s', async (name) => {
  expect(idsOf({ store: 'unique', bucket: 42, bytes: await fixture(name) })).toEqual(expectedIds)
})

test('a stored example of key-value blocks is read', async () => {
  const pairs: [string, string | undefined][] = []
  const block = { store: 'totals', bucket: 0, bytes: await fixture('key-value-v1.block') }
  readPairs(block, 'totals', (key, value) => pairs.push([key, value && Buffer.from(value).toString()]))
  expect(pairs).toEqual(examplePairs.map(([key, value]) => [key, value && Buffer.from(value).toString()]))
})

test('a stored example of a value in a changelog is read', async () => {
  const record = { key: Buffer.from('käse'), value: await fixture('changelog-value-v1.bin') }
  const values: string[] = []
  for (const block of changelogFormat('keyValue').blocks('totals', [record])) {
    readPairs(block, 'totals', (_key, value) => values.push(Buffer.from(value!).toString()))
  }
  expect(values).toEqual(['{"sum":1}'])
})

test('a stored example of a local copy is read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-format-'))
  try {
    await cp(join(fixtures, 'local-v1'), dir, { recursive: true })
    const told: string[] = []
    const state = await openLocalState({ ...localExample, dir, tell: (one) => told.push(one) })
    const blocks: [number, number[][]][] = []
    await state.read((block) => blocks.push([block.bucket, idsOf(block)]))
    expect({ told, upTo: state.upTo, blocks }).toEqual({
      told: [],
      upTo: 20,
      blocks: [[42, [...expectedIds, ...expectedIds]]],
    })
    await state.close()
  } finally {
    await rm(dir, { recursive: true })
  }
})

// A version that is out may meet a worker that was rolled back: what is written under its number never changes.
test('what this version writes is, byte by byte, what was stored', async () => {
  for (const [name, bytes] of Object.entries(stateExamples())) {
    expect([name, Buffer.from(bytes).toString('hex')]).toEqual([name, (await fixture(name)).toString('hex')])
  }
  const dir = await mkdtemp(join(tmpdir(), 'millrace-format-'))
  try {
    await writeLocalExample(dir)
    const written = localFolder({ ...localExample, dir })
    const stored = localFolder({ ...localExample, dir: join(fixtures, 'local-v1') })
    const names = await readdir(stored)
    expect(names).toEqual(await readdir(written))
    for (const name of names) {
      expect(await readFile(join(written, name))).toEqual(await readFile(join(stored, name)))
    }
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a reader of two versions takes both, one of the older version alone says what it is missing', () => {
  const block = (version: number): StateBlock => {
    const bytes = new Uint8Array(40)
    bytes.fill(version, 32)
    writeFrame(bytes, blockKind.ids, version, 1, 7)
    return { store: 'unique', bucket: 7, bytes }
  }
  const reader = (name: string) => (body: Uint8Array, target: string[]) =>
    void target.push(`${name}: ${body[0]}`)
  const older: EntryReaders<string[]> = new Map([[1, reader('one')]])
  const newer: EntryReaders<string[]> = new Map([...older, [2, reader('two')]])
  const read: string[] = []
  for (const version of [1, 2]) readFrame(block(version), 'unique', blockKind.ids, newer, read)
  readFrame(block(1), 'unique', blockKind.ids, older, read)
  expect(read).toEqual(['one: 1', 'two: 2', 'one: 1'])
  expect(() => readFrame(block(2), 'unique', blockKind.ids, older, read)).toThrow(
    /it has version 2, and this worker reads version 1; .* run the version that wrote it/,
  )
})
