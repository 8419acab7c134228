// What a user gets wrong in files and on the command line is answered by one sentence, with the place and the remedy.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { expectRefusal, orders, projectFiles, TestProject, type Ran } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject

beforeAll(async () => {
  project = new TestProject()
  await project.produce(orders(0, 30))
})
afterAll(() => project.remove())

const head = `name: bad
sources:
  in: { type: topic, topic: orders, schema: shop.Order }
`
const console = `sinks:
  out: { type: console, from: in }
`
const filter = (name: string, from: string) =>
  `  ${name}: { type: filter, from: ${from}, field: id, exists: true }\n`

interface Case {
  readonly what: string
  readonly file: string | Buffer
  readonly sentence: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'an unknown processor',
    file: `${head}processors:\n  u: { type: dedup, from: in, by: id, window: 1d }\n${console.replace('in }', 'u }')}`,
    sentence: /bad\.yaml:5:14: The processor "u" has the unknown type "dedup": did you mean "dedupe"\?$/,
  },
  {
    what: 'an unknown source',
    file: `name: bad\nsources:\n  in: { type: topics, topic: orders, format: json }\n${console}`,
    sentence: /bad\.yaml:3:15: The source "in" has the unknown type "topics": did you mean "topic"\?$/,
  },
  {
    what: 'an unknown sink',
    file: `${head}sinks:\n  out: { type: consol, from: in }\n`,
    sentence: /bad\.yaml:5:16: The sink "out" has the unknown type "consol": did you mean "console"\?$/,
  },
  {
    what: 'a misspelt field',
    file: `${head}processors:\n  u: { type: dedupe, from: in, by: id, windwo: 1d }\n${console.replace('in }', 'u }')}`,
    sentence: /bad\.yaml:5:40: The dedupe "u" has no field "windwo": did you mean "window"\?/,
  },
  {
    what: 'a misspelt section',
    file: `${head}${console}erors: { then: park }\n`,
    sentence: /bad\.yaml:6:1: The topology has no field "erors": did you mean "errors"\?$/,
  },
  {
    what: 'a value that cannot be',
    file: `${head}processors:\n  u: { type: dedupe, from: in, by: id, window: often }\n${console.replace('in }', 'u }')}`,
    sentence: /bad\.yaml:5:48: .*window.*often/,
  },
  {
    what: 'a "from" of nobody',
    file: `${head}sinks:\n  out: { type: console, from: inn }\n`,
    sentence: /bad\.yaml:5:31: The sink "out" reads "inn", but there is no node "inn": did you mean "in"\?$/,
  },
  {
    what: 'a schema that is not there',
    file: `${head.replace('shop.Order', 'shop.Ordr')}${console}`,
    sentence: /bad\.yaml:3:\d+: There is no schema "shop\.Ordr": .*shop\.Order/,
  },
  {
    what: 'a field that the schema does not have',
    file: `${head}processors:\n  u: { type: dedupe, from: in, by: idd, window: 1d }\n${console.replace('in }', 'u }')}`,
    sentence: /bad\.yaml:5:\d+: "u" reads the field "idd", which its records do not have: they have id, /,
  },
  {
    what: 'a table that no migration creates',
    file: `${head}sinks:\n  out: { type: table, from: in, table: orders_by_custmer, hash: { of: [id] } }\n`,
    sentence:
      /bad\.yaml:5:\d+: No migration creates the table "orders_by_custmer": there are orders_by_customer\.$/,
  },
  { what: 'an empty file', file: '', sentence: /bad\.yaml:1:1: The file is empty: a topology needs / },
  { what: 'nothing but a comment', file: '# soon\n', sentence: /bad\.yaml:1:1: The file is empty/ },
  {
    what: 'broken YAML',
    file: 'name: bad\nsources: [\n',
    sentence: /bad\.yaml:\d:\d+: This is not YAML: /,
  },
  {
    what: 'tabs',
    file: 'name: bad\nsources:\n\tin: x\n',
    sentence: /bad\.yaml:3:1: YAML is indented with spaces, not with tabs\.$/,
  },
  {
    what: 'a list',
    file: '- name: bad\n- sources\n',
    sentence: /bad\.yaml:1:1: This is not a topology: .* not a list\.$/,
  },
  { what: 'a text', file: 'hello\n', sentence: /bad\.yaml:1:1: This is not a topology: .* not a text\.$/ },
  { what: 'bytes', file: Buffer.from([0xff, 0xfe, 0, 1]), sentence: /bad\.yaml is not UTF-8 text: / },
  {
    what: 'a doubled name',
    file: `${head}${console}  out: { type: console, from: in }\n`,
    sentence: /bad\.yaml:6:3: "out" is here twice: it already stands in line 5\.$/,
  },
  {
    what: 'no sinks',
    file: head,
    sentence: /bad\.yaml:1:1: The topology needs the field "sinks" \(where records go\)\./,
  },
  {
    what: 'an environment variable that is not set',
    file: `${head.replace('topic: orders', "topic: '${NOWHERE}'")}${console}`,
    sentence:
      /bad\.yaml:3:29: The variable NOWHERE is not set: set it, or give a default as in \$\{NOWHERE:default\}\./,
  },
  {
    what: 'a cycle',
    file: `${head}processors:\n${filter('a', '[in, b]')}${filter('b', 'a')}${console.replace('in }', 'b }')}`,
    sentence: /bad\.yaml:5:3: The nodes form a cycle: a → b → a\. .*break one "from" of it\.$/,
  },
  {
    what: 'a node that reads itself',
    file: `${head}processors:\n${filter('a', '[in, a]')}${console.replace('in }', 'a }')}`,
    sentence: /bad\.yaml:5:3: The node "a" reads itself: break the cycle\.$/,
  },
  {
    what: 'a name of JavaScript',
    file: `${head}processors:\n  __proto__: { type: constructor, from: in }\n${console}`,
    sentence: /bad\.yaml:5:3: "__proto__" cannot be a name\./,
  },
  {
    what: 'aliases that stand for very much',
    file: `a: &a [${'x,'.repeat(20)}]\n${['b', 'c', 'd', 'e', 'f']
      .map((name, n) => `${name}: &${name} [${`*${'abcde'[n]},`.repeat(20)}]\n`)
      .join('')}${head}${console}`,
    sentence: /The aliases of this file stand for too much/,
  },
]

