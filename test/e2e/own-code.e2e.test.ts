// A project whose processors, sinks and functions are files of its own: what works, and how a mistake is told.
import { execFile } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { addedUp, answer, expectQuiet, expectRefusal, root, TestProject, unlogged, type Summary } from '../support/cli.ts'

jest.setTimeout(120_000)

const score = `import { defineProcessor, FieldPath, mapValue, valueAt, z } from 'millrace'
import { points } from '../lib/points.ts'

export default defineProcessor({
  name: 'score',
  summary: 'Gives points.',
  config: z.strictObject({
    field: FieldPath.prefault('amount').meta({ description: 'What is scored.' }),
    factor: z.number().meta({ description: 'Points for one.' }),
  }),
  examples: [{ title: 'Twice', config: { factor: 2 } }],
  reads: ({ field }) => [field],
  create({ field, factor }) {
    const path = field.split('.')
    return mapValue((value: object) => ({ ...value, points: points(valueAt(value, path), factor) }))
  },
})
`

const functions = `import { permanentError, type FlatMapFunction, type MapFunction } from 'millrace'

interface Order { readonly id: string; readonly amount: number; readonly lines: readonly string[] }

const half: MapFunction<Order> = async (order) => {
  if (order.amount === 13) throw new TypeError('unlucky\\nnumber')
  if (order.amount === 14) throw permanentError('RECORD_INVALID', 'Fourteen is never sold.')
  return { ...order, half: order.amount / 2 }
}
export default half

export const big = (order: Order) => order.amount >= 10
export const size = (order: Order) => (order.amount >= 100 ? 'large' : undefined)
export const lines: FlatMapFunction<Order> = (order) =>
  order.lines.map((line) => ({ id: order.id, line, email: \`\${order.id}@example.org\` }))
`

const sink = `import { defineSink, writeEach, z } from 'millrace'

export default defineSink({
  name: 'shout',
  summary: 'Prints aloud.',
  idempotent: false,
  config: z.strictObject({}),
  examples: [{ title: 'Aloud', config: {} }],
  async open(_, { print }) {
    return {
      order: 'batch', concurrency: 1, maxBatch: 100,
      write: (batch) => writeEach(batch, (n) => print('LOUD ' + JSON.stringify(batch.record(n).value))),
      async close() {},
    }
  },
})
`

const topology = `name: own
description: Code of this project.
sources:
  in: { type: topic, topic: things, format: json }
processors:
  scored: { type: ../processors/score.ts, from: in, factor: 3 }
  halved: { type: map, from: scored, function: ../functions/orders.ts }
  big: { type: filter, from: halved, function: ../functions/orders.ts#big }
  sizes: { type: branch, from: big, function: ../functions/orders.ts#size, outputs: [large], default: small }
  pieces: { type: flat-map, from: sizes.small, function: ../functions/orders.ts#lines, number: n }
  safe: { type: redact, from: pieces, hash: [email], key: env:REDACT_KEY }
sinks:
  loud: { type: ../sinks/shout.ts, from: [sizes.large, safe] }
errors: { attempts: 2, then: park, backoff: { first: 1ms, longest: 2ms } }
`

const files = {
  'schemas/README.md': 'None.\n',
  'lib/points.ts': 'export const points = (amount: unknown, factor: number): number => Number(amount) * factor\n',
  'processors/score.ts': score,
  'functions/orders.ts': functions,
  'sinks/shout.ts': sink,
  'topologies/own.yaml': topology,
}

const env = { REDACT_KEY: 'a key of thirty-two bytes, or so' }
let project: TestProject

beforeAll(() => {
  project = new TestProject(files)
})
afterAll(() => project.remove())

const orders = [
  { id: 'a', amount: 5, lines: ['x'] },
  { id: 'b', amount: 20, lines: ['x', 'y'] },
  { id: 'c', amount: 200, lines: [] },
  { id: 'd', amount: 13, lines: ['x'] },
  { id: 'd', amount: 30, lines: ['waits behind the one before'] },
  { id: 'e', amount: 14, lines: ['x'] },
  { id: 'f', amount: 40, lines: [] },
]

