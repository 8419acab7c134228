// A mistake in code of a project is one sentence with its place, from lint and at the start.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { answer, expectQuiet, expectRefusal, TestProject, unlogged } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject

beforeAll(() => {
  project = new TestProject({
    'schemas/README.md': 'None.\n',
    'functions/orders.ts': `export default (order: object) => order
export const big = () => true
export const size = () => undefined
`,
    'processors/score.ts': `import { defineProcessor, mapValue, z } from 'millrace'
export default defineProcessor({
  name: 'score',
  summary: 'Gives points.',
  config: z.strictObject({ factor: z.number().meta({ description: 'Points for one.' }) }),
  examples: [{ title: 'Twice', config: { factor: 2 } }],
  create: ({ factor }) => mapValue((value: { n: number }) => ({ points: value.n * factor })),
})
`,
  })
})
afterAll(() => project.remove())

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
    says: /^lib\/thrower\.ts:2:23: The file throws while it is loaded: Unexpected token .* is not valid JSON\./,
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
    text: 'throw null\n',
    says: /^bad\/nothing\.ts:1:1: The file throws while it is loaded: null\./,
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
    text: definition('create: () => keep(() => true),').replace(
      'z.strictObject({})',
      'z.strictObject({ from: z.string() })',
    ),
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
    what: 'a function from a variable',
    node: "type: map, function: '${FUNCTION}'",
    says: /^topologies\/\d+\.yaml:6:31: The path of a function is written out: what code runs is not for a variable to say\./,
  },
  {
    what: 'a path that does not begin with a dot',
    node: 'type: processors/score.ts',
    says: /^topologies\/\d+\.yaml:6:16: .*is not the path of a file: it begins with \.\/, \.\.\/ or \/, such as \.\/processors\/score\.ts\./,
  },
  {
    what: 'a setting that the component does not know',
    node: 'type: ../processors/score.ts, factor: 1, factr: 3',
    says: /^topologies\/\d+\.yaml:6:51: The \.\.\/processors\/score\.ts "bad" has no field "factr": did you mean "factor"\?/,
  },
  {
    what: 'a value that the component does not take',
    node: 'type: ../processors/score.ts, factor: much',
    says: /^topologies\/\d+\.yaml:6:48: .*must be a number, not "much"/,
  },
  {
    what: 'a function that the file does not export',
    node: 'type: map, function: ../functions/orders.ts#bigg',
    says: /^functions\/orders\.ts:1:1: .*The file exports no "bigg": export it, or name one of its functions in the topology: #big, #size\./,
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
      env: { WHAT: '../processors/score.ts', FUNCTION: '../functions/orders.ts' },
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
    answer(await project.run(['produce', 'things', '--raw', '-o', 'json'], { input: '{}\n' }))
    const five = writeMistake({ what: '', file: 'five.ts', says: /x/ }, 101)
    expectRefusal(
      await project.run(['run', thrown, '--until-end']),
      1,
      /bad\/create\.ts:4:20: create failed: cannot be made\.$/,
    )
    expectRefusal(
      await project.run(['run', five, '--until-end']),
      1,
      /bad\/five\.ts:1:1: create answered no operator: return what mapValue, keep/,
    )
  })
})

function writeMistake({ file, text, node, section = 'processors' }: Mistake, n: number): string {
  if (file !== undefined && text !== undefined) project.write(`bad/${file}`, text)
  const settings = node ?? `type: ../bad/${file}`
  const [own, last] =
    section === 'sinks'
      ? ['', `  bad: { ${settings}, from: in }`]
      : [`processors:\n  bad: { ${settings}, from: in }\n`, '  out: { type: console, from: bad }']
  const head = `name: bad${n}\ndescription: A mistake.\nsources:\n  in: { type: topic, topic: things, format: json }\n`
  const name = `topologies/${n}.yaml`
  project.write(name, `${head}${own}sinks:\n${last}\n`)
  return name
}
