// What docs/guide/twenty-minutes.md tells somebody to type works, in that order, and answers what the page shows.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Folder } from '../cli/full-command-line.ts'
import { blocksOf, type Block } from '../docs/blocks.ts'

jest.setTimeout(120_000)

const blocks = blocksOf('docs/guide/twenty-minutes.md')
const ofLanguage = (language: string): string[] =>
  blocks.flatMap((block) => (block.language === language ? [block.text] : []))

let folder: Folder

beforeAll(() => {
  const [topology, , cases] = ofLanguage('yaml')
  const [migration, read] = ofLanguage('sql')
  const [scans] = ofLanguage('json')
  folder = new Folder()
  folder.write('topologies/parcels.yaml', topology!)
  folder.write('cql/0001-parcels.cql', migration!)
  folder.write('cql/queries/parcel.cql', read!)
  folder.write('topologies/parcels.test.yaml', cases!)
  folder.write('scans.jsonl', scans!)
})
afterAll(() => folder.remove())

/** What the page says to change after the first lint. */
function mend(): void {
  const [topology, sink] = ofLanguage('yaml')
  const [migration, , key] = ofLanguage('sql')
  folder.write('topologies/parcels.yaml', topology!.replace('errors:', `${sink!.trimEnd()}\nerrors:`))
  folder.write('cql/0001-parcels.cql', migration!.replace('  PRIMARY KEY (parcel, step)\n', key!))
}

/** Each command of the page with what is shown below it. */
function steps(): { readonly line: string; readonly shown: string }[] {
  const isCommand = ({ language }: Block): boolean => language === 'sh'
  return blocks.filter(isCommand).map((block) => ({
    line: block.text.trim().replace(/^millrace /, ''),
    shown: blocks[blocks.indexOf(block) + 1]!.text.trimEnd(),
  }))
}

const withoutTimes = (text: string): string => text.replaceAll(/\(\d+ ms\)/g, '(… ms)')

test('every step does what the page shows', async () => {
  expect(steps()).toHaveLength(9)
  for (const [index, { line, shown }] of steps().entries()) {
    const { code, out, err } = await folder.run(line)
    expect({ line, code }).toEqual({ line, code: 0 })
    const said = withoutTimes([...out, ...err].join('\n').replaceAll(`${folder.path}/`, ''))
    for (const one of shown.split('\n')) expect(said).toContain(one)
    if (index === 0) mend()
  }
})