describe('a project with code of its own', () => {
  test('is linted, described and explained like any other', async () => {
    expect(await project.run(['lint', 'topologies/own.yaml'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to complain about in 1 file.\n',
    })
    symlinkSync(project.path('processors'), project.path('linked'))
    project.write('topologies/linked.yaml', topology.replace('../processors/', '../linked/'))
    expect(await project.run(['lint', 'topologies/linked.yaml'])).toMatchObject({ code: 0 })
    const { stdout: tree } = await project.run(['describe', 'topologies/own.yaml'])
    expect(tree).toContain('scored (../processors/score.ts, field amount, factor 3)')
    expect(tree).toContain('halved (map, orders.ts)')
    expect(tree).toContain('big (filter, orders.ts#big)')
    expect(tree).toContain('sizes (branch, by orders.ts#size)')
    expect(tree).toContain('pieces (flat-map, orders.ts#lines)')
    expect(tree).toContain('safe (redact, hash email)')
    expect(tree).toContain('loud (../sinks/shout.ts sink)')
    const { stdout: told } = await project.run(['explain', 'topologies/own.yaml'])
    const [, weak = ''] = told.split('What it does not')
    for (const file of ['../processors/score.ts', '../functions/orders.ts#lines', '../sinks/shout.ts'])
      expect(weak).toContain(`${file} is code of this project.`)
  })

  test('runs: values, pieces and pseudonyms come out, and what throws is parked with its place', async () => {
    const lines = orders.map((order) => `${JSON.stringify(order)}\n`).join('')
    answer(await project.run(['produce', 'things', '--raw', '--key', 'id', '-o', 'json'], { input: lines }))
    const ran = await project.run(['run', 'topologies/own.yaml', '--until-end', '-o', 'json'], { env })
    expect(ran.code).toBe(0)
    const printed = ran.stdout.split('\n').filter((line) => line.startsWith('LOUD '))
    const values = printed.map((line) => JSON.parse(line.slice(5)) as Record<string, unknown>)
    expect(values.filter(({ id }) => id === 'c')).toEqual([{ id: 'c', amount: 200, lines: [], points: 600, half: 100 }])
    const pieces = values.filter(({ id }) => id === 'b')
    expect(pieces).toEqual([
      { id: 'b', line: 'x', n: 0, email: expect.stringMatching(/^[\w-]{43}$/) },
      { id: 'b', line: 'y', n: 1, email: pieces[0]!.email },
    ])
    expect(values).toHaveLength(3)
    expect(ran.stdout).not.toContain('@example.org')
    const summary = ran.stdout.split('\n').find((line) => line.startsWith('{'))!
    expect(addedUp(JSON.parse(summary) as Summary)).toMatchObject({ consumed: 7, stored: 2, dropped: 2, deadLettered: 3 })

    const { stdout: list } = await project.run(['dlq', 'list', 'topologies/own.yaml'])
    const { stdout: shown } = await project.run(['dlq', 'list', 'topologies/own.yaml', '-o', 'json'])
    expect(list + shown).toContain('functions/orders.ts:6:35: unlucky number')
    expect(list + shown).toContain('Fourteen is never sold.')
  })

  test('a released record makes its pieces once more, and settles', async () => {
    project.edit('functions/orders.ts', "order.amount === 13) throw", "order.amount === 1313) throw")
    answer(await project.run(['dlq', 'release', 'topologies/own.yaml', '--key', 'd', '-o', 'json']))
    const ran = await project.run(['run', 'topologies/own.yaml', '--until-end'], { env })
    const lines = ran.stdout.split('\n').filter((line) => line.startsWith('LOUD '))
    expect(lines.map((line) => (JSON.parse(line.slice(5)) as { line: string }).line)).toEqual([
      'x',
      'waits behind the one before',
    ])
  })

  test('a secret that is not set, or too short, stops the start and is never shown', async () => {
    const words = ['run', 'topologies/own.yaml', '--until-end']
    expectRefusal(await project.run(words), 1, /The variable REDACT_KEY, .* is not set: set it before the start\.$/)
    const short = await project.run(words, { env: { REDACT_KEY: 'hunter2' } })
    expectRefusal(short, 1, /The key of a redact has fewer than 16 bytes: take a longer one\.$/)
    expect(short.stderr).not.toContain('hunter2')
  })
})

const definition = (rest: string) => `import { defineProcessor, keep, z } from 'millrace'
export default defineProcessor({
  name: 'mine', summary: 'Mine.', config: z.strictObject({}), examples: [{ title: 'Mine', config: {} }],
  ${rest}
})
`

interface Mistake {
  readonly what: string
  /** The file, and its text; none where the reference alone is wrong. */
  readonly file?: string
  readonly text?: string
  /** The setting of the node that stands for it; `type: ../bad/FILE` without it. */
  readonly node?: string
  readonly section?: 'processors' | 'sinks'
  readonly says: RegExp
}

const mistakes: readonly Mistake[] = [
  {
    what: 'TypeScript that does not parse',
    file: 'syntax.ts',
    text: 'export const a = { x: 1\n y: 2 }\n',
    says: /^bad\/syntax\.ts:2:2: .*This does not compile: /,
  },
  {
    what: 'JavaScript that does not parse',
    file: 'syntax.mjs',
    text: 'export const a = { x: 1\n y: 2 }\n',
    says: /^bad\/syntax\.mjs:2:2: .*This does not compile: /,
  },
  {
    what: 'TypeScript that is more than types',
    file: 'enum.ts',
    text: 'enum Size { Small }\nexport default Size\n',
    says: /^bad\/enum\.ts:1:1: .*enum is not supported.*: Node removes types and no more/,
  },
  {
    what: 'a file that throws',
    file: 'throws.ts',
    text: '\nthrow new Error("boom")\n',
    says: /^bad\/throws\.ts:2:7: .*The file throws while it is loaded: boom\./,
  },
  {
    what: 'an import of nothing',
    file: 'import.ts',
    text: "import { x } from './nowhere.ts'\nexport default x\n",
    says: /^bad\/import\.ts:1:1: An import of this file fails: there is no file bad\/nowhere\.ts\./,
  },
  {
    what: 'an import of a package that is not installed',
    file: 'package.ts',
    text: "\nimport x from 'no-such-package'\nexport default x\n",
    says: /^bad\/package\.ts:2:1: An import of this file fails: there is no package "no-such-package"; install it \(npm install no-such-package\)/,
  },
  {
    what: 'an import of what millrace does not export',
    file: 'export.ts',
    text: "import { defineProcesor } from 'millrace'\nexport default defineProcesor\n",
    says: /^bad\/export\.ts:1:\d+: .*'millrace' does not provide an export named 'defineProcesor'/,
  },
  {
    what: 'an imported file that throws',
    file: 'helper.ts',
    text: "import { x } from '../lib/thrower.ts'\nexport default x\n",
    says: /^lib\/thrower\.ts:2:18: The file throws while it is loaded: Unexpected token .* is not valid JSON\./,
  },
  {
    what: 'an imported file that does not parse',
    file: 'broken-helper.ts',
    text: "import '../lib/broken.ts'\nexport default 1\n",
    says: /^lib\/broken\.ts:1:\d+: This does not compile: /,
  },
  {
    what: 'a throw of nothing',
    file: 'nothing.ts',
    text: 'throw undefined\n',
    says: /^bad\/nothing\.ts:1:1: The file throws while it is loaded: undefined\./,
  },
  {
    what: 'no default export',
    file: 'none.ts',
    text: 'export const x = 1\n',
    says: /^bad\/none\.ts:1:1: .*no default export: end it with export default defineProcessor\(/,
  },
  {
    what: 'a default export that is no component',
    file: 'number.ts',
    text: 'export default 42\n',
    says: /^bad\/number\.ts:1:1: .*The default export is not a processor: make it with defineProcessor\(/,
  },
  {
    what: 'a component of another kind',
    file: 'kind.mjs',
    text: "export default { kind: 'sink' }\n",
    says: /^bad\/kind\.mjs:1:1: .*The default export is a sink, and is used as a processor/,
  },
  {
    what: 'a component without config',
    file: 'config.ts',
    text: "import { defineProcessor } from 'millrace'\nexport default defineProcessor({ name: 'c', summary: 'C.', create() {} } as never)\n",
    says: /^bad\/config\.ts:1:1: .*The processor "c" needs "config"/,
  },
  {
    what: 'a config that takes a field that all nodes have',
    file: 'from.ts',
    text: definition('create: () => keep(() => true),').replace('z.strictObject({})', 'z.strictObject({ from: z.string() })'),
    says: /^bad\/from\.ts:1:1: .*may not have a field "from": every node has one/,
  },
  {
    what: 'a sink without open',
    file: 'open.ts',
    section: 'sinks',
    text: "import { defineSink, z } from 'millrace'\nexport default defineSink({ name: 's', summary: 'S.', idempotent: true, config: z.strictObject({}) } as never)\n",
    says: /^bad\/open\.ts:1:1: .*The sink "s" needs the function "open"/,
  },
  {
    what: 'a file that is not there',
    node: 'type: ../bad/gone.ts',
    says: /^topologies\/\d+\.yaml:6:16: .*\.\.\/bad\/gone\.ts cannot be loaded: there is no such file; a path starts from the folder of this topology\./,
  },
  {
    what: 'a folder',
    node: 'type: ../lib.ts',
    says: /^topologies\/\d+\.yaml:6:16: .*cannot be loaded: that is no file/,
  },
  {
    what: 'a URL',
    node: 'type: "https://example.org/score.ts"',
    says: /^topologies\/\d+\.yaml:6:16: .*is a URL: code is taken from local files only/,
  },
  {
    what: 'data as a URL',
    node: 'type: "data:text/javascript,export default 1"',
    says: /^topologies\/\d+\.yaml:6:16: .*is a URL: code is taken from local files only/,
  },
  {
    what: 'a path from a variable',
    node: "type: '${WHAT}'",
    says: /^topologies\/\d+\.yaml:6:16: .*is written out: what code runs is not for a variable to say\./,
  },
  {
    what: 'a path that does not begin with a dot',
    node: 'type: processors/score.ts',
    says: /^topologies\/\d+\.yaml:6:16: .*is not the path of a file: it begins with \.\/, \.\.\/ or \/, such as \.\/processors\/score\.ts\./,
  },
  {
    what: 'a setting that the component does not know',
    node: 'type: ../processors/score.ts, factr: 3',
    says: /^topologies\/\d+\.yaml:6:47: .*no field "factr": did you mean "factor"\?/,
  },
  {
    what: 'a value that the component does not take',
    node: 'type: ../processors/score.ts, factor: much',
    says: /^topologies\/\d+\.yaml:6:55: .*much/,
  },
  {
    what: 'a function that the file does not export',
    node: 'type: map, function: ../functions/orders.ts#bigg',
    says: /^functions\/orders\.ts:1:1: .*The file exports no "bigg": export it, or name one of its functions in the topology: #big, #lines, #size\./,
  },
  {
    what: 'a function that is none',
    file: 'text.ts',
    text: "export default 'text'\n",
    node: 'type: map, function: ../bad/text.ts',
    says: /^bad\/text\.ts:1:1: .*The default export is not a function/,
  },
  {
    what: 'a function beside steps',
    node: 'type: map, function: ../functions/orders.ts, drop: [a]',
    says: /^topologies\/\d+\.yaml:6:\d+: .*either a function or steps, not both: use two nodes/,
  },
]

describe('a mistake in code of a project', () => {
  interface Finding {
    readonly file: string
    readonly line: number
    readonly column: number
    readonly message: string
  }
  let found: readonly { readonly findings: readonly Finding[] }[]

  beforeAll(async () => {
    project.write('lib.ts/file', '')
    project.write('lib/thrower.ts', "const text = 'no JSON'\nexport const x = JSON.parse(text)\n")
    project.write('lib/broken.ts', 'export const = 5\n')
    const names = mistakes.map(writeMistake)
    const ran = await project.run(['lint', ...names, '-o', 'json'], {
      env: { WHAT: '../processors/score.ts' },
    })
    expectQuiet(ran)
    expect({ code: ran.code, stderr: unlogged(ran.stderr) }).toEqual({ code: 1, stderr: [] })
    found = (JSON.parse(ran.stdout) as { files: typeof found }).files
  })

  test.each(mistakes.map((mistake, n) => [mistake.what, mistake, n] as const))('%s', (_what, { says }, n) => {
    const lines = found[n]!.findings.map(
      ({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`,
    )
    expect(lines).toEqual([expect.stringMatching(says)])
  })

  test('in create stops the run with one sentence', async () => {
    project.write('bad/create.ts', definition("create() { throw new RangeError('cannot be made') },"))
    project.write('bad/five.ts', definition('create: () => 5 as never,'))
    const thrown = writeMistake({ what: '', file: 'create.ts', says: /x/ }, 100)
    const five = writeMistake({ what: '', file: 'five.ts', says: /x/ }, 101)
    const [first, second] = await Promise.all(
      [thrown, five].map((file) => project.run(['run', file, '--until-end'])),
    )
    expectRefusal(first!, 1, /bad\/create\.ts:4:20: create failed: cannot be made\.?$/)
    expectRefusal(second!, 1, /bad\/five\.ts:1:1: create answered no operator: return what mapValue, keep/)
  })
})

describe('the guide', () => {
  const guide = readFileSync(join(root, 'docs/guide/processors.md'), 'utf8')
  const blocks = [...guide.matchAll(/^`([^`]+)`:\n\n```\w+\n([^]*?)^```$/gm)].map(([, name, text]) => [name!, text!] as const)

  test('shows a project that works', async () => {
    expect(blocks.map(([name]) => name)).toEqual([
      'functions/orders.ts',
      'processors/score.ts',
      'sinks/lines.ts',
      'topologies/orders.yaml',
    ])
    const shown = new TestProject({ 'schemas/README.md': '', ...Object.fromEntries(blocks) })
    try {
      expect((await shown.run(['lint', 'topologies/orders.yaml'])).stdout).toBe('Nothing to complain about in 1 file.\n')
      const lines = ['DE', 'FR', 'XX'].map((country, n) => `{"id":"o${n}","country":"${country}","total":${n === 1 ? 10 : 2000}}\n`)
      answer(await shown.run(['produce', 'orders', '--raw', '--key', 'id', '-o', 'json'], { input: lines.join('') }))
      answer(await shown.run(['run', 'topologies/orders.yaml', '--until-end', '-o', 'json']))
      expect(readFileSync(shown.path('large-orders.jsonl'), 'utf8')).toBe(
        '{"id":"o0","country":"DE","total":2000,"tax":380,"score":1}\n',
      )
      const { stdout } = await shown.run(['dlq', 'list', 'topologies/orders.yaml'])
      expect(stdout).toContain('There is no tax rate for XX.')
    } finally {
      shown.remove()
    }
  })

  test('shows code that is typed by the options that it shows', async () => {
    const [, options] = /```json\n([^]*?)```/.exec(guide)!
    const shown = new TestProject(Object.fromEntries(blocks))
    const { compilerOptions } = JSON.parse(options!) as { compilerOptions: object }
    const paths = { millrace: [join(root, 'engine/component/index.ts')] }
    const here = { paths, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }
    shown.write('package.json', '{ "type": "module" }')
    shown.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, ...here } }))
    try {
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      await expect(promisify(execFile)('node', [tsc], { cwd: shown.folder })).resolves.toMatchObject({ stdout: '' })
    } finally {
      shown.remove()
    }
  })
})

function writeMistake({ file, text, node, section = 'processors' }: Mistake, n: number): string {
  if (file !== undefined && text !== undefined) project.write(`bad/${file}`, text)
  const settings = node ?? `type: ../bad/${file}`
  const [own, last] = section === 'sinks' ? ['', `  bad: { ${settings}, from: in }`] : [`processors:\n  bad: { ${settings}, from: in }\n`, '  out: { type: console, from: bad }']
  const head = `name: bad${n}\ndescription: A mistake.\nsources:\n  in: { type: topic, topic: things, format: json }\n`
  const name = `topologies/${n}.yaml`
  project.write(name, `${head}${own}sinks:\n${last}\n`)
  return name
}