describe('run refuses a topology with', () => {
  const runs = new Map<string, Promise<Ran>>()

  beforeAll(() => {
    for (const [n, { what, file }] of cases.entries()) {
      project.write(`topologies/${n}/bad.yaml`, file)
      runs.set(what, project.run(['run', `topologies/${n}/bad.yaml`, '--until-end', '-o', 'json']))
    }
  })

  test.each(cases)('$what', async ({ what, sentence }) => {
    expectRefusal(await runs.get(what)!, 1, sentence)
  })

  test('two mistakes tells of both', async () => {
    project.write('topologies/two.yaml', `${head}sinks:\n  out: { type: consol, from: inn }\n`)
    const ran = await project.run(['run', 'topologies/two.yaml'])
    expectRefusal(ran, 1, /two\.yaml:5:16: .*two\.yaml:5:30: /)
  })

  test('the name of another one in the same process', async () => {
    const twice = ['run', 'topologies/orders.yaml', 'topologies/orders.yaml', '--until-end']
    expectRefusal(await project.run(twice), 1, /orders\.yaml.* is named "orders" too: give it once\.$/)
  })
})

describe('the files beside a topology', () => {
  const order = projectFiles['schemas/orders/Order.v1.avsc']!
  const table = projectFiles['cql/0001-orders.cql']!
  const query = projectFiles['cql/queries/orders-of.cql']!
  const run = ['run', 'topologies/orders.yaml', '--until-end', '-o', 'json']
  const produce = ['produce', 'orders', '--schema', 'shop.Order']
  const read = ['query', 'orders-of', 'customer=c0']

  const broken: readonly [string, string, string, readonly string[], RegExp][] = [
    [
      'JSON that ends too early',
      'schemas/orders/Order.v1.avsc',
      '{\n "type": "record",\n',
      run,
      /Order\.v1\.avsc:\d+:\d+: not JSON: /,
    ],
    [
      'an unknown type',
      'schemas/orders/Order.v1.avsc',
      order.replace('"string"', '"strng"'),
      run,
      /Order\.v1\.avsc.*fields\[0\] \(id\)\.type: there is no type "strng".*Did you mean "string"\?$/,
    ],
    [
      'an unknown type, for produce',
      'schemas/orders/Order.v1.avsc',
      order.replace('"string"', '"strng"'),
      produce,
      /Order\.v1\.avsc.*"strng"/,
    ],
    [
      'no version in its name',
      'schemas/orders/Order.avsc',
      order,
      run,
      /Order\.avsc says no version: name it /,
    ],
    [
      'an unknown column type',
      'cql/0001-orders.cql',
      table.replace('customer text', 'customer txt'),
      run,
      /0001-orders\.cql:2:12: "txt" is not a type .*use one of text, /,
    ],
    [
      'an unknown column type, for query',
      'cql/0001-orders.cql',
      table.replace('customer text', 'customer txt'),
      read,
      /0001-orders\.cql:2:12: "txt" is not a type /,
    ],
    [
      'no primary key',
      'cql/0001-orders.cql',
      table.replace('PRIMARY KEY ((customer), at, id, hash)', 'x text'),
      run,
      /0001-orders\.cql:1:14: the table "orders_by_customer" has no PRIMARY KEY: add one\.$/,
    ],
    [
      'no such statement',
      'cql/0001-orders.cql',
      `\n  ${table.replace('TABLE', 'TABEL')}`,
      run,
      /0001-orders\.cql:2:10: expected TABLE /,
    ],
    [
      'no end',
      'cql/0001-orders.cql',
      table.slice(0, 66),
      run,
      /0001-orders\.cql:2:\d+: expected .*the end of the file\.$/,
    ],
    [
      'no SELECT',
      'cql/queries/orders-of.cql',
      query.replace('SELECT', 'SELECTS'),
      read,
      /orders-of\.cql:4:1: expected SELECT, found "selects"\.$/,
    ],
    [
      'a table that is not there',
      'cql/queries/orders-of.cql',
      query.replace('orders_by_customer', 'orders_by_custmer'),
      read,
      /orders-of\.cql:4:36: .*orders_by_custmer/,
    ],
  ]

  const runs = new Map<string, Promise<Ran>>()
  const others: TestProject[] = []

  // Each in a project of its own, since they run side by side.
  beforeAll(() => {
    for (const [what, file, text, words] of broken) {
      const other = new TestProject({ ...projectFiles, [file]: text })
      others.push(other)
      runs.set(what, other.run(words, { input: '' }))
    }
  })
  afterAll(() => {
    for (const other of others) other.remove()
  })

  test.each(broken)('with %s', async (what, _file, _text, _words, sentence) => {
    expectRefusal(await runs.get(what)!, 1, sentence)
  })

  test('mended, everything is there', async () => {
    project.write('schemas/orders/Order.v1.avsc', '{')
    expectRefusal(await project.run(run), 1, /Order\.v1\.avsc:1:\d+: not JSON: /)
    project.write('schemas/orders/Order.v1.avsc', order)
    expect(await project.runOrders()).toMatchObject({ consumed: 30, stored: 30 })
    project.edit('cql/0001-orders.cql', 'amount bigint', 'amount text')
    const sentence =
      /0001-orders\.cql:1:14: the table orders_by_customer does not fit the store: its column amount /
    expectRefusal(await project.run(run), 1, sentence)
    expectRefusal(await project.run(read), 1, sentence)
    project.edit('cql/0001-orders.cql', 'amount text', 'amount bigint')
    expect(await project.storedIds()).toEqual(orders(0, 30).map(({ id }) => id))
  })
})

test('after all this nothing is lost, and nothing was left behind', async () => {
  expect(await project.runOrders()).toMatchObject({ consumed: 0 })
  expect(await project.storedIds()).toEqual(orders(0, 30).map(({ id }) => id))
  expect(readdirSync(project.path('.millrace')).sort()).toEqual(['store.db', 'worker.lock'])
})
