// Lint as a build uses it: exit codes, machine formats, what a change since a revision does; and reset, which it recommends.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import { expectQuiet, expectRefusal, orders, projectFiles, TestProject } from '../support/cli.ts'

jest.setTimeout(300_000)

interface Answer {
  readonly files: readonly LintReport[]
}

const allowed =
  '# lint-allow ML004 orders have their customer\n  # lint-allow ML008 paid\n  # lint-allow ML014 nobody looks\n  '
const clean = {
  ...projectFiles,
  'schemas/catalogue.yaml': 'topics: { orders: { key: customer, partitions: 2 } }\n',
  'topologies/orders.yaml': projectFiles['topologies/orders.yaml']!.replace(
    'unique:',
    `${allowed}unique:`,
  ).replace(/^ {2}valid: .*$/m, '  valid: { type: validate, from: orders, fields: { id: {} } }'),
}

let project: TestProject

function git(...words: readonly string[]): void {
  const env = { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const who = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.org']
  execFileSync('git', [...who, ...words], { cwd: project.folder, env, stdio: 'ignore' })
}

/** What it found, as `file CODE:line`. */
async function found(...words: readonly string[]): Promise<string[]> {
  const ran = await project.run(['lint', ...words, '-o', 'json'])
  expectQuiet(ran)
  const { files } = JSON.parse(ran.stdout) as Answer
  return files.flatMap(({ findings }) => findings.map(({ file, line, code }) => `${file} ${code}:${line}`))
}

describe('lint in a build', () => {
  beforeAll(() => {
    project = new TestProject(clean)
    project.write(
      'topologies/warned.yaml',
      'name: warned\nsources: { in: { type: topic, topic: a, format: json } }\nsinks: { out: { type: console, from: in } }\nerrors: { then: skip } # "x" & <y>\n',
    )
  })
  afterAll(() => project.remove())

  test('a clean topology, warnings, a mistake, and a file that is not there have codes of their own', async () => {
    expect(await project.run(['lint', 'topologies/orders.yaml'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to complain about in 1 file.\n',
      stderr: '',
    })
    expect((await project.run(['lint', 'topologies/warned.yaml'])).code).toBe(0)
    const strict = await project.run(['lint', 'topologies', '--fail-on', 'warning'])
    expect(strict).toMatchObject({ code: 1, stderr: '' })
    expect(strict.stdout).toMatch(/^topologies\/warned\.yaml:4:1: warning ML017: /)
    const missing = await project.run(['lint', 'topologies/warned.yaml', 'topologies/none.yaml'])
    expect(missing.code).toBe(2)
    expect(missing.stdout).toMatch(/none\.yaml:1:1: error CONFIG_UNREADABLE: .*\nA?.*1 error, 1 warning/s)
    expectQuiet(missing)
  })

  test('a build’s annotations, and JUnit that fails with the exit code', async () => {
    const github = await project.run(['lint', 'topologies', '-o', 'github'])
    expect(github.stdout).toMatch(
      /^::warning file=topologies\/warned\.yaml,line=4,col=1,title=ML017 .*::.*\n$/,
    )
    const junit = await project.run(['lint', '.', '-o', 'junit', '--fail-on', 'warning'])
    expect(junit.code).toBe(1)
    expect(junit.stdout).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="millrace lint" tests="2" failures="1" /,
    )
    expect(junit.stdout).toContain('<testcase name="no findings" classname="topologies/orders.yaml"/>')
    expect(junit.stdout).toContain('type="ML017">')
  })

  test('what a code means', async () => {
    const rule = await project.run(['lint', '--explain', 'ML017'])
    expect(rule.stdout).toMatch(
      /^# ML017: Failed records are lost\n.*## What to do\n.*## The same, mended\n/s,
    )
    expect((await project.run(['lint', '--explain', 'mc001'])).stdout).toMatch(/^# MC001: /)
    expectRefusal(
      await project.run(['lint', '--explain', 'ML999']),
      2,
      /Lint has no code ML999: did you mean /,
    )
  })

  test('two topologies with one name are found, each where its name stands', async () => {
    project.write('topologies/copy.yaml', clean['topologies/orders.yaml'])
    expect(await found('topologies/orders.yaml', 'topologies/copy.yaml')).toEqual([
      'topologies/orders.yaml ML036:1',
      'topologies/copy.yaml ML036:1',
    ])
    rmSync(project.path('topologies/copy.yaml'))
  })
})

describe('lint --against', () => {
  beforeAll(() => {
    project = new TestProject(clean)
    project.write(
      'topologies/other.yaml',
      clean['topologies/orders.yaml'].replace('name: orders', 'name: other'),
    )
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
  })
  afterAll(() => project.remove())
  const file = 'topologies/orders.yaml'

  test('nothing has changed', async () => {
    expect(await found('topologies', '--against', 'HEAD')).toEqual([])
  })

  test('a change of state, of the topics, and of partitions, where it stands', async () => {
    project.edit(file, 'unique: {', 'once: {')
    project.edit(file, 'from: unique', 'from: once')
    project.edit('schemas/catalogue.yaml', 'partitions: 2', 'partitions: 3')
    expect(await found(file, '--against', 'HEAD')).toEqual([`${file} MC015:4`, `${file} MC002:10`])
    const ran = await project.run(['lint', file, '--against', 'HEAD'])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toContain('Keep the name "unique".')
    git('commit', '-qam', 'two')
    expect(await found(file, '--against', 'HEAD')).toEqual([])
    expect(await found(file, '--against', 'HEAD~1')).toHaveLength(2)
  })

  test('files that move are followed, topologies that are gone or new are told', async () => {
    renameSync(project.path('topologies/other.yaml'), project.path('topologies/moved.yaml'))
    expect(await found('topologies', '--against', 'HEAD')).toEqual([])
    project.edit('topologies/moved.yaml', 'window: 7d', 'window: 8d')
    expect(await found('topologies', '--against', 'HEAD')).toEqual(['topologies/moved.yaml MC006:10'])
    project.edit('topologies/moved.yaml', 'name: other', 'name: new')
    expect(await found('.', '--against', 'HEAD')).toEqual([
      'topologies/moved.yaml MC016:1',
      'topologies/other.yaml MC020:1',
    ])
    // Those of one file are not about others.
    expect(await found('topologies/moved.yaml', '--against', 'HEAD')).toEqual([
      'topologies/moved.yaml MC016:1',
    ])
    project.edit('topologies/moved.yaml', 'name: new', 'name: other')
    project.edit('topologies/moved.yaml', 'window: 8d', 'window: 7d')
  })

  test('files that change places are told apart by the names of their topologies', async () => {
    const [one, two] = [project.path('topologies/orders.yaml'), project.path('topologies/moved.yaml')]
    git('add', '.')
    git('commit', '-qm', 'moved')
    const swap = (): void => {
      renameSync(one, `${one}~`)
      renameSync(two, one)
      renameSync(`${one}~`, two)
    }
    swap()
    expect(await found('topologies', '--against', 'HEAD')).toEqual([])
    swap()
  })

  test('against another file', async () => {
    const words = ['topologies/moved.yaml', '--against', file]
    expect(await found(...words)).toEqual(['topologies/moved.yaml MC001:1', 'topologies/moved.yaml MC002:10'])
    expectRefusal(
      await project.run(['lint', file, 'topologies/moved.yaml', '--against', file]),
      2,
      /--against topologies\/orders\.yaml is one file, and 2 are to be compared with it/,
    )
  })

  test('topologies with code of their own, with the code of that revision', async () => {
    const own = 'topologies/own.yaml'
    const code = (field: string): string => `import { defineProcessor, mapValue, z } from 'millrace'
import { text } from './text.ts'
export default defineProcessor({
  name: 'score',
  summary: 'Scores.',
  config: z.strictObject({ ${field}: z.number() }),
  examples: [{ title: 'One', config: { ${field}: 1 } }],
  create: () => mapValue((value: unknown) => (text === '' ? value : value)),
})
`
    project.write('code/text.ts', "export const text = ''\n")
    project.write('code/score.ts', code('points'))
    project.write(
      own,
      clean['topologies/orders.yaml']
        .replace('name: orders', 'name: own')
        .replace('processors:', 'processors:\n  score: { type: ../code/score.ts, from: orders, points: 3 }')
        .replace('validate, from: orders', 'validate, from: score'),
    )
    git('add', '.')
    git('commit', '-qm', 'own')
    const changes = async (): Promise<string[]> =>
      (await found(own, '--against', 'HEAD')).filter((one) => one.includes(' MC'))
    expect(await changes()).toEqual([])
    // Today's code would refuse the topology of that revision.
    project.write('code/score.ts', code('marks'))
    project.edit(own, 'points: 3', 'marks: 3')
    project.edit(own, 'unique: {', 'once: {')
    project.edit(own, 'from: unique', 'from: once')
    expect(await changes()).toEqual([expect.stringMatching(/ MC002:\d+$/)])
    expect(readdirSync(project.path('.')).filter((name) => name.startsWith('.millrace-'))).toEqual([])
    rmSync(project.path(own))
    git('add', '.')
    git('commit', '-qm', 'own gone')
  })

  test('a revision whose file was broken', async () => {
    project.edit(file, 'type: dedupe', 'type: dedup')
    git('add', '.')
    git('commit', '-qm', 'three')
    project.edit(file, 'type: dedup,', 'type: dedupe,')
    const ran = await project.run(['lint', file, '--against', 'HEAD'])
    expect(ran.stdout).toMatch(
      /^topologies\/orders\.yaml:1:1: warning MC021: It cannot be compared with HEAD: HEAD:topologies\/orders\.yaml:10:\d+: .*did you mean "dedupe"\?\n/,
    )
  })

  test('where there is no such revision, no repository or no git, one sentence says so', async () => {
    const lint = ['lint', file, '--against', 'v9']
    expectRefusal(await project.run(lint), 2, /--against v9 is neither a file nor a revision/)
    expectRefusal(await project.run(['lint', file, '--against', '--help']), 2, /--against/)
    mkdirSync(project.path('empty'))
    expectRefusal(
      await project.run(lint, { env: { PATH: project.path('empty') } }),
      2,
      /git is not installed/,
    )
    rmSync(project.path('.git'), { recursive: true })
    expectRefusal(await project.run(lint), 2, /is in no git repository/)
  })
})

describe('reset', () => {
  beforeAll(() => {
    project = new TestProject()
  })
  afterAll(() => project.remove())

  test('says what it would do, does it, and everything comes again', async () => {
    await project.produce([...orders(0, 60), ...orders(0, 10)], ['--partitions', '2'])
    expect(await project.runOrders()).toMatchObject({ consumed: 70, duplicates: 10, stored: 60 })
    const stored = await project.storedIds()
    const dry = await project.run(['reset', 'topologies/orders.yaml'])
    expect(dry.stdout).toMatch(
      /^what +becomes\norders\/0 +was at \d+, begins at 0\n.*Nothing was changed: --yes does it\.\n$/s,
    )
    expect(await project.runOrders()).toMatchObject({ consumed: 0 })
    expect((await project.run(['reset', 'topologies/orders.yaml', '--yes'])).stdout).toMatch(/Done\.\n$/)
    expect(await project.runOrders()).toMatchObject({ consumed: 70, duplicates: 10, stored: 60 })
    expect(await project.storedIds()).toEqual(stored)
  })
})
