// The test command: what it finds wrong, and how it answers. A checker that found nothing would fail every one of these.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { folderWith } from '../support/folder.ts'
import { millraceTest, testsOf } from '../support/test-command.ts'

jest.setTimeout(60_000)

const topology = (errors: string): string => `name: orders
description: Orders by customer.
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 1d }
  kind: { type: branch, from: unique, field: kind, to: { gifts: gift }, default: others }
sinks:
  gifts: { type: topic, from: kind.gifts, topic: gifts }
  rows: { type: table, from: kind.others, table: orders }
errors: ${errors}
`

let project: ReturnType<typeof folderWith>

beforeAll(() => {
  project = folderWith({
    'topologies/orders.yaml': topology('{ attempts: 2, then: park }'),
    'topologies/halting.yaml': topology('{ attempts: 2, then: halt }'),
    'cql/0001-orders.cql': 'CREATE TABLE orders (id text PRIMARY KEY, n bigint);\n',
  })
})
afterAll(() => project.remove())

let files = 0

/** What is found wrong with one case, each finding with its details in one line. */
async function found(lines: string, name = 'orders'): Promise<string[]> {
  const file = `topologies/case-${files++}.test.yaml`
  const text = lines.replaceAll(/^/gm, '    ').trimStart()
  project.write(file, `topology: ${name}.yaml\ncases:\n  - name: it\n    ${text}\n`)
  const { code, files: results } = await testsOf(project.path, [file])
  const [result] = results
  expect(result!.problem).toBeUndefined()
  const findings = result!.cases.flatMap((one) => one.findings)
  expect(code).toBe(findings.length > 0 ? 1 : 0)
  return findings.map(({ what, details, line, column }) =>
    [`${line}:${column} ${what}`, ...(details ?? [])].join(' | '),
  )
}

const given = `given: [{ key: a, value: { id: '1', kind: gift } }, { key: b, value: { id: '2', n: 7 } }]`

