// What docs/guide/load-testing.md tells somebody to type works, in that order.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { parseOptions } from '../../bench/platform/options.ts'
import { Folder } from '../cli/full-command-line.ts'
import { blocksOf } from '../docs/blocks.ts'

jest.setTimeout(120_000)

const blocks = blocksOf('docs/guide/load-testing.md')
const ofLanguage = (language: string): string[] =>
  blocks.flatMap((block) => (block.language === language ? [block.text] : []))

let folder: Folder

beforeAll(() => {
  folder = new Folder()
  folder.write('topologies/parcels.yaml', ofLanguage('yaml')[0]!)
  folder.write('cql/0001-places.cql', ofLanguage('sql')[0]!)
  folder.write('scans.mjs', ofLanguage('js')[0]!)
  const scans = execFileSync(process.execPath, [join(folder.path, 'scans.mjs')], { encoding: 'utf8' })
  folder.write('scans.jsonl', scans)
})
afterAll(() => folder.remove())

test('the load is written and processed, and the result is right', async () => {
  const commands = ofLanguage('bash').flatMap((text) => text.trim().split('\n'))
  const told: string[] = []
  for (const command of commands) {
    const ran = await folder.run(command.replace(/^millrace /, ''))
    expect({ command, code: ran.code }).toEqual({ command, code: 0 })
    told.push([...ran.out, ...ran.err].join('\n'))
  }
  expect(told).toHaveLength(5)
  const [produced, run, lag, reconciled, letters] = told
  expect(produced).toMatch(/^1400 records written to parcel-scans \(6 partitions\)/)
  expect(run).toMatch(/1400 records: 1372 stored, 28 duplicates/)
  expect(lag).toContain('0 records behind')
  expect(reconciled).toContain('No differences')
  expect(letters).toBe('Nothing is parked.')
})

test('the options of the bench that it names are there', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/guide/load-testing.md'), 'utf8')
  const [, words] = /`ARGS="([^"]+)"`/.exec(text)!
  expect(parseOptions(words!.split(' '))).toMatchObject({ rate: 50, spikeSeconds: 60 })
})
