// What the catalogue accepts of what `schemas lint` finds.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type FolderOfFiles, folderWith } from '../support/folder.ts'
import { millrace } from './command-line.ts'

let folder: FolderOfFiles

const record = (name: string, fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name, namespace: 'shop.orders', doc: 'Paid.', fields })
const eventId = { name: 'eventId', type: 'string', doc: 'Its id.' }
const total = { name: 'total', type: 'double', doc: 'What was paid.' }
const file = 'schemas/orders/OrderPaid.v1.0.avsc'

const catalogue = (lintAllow: string): void =>
  folder.write('schemas/catalogue.yaml', `topics:\n  orders:\n    lintAllow: ${lintAllow}\n`)

beforeEach(() => {
  folder = folderWith({ [file]: record('OrderPaid', [eventId, total]) })
})
afterEach(() => folder.remove())

const lint = async (...words: string[]) => {
  const { code, out } = await millrace(folder.path, ['schemas', 'lint', '--fail-on', 'warning', ...words])
  return { code, out: out.join('\n').replaceAll(`${folder.path}/`, '') }
}

test('it is told with its reason, fails nothing, and everything else still does', async () => {
  const before = await lint()
  expect(before.code).toBe(1)
  catalogue('{ OrderPaid.v1.0.avsc: { MS010: in use } }')
  const one = await lint()
  expect(one.code).toBe(1)
  expect(one.out).toMatch(
    /^schemas\/orders\/OrderPaid\.v1\.0\.avsc:\d+:\d+: accepted MS010: "eventId" .*\(in use\)$/m,
  )
  expect(one.out).toMatch(/: error MS008: /)
  expect(one.out).not.toMatch(/: warning MS010: /)
  catalogue('{ OrderPaid.v1.0.avsc: { MS010: in use, MS008: too } }')
  const all = await lint()
  expect(all).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Nothing to complain about in 1 file; 2 accepted\.$/),
  })
})

test('for machines it stands apart', async () => {
  catalogue('{ OrderPaid.v1.0.avsc: { MS010: in use, MS008: too } }')
  const { out } = await lint('-o', 'json')
  expect(JSON.parse(out)).toMatchObject({
    files: [
      {
        findings: [],
        accepted: [
          { code: 'MS010', reason: 'in use' },
          { code: 'MS008', reason: 'too' },
        ],
      },
    ],
    warnings: 0,
  })
  const junit = (await lint('-o', 'junit')).out
  expect(junit).toContain('tests="2" failures="0" errors="0" skipped="2"')
  expect(junit).toContain('<skipped message="in use"/>')
  expect((await lint('-o', 'github')).out).toMatch(/^::notice .*title=MS010 .*accepted::.*\(in use\)$/m)
})

test('what is accepted and not there is told, where the catalogue says it', async () => {
  folder.write('schemas/orders/OrderPaid.v1.1.avsc', record('OrderPaid', [eventId]))
  catalogue(`
      OrderPaid.v1.0.avsc: { MS008: nobody looks at this version any more }
      OrderPaid.v1.1.avsc: { MS010: in use, MS008: stale }
      OrderPaid.v9.avsc: { MS010: gone }`)
  const { code, out } = await lint()
  expect(code).toBe(1)
  expect(out.split('\n').filter((line) => line.includes('warning'))).toEqual([
    'schemas/catalogue.yaml:5:45: warning MS000: lintAllow accepts MS008 of orders/OrderPaid.v1.1.avsc, and there is no such finding in it: take it out.',
    'schemas/catalogue.yaml:6:28: warning MS000: lintAllow accepts MS010 of orders/OrderPaid.v9.avsc, and there is no such file: take it out.',
    '0 errors, 2 warnings, 0 infos in 2 files; 1 accepted.',
  ])
})

test.each([
  ['{ OrderPaid.v1.0.avsc: { MS010: "" } }', 'must not be empty'],
  ['{ OrderPaid.v1.0.avsc: { ML010: no } }', 'expected the code of a rule, such as MS010'],
  ['{ OrderPaid: { MS010: no } }', 'expected the name of a file, such as OrderPaid.v1.avsc'],
])('%s is refused', async (lintAllow, problem) => {
  catalogue(lintAllow)
  const { code, err } = await millrace(folder.path, ['schemas', 'lint'])
  expect(code).toBe(2)
  expect(err.join('\n')).toContain(problem)
})
