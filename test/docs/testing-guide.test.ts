// What docs/guide/testing.md shows is so: its cases hold, and what it says that the command prints is what it prints.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { folderWith } from '../support/folder.ts'
import { millraceTest } from '../support/test-command.ts'
import { blocksOf } from './blocks.ts'

jest.setTimeout(60_000)

const blocks = blocksOf('docs/guide/testing.md')
const [topology, first, ...more] = blocks.flatMap(({ language, text }) => (language === 'yaml' ? [text] : []))
const [migration] = blocks.flatMap(({ language, text }) => (language === 'sql' ? [text] : []))
const shown = blocks.flatMap(({ language, text }) => (language === 'text' ? [text.trimEnd()] : []))

let project: ReturnType<typeof folderWith>

beforeAll(() => {
  project = folderWith({
    'orders.yaml': topology!,
    'cql/0001-orders.cql': migration!,
    'orders.test.yaml': first!,
    'wrong/orders.test.yaml': `topology: ../orders.yaml\n${first!.replace('open } }]', 'new } }]')}`,
    'all/orders.test.yaml': `topology: ../orders.yaml\n${first!}${more.join('')}`,
  })
})
afterAll(() => project.remove())

/** What is printed, with times that do not change. */
async function printed(...words: readonly string[]): Promise<string> {
  const { out, err } = await millraceTest(project.path, words)
  expect(err).toBe('')
  return withoutTimes(out)
}

const withoutTimes = (text: string): string => text.replaceAll(/\(\d+ ms\)/g, '(… ms)')

describe('the guide to tests', () => {
  test('shows what is printed when the cases hold', async () => {
    expect(await printed('orders.yaml')).toBe(withoutTimes(shown[0]!))
  })

  test('shows what is printed when one does not', async () => {
    const out = await printed('wrong')
    const lines = withoutTimes(shown[1]!).replaceAll(/:\d+:\d+/g, '')
    expect(out.replaceAll(`${project.path}/wrong/`, '').replaceAll(/:\d+:\d+/g, '')).toContain(lines)
  })

  test('has cases that hold, and reach all of it', async () => {
    const out = await printed('all', '--coverage')
    expect(out).not.toContain('✗')
    expect(out).toContain(shown[2]!)
    expect(out).toMatch(/\n\d+ cases hold\.$/)
  })
})
