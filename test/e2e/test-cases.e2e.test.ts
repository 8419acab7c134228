// millrace test, as people and CI servers call it.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { killLeftovers, millrace, root, Running } from '../support/cli.ts'
import { folderWith } from '../support/folder.ts'

jest.setTimeout(300_000)

let project: ReturnType<typeof folderWith>

beforeAll(() => {
  const orders = join(root, 'test/engine/testing/project/topologies/orders')
  project = folderWith({
    'topologies/orders.yaml': readFileSync(`${orders}.yaml`, 'utf8'),
    'topologies/orders.test.yaml': readFileSync(`${orders}.test.yaml`, 'utf8'),
  })
})
afterAll(() => {
  killLeftovers()
  project.remove()
})

const run = (...words: readonly string[]) => millrace(['test', ...words], { cwd: project.path })

test('cases that hold: exit code 0, and nothing is left in the project', async () => {
  const { code, stdout, stderr } = await run()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/\n\d+ cases hold\.\n$/)
  expect(existsSync(join(project.path, '.millrace'))).toBe(false)
})

test('cases that do not: exit code 1, and where they stand; the same in JUnit', async () => {
  project.write('topologies/wrong.test.yaml', wrong(2))
  const [text, junit] = await Promise.all([
    run('topologies/wrong.test.yaml'),
    run('topologies/wrong.test.yaml', '-o', 'junit'),
  ])
  expect(text.code).toBe(1)
  expect(text.stdout).toContain(
    'topologies/wrong.test.yaml:3:5: counts: stored\n        expected 2\n        actual   1\n',
  )
  expect(junit.code).toBe(1)
  expect(junit.stdout).toContain('<testsuites tests="1" failures="1" skipped="0">')
})

test('a mistake in a file of cases is told in a line, without a stack', async () => {
  project.write('topologies/typo.test.yaml', 'topology: orders.yaml\ncases: [{ name: x, exspect: {} }]\n')
  const { code, stdout, stderr } = await run('topologies/typo.test.yaml')
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  expect(stdout).toContain(
    'topologies/typo.test.yaml:2:20: "cases.0" has no field "exspect": did you mean "expect"?\n',
  )
})

test('--watch runs them again when one has changed, until Ctrl-C', async () => {
  project.write('watched/orders.yaml', readFileSync(join(project.path, 'topologies/orders.yaml'), 'utf8'))
  project.write('watched/orders.test.yaml', wrong(1).replace('topology: orders.yaml\n', ''))
  const watching = new Running(['test', 'watched', '--watch'], { cwd: project.path })
  await watching.until(({ stdout }) => stdout.includes('1 case holds.\nWaiting for a change'))
  project.write('watched/orders.test.yaml', 'cases: [')
  await watching.until(({ stdout }) => stdout.includes('This is not YAML'))
  project.write('watched/orders.test.yaml', wrong(2).replace('topology: orders.yaml\n', ''))
  await watching.until(({ stdout }) =>
    stdout.slice(stdout.lastIndexOf('This is not YAML')).includes('expected 2'),
  )
  watching.kill('SIGINT')
  expect(await watching.ended).toMatchObject({ code: 0, stderr: '' })
})

/** A case that holds if `stored` is 1. */
function wrong(stored: number): string {
  return `topology: orders.yaml\ncases:\n  - name: one order\n    given: [{ key: a, value: { id: 1 } }]\n    expect: { counts: { stored: ${stored} } }\n`
}