describe('a case', () => {
  test('that holds has no findings', async () => {
    expect(
      await found(`${given}
expect:
  topics: { gifts: [{ key: a, value: { id: '1' } }] }
  tables: { orders: [{ id: '2', n: 7 }] }
  counts: { consumed: 2, stored: 2, duplicates: 0 }
  parked: []
  deadLetters: []`),
    ).toEqual([])
  })

  test.each([
    [
      'a record differs',
      `${given}\nexpect: { topics: { gifts: [{ key: b, value: { id: '1' } }] } }`,
      ['3:5 topic gifts: record 1 differs | key: expected "b" |      actual   "a"'],
    ],
    [
      'a record is missing',
      `${given}\nexpect: { topics: { gifts: [{ value: { id: '1' } }, { value: { id: '3' } }] } }`,
      ['3:5 topic gifts: record 2 is missing | expected {"value":{"id":"3"}}'],
    ],
    [
      'there is a record that is not expected',
      `${given}\nexpect: { topics: { gifts: [] } }`,
      [
        expect.stringMatching(
          /^3:5 topic gifts: a record that is not expected \| actual {3}\{"key":"a","value":\{"id":"1"/,
        ),
      ],
    ],
    [
      'a row differs',
      `${given}\nexpect: { tables: { orders: [{ id: '2', n: 8 }] } }`,
      ['3:5 table orders: row 1 differs | n: expected 8 |    actual   7'],
    ],
    [
      'a row is not expected',
      `${given}\nexpect: { tables: { orders: [] } }`,
      ['3:5 table orders: a row that is not expected | actual   {"id":"2","n":7}'],
    ],
    [
      'a count differs',
      `${given}\nexpect: { counts: { stored: 3 } }`,
      ['3:5 counts: stored | expected 3 | actual   2'],
    ],
    [
      'a letter is not expected',
      `given: [{ key: a, text: '{' }]`,
      [
        expect.stringMatching(
          /^3:5 the parked records: a letter that is not expected \| .*"code":"VALUE_UNDECODABLE"/,
        ),
      ],
    ],
    [
      'a letter is missing',
      `${given}\nexpect: { parked: [{ key: a }] }`,
      ['3:5 the parked records: letter 1 is missing | expected {"key":"a"}'],
    ],
    [
      'a letter says something else',
      `given: [{ key: a, text: '{' }]\nexpect: { parked: [{ key: a, message: userId }] }`,
      [expect.stringMatching(/^3:5 the parked records: letter 1 differs \| message: expected "userId"/)],
    ],
    [
      'a topic is not of the topology',
      `${given}\nexpect: { topics: { gift: [] } }`,
      ['3:5 There is no topic gift: did you mean "gifts"?'],
    ],
    [
      'a table is not of the project',
      `${given}\nexpect: { tables: { order: [] } }`,
      [expect.stringMatching(/^3:5 .*order/)],
    ],
    [
      'rows cannot be there before',
      `tables: { orders: [{ name: x }] }\n${given}`,
      [expect.stringMatching(/^3:5 The rows of tables cannot be written: /)],
    ],
    [
      'a fault never happens',
      `${given}\nfaults: [{ crash: rotated }]`,
      [
        '3:5 A fault never happened: the crash at rotated (time 1). Without it the case does not show what it says.',
      ],
    ],
    [
      'a record comes again that may not',
      `${given}\nfaults: [{ write: { to: gifts, stored: true } }]\nexpect: { topics: { gifts: [{ key: a }] } }`,
      [expect.stringMatching(/^3:5 topic gifts: a record that is not expected/)],
    ],
    [
      'a record comes that was not there before, where records may come again',
      `${given.replace('n: 7', 'kind: gift')}\nexpect: { repeats: true, topics: { gifts: [{ key: a }] } }`,
      [expect.stringMatching(/^3:5 topic gifts: a record that is not expected/)],
    ],
    [
      'nothing, since records may come again,',
      `${given}\nfaults: [{ write: { to: gifts, stored: true } }]\nexpect: { repeats: true, topics: { gifts: [{ key: a }] } }`,
      [],
    ],
    [
      'a later step is wrong, in which it stands',
      `${given}\nthen:\n  - expect: { counts: { stored: 2 } }\n  - expect: { counts: { stored: 3 } }`,
      ['7:9 counts: stored | expected 3 | actual   2'],
    ],
    [
      'a letter is released that there is not',
      `${given}\nthen: [{ release: [a] }]`,
      ['5:12 No letter of the key a is open: nothing to release.'],
    ],
    [
      'a value does not fit',
      `given: [{ key: a, text: x, times: 2 }, { key: a, value: 1 }]\nexpect: { parked: [{}, {}] }`,
      [expect.stringMatching(/^3:5 the parked records: a letter that is not expected/)],
    ],
  ])('in which %s is told so', async (_what, lines, findings) => {
    expect(await found(lines)).toEqual(findings)
  })

  test.each([
    [
      'must not stop',
      `given: [{ key: a, text: '{' }]`,
      [expect.stringMatching(/^3:5 The worker stopped with HALTED: /)],
    ],
    [
      'must stop for the right reason',
      `given: [{ key: a, text: '{' }]\nexpect: { stops: FAILURE_FLOOD }`,
      [expect.stringMatching(/^3:5 The worker stopped with HALTED instead of FAILURE_FLOOD: /)],
    ],
    [
      'must stop where that is expected',
      `${given}\nexpect: { stops: HALTED }`,
      ['3:5 The worker did not stop with HALTED.'],
    ],
    [
      'has to be started again when it has stopped',
      `given: [{ key: a, text: '{' }]\nexpect: { stops: HALTED }\nthen: [{ given: [{ value: 1 }] }]`,
      ['6:12 The worker is over, so that nothing can happen here: say restart: true.'],
    ],
    [
      'stops again at the same record',
      `given: [{ key: a, text: '{' }]\nexpect: { stops: HALTED }\nthen: [{ restart: true, expect: { stops: HALTED } }]`,
      [],
    ],
  ])('whose worker %s', async (_what, lines, findings) => {
    expect(await found(lines, 'halting')).toEqual(findings)
  })
})

describe('the test command', () => {
  let cases: ReturnType<typeof folderWith>

  beforeAll(() => {
    cases = folderWith({
      'topologies/orders.yaml': topology('{ then: park }'),
      'topologies/orders.test.yaml': `cases:
  - { name: a gift, ${given.replaceAll('\n', '')}, expect: { counts: { stored: 2 } } }
  - { name: nothing at all }
`,
      'all/orders.yaml': topology('{ then: park }'),
      'all/orders.test.yaml': `cases:
  - { name: all of it, ${given.replace(' }]', " }, { key: b, value: { id: '2', n: 8 } }]")} }
`,
      'topologies/plain.yaml': topology('{ then: park }'),
      'broken/broken.yaml': topology('{ then: park }'),
      'broken/broken.test.yaml': 'cases: [{ name: x, givn: [] }]\n',
      'cql/0001-orders.cql': 'CREATE TABLE orders (id text PRIMARY KEY, n bigint);\n',
    })
  })
  afterAll(() => cases.remove())

  test('runs the cases in topologies/ where nothing is named', async () => {
    const { code, out } = await millraceTest(cases.path, [])
    expect(out).toMatch(/^✓ orders: a gift \(\d+ ms\)\n✓ orders: nothing at all \(\d+ ms\)\n2 cases hold\.$/)
    expect(code).toBe(0)
  })

  test('runs some of them', async () => {
    const { out } = await millraceTest(cases.path, ['topologies/orders.yaml', '--filter', 'gift'])
    expect(out).toMatch(/^✓ orders: a gift \(\d+ ms\)\n1 case holds\.$/)
  })

  test('says what no case reached, and has exit code 1 then', async () => {
    const { code, files: all } = await testsOf(cases.path, ['--coverage', '--filter', 'nothing'])
    expect(all[0]!.coverage).toEqual({
      topology: 'orders',
      nodes: 5,
      outputs: 5,
      unreachedNodes: ['in', 'unique', 'kind', 'gifts', 'rows'],
      unreachedOutputs: ['in', 'unique', 'unique.conflicts', 'kind.gifts', 'kind.others'],
    })
    expect(code).toBe(1)
    const { code: few, files: more } = await testsOf(cases.path, ['--coverage'])
    expect(more[0]!.coverage).toMatchObject({ unreachedNodes: [], unreachedOutputs: ['unique.conflicts'] })
    expect(few).toBe(1)
    const words = ['all', '--coverage']
    expect((await testsOf(cases.path, words)).code).toBe(0)
  })

  test('tells what is wrong with a file, with the place', async () => {
    const { code, out } = await millraceTest(cases.path, ['broken'])
    expect(out).toMatch(
      /^\S*broken\.test\.yaml: cannot be run\n {4}\S*broken\.test\.yaml:1:20: .*"givn": did you mean "given"\?\n0 cases hold, 1 fails\.$/,
    )
    expect(code).toBe(1)
  })

  test.each([
    [
      'a topology without cases',
      ['topologies/plain.yaml'],
      1,
      'topologies/plain.yaml has no test cases: write ',
    ],
    ['what is not there', ['nowhere.yaml'], 1, 'nowhere.yaml does not exist'],
    ['a folder without cases', ['cql'], 1, 'There is no NAME.test.yaml in cql'],
    ['a filter that no case has', ['--filter', 'zzz'], 2, 'No case has "zzz" in its name'],
    ['a format that there is not', ['-o', 'xml'], 2, '-o xml is no format of this command'],
    ['a watch for machines', ['--watch', '-o', 'json'], 2, '--watch is for people'],
  ])('refuses %s', async (_what, words, code, sentence) => {
    const ran = await millraceTest(cases.path, words)
    expect(ran.err).toContain(sentence)
    expect(ran).toMatchObject({ code, out: '' })
  })
})
