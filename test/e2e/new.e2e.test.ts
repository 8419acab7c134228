// What `millrace new` writes is right as it is: each step that it tells to do next is done, and the code is typed.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { answer, expectRefusal, root, TestProject, type Ran } from '../support/cli.ts'

jest.setTimeout(300_000)

const exec = promisify(execFile)
const kinds = ['topology', 'processor', 'sink'] as const

const printed = {
  topology: '{"id":"o1","amount":5}',
  processor: '{"amount":120,"size":"large"}',
  sink: 'got {"n":1}',
} as const

interface Told {
  readonly written: readonly string[]
  readonly next: readonly string[]
}

let project: TestProject
let told: Readonly<Record<(typeof kinds)[number], Told>>

beforeAll(async () => {
  project = new TestProject({})
  const answers: [string, Told][] = []
  for (const kind of kinds)
    answers.push([kind, answer<Told>(await project.run(['new', kind, `my-${kind}`, '-o', 'json']))])
  told = Object.fromEntries(answers) as typeof told
})
afterAll(() => project.remove())

/** Does what a line of "Next" says: `millrace …`, or `echo '…' | millrace …`. */
async function follow(step: string): Promise<Ran> {
  const [, input, line] = /^(?:echo '(.*)' \| )?millrace (.*)$/.exec(step)!
  return project.run(line!.split(' '), input === undefined ? {} : { input: `${input}\n` })
}

describe.each(kinds)('new %s', (kind) => {
  test('writes its files, each step after it works, and the record comes through', async () => {
    const { written, next } = told[kind]
    for (const file of written) expect(existsSync(project.path(file))).toBe(true)
    expect(next[0]).toMatch(/^millrace lint /)
    expect(next.at(-1)).toMatch(/^millrace run /)
    const outputs: string[] = []
    for (const step of next) {
      const ran = await follow(step)
      expect({ step, code: ran.code, stdout: ran.stdout }).toMatchObject({ code: 0 })
      outputs.push(ran.stdout)
    }
    expect(outputs[0]).toBe('Nothing to complain about in 1 file.\n')
    expect(outputs.at(-1)!.split('\n')).toContain(printed[kind])
  })

  test('never writes over a file', async () => {
    const before = readFileSync(project.path(told[kind].written[0]!), 'utf8')
    expectRefusal(
      await project.run(['new', kind, `my-${kind}`]),
      1,
      `${told[kind].written[0]!} is there already, and nothing was written: take another name.`,
    )
    expect(readFileSync(project.path(told[kind].written[0]!), 'utf8')).toBe(before)
  })
})

test('what is written is typed and in form', async () => {
  const door = join(root, 'engine/component/index.ts')
  const compilerOptions = {
    ...{ target: 'es2024', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true },
    ...{ erasableSyntaxOnly: true, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ paths: { millrace: [door] }, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  }
  const include = ['processors/*.ts', 'sinks/*.ts']
  project.write('package.json', '{ "type": "module" }')
  project.write('tsconfig.json', JSON.stringify({ compilerOptions, include }))
  const inRoot = (script: string, words: readonly string[]) =>
    exec('node', [join(root, 'node_modules', script), ...words], { cwd: project.folder })
  const check = () => inRoot('typescript/bin/tsc', ['-p', 'tsconfig.json'])
  await expect(check()).resolves.toMatchObject({ stdout: '' })
  const files = kinds.flatMap((kind) => told[kind].written).filter((file) => !file.endsWith('.md'))
  await inRoot('prettier/bin/prettier.cjs', ['--check', '--config', join(root, '.prettierrc.json'), ...files])

  // The check can fail: the types of the package are there.
  project.edit('processors/my-processor.ts', 'amount >= large', 'amount >= larg')
  await expect(check()).rejects.toMatchObject({ stdout: expect.stringMatching(/TS2552.*'larg'/) })
})

test('a file that is in the way stops it before anything is written', async () => {
  project.write('processors/half.test.yaml', 'mine')
  expectRefusal(
    await project.run(['new', 'processor', 'half']),
    1,
    /half\.test\.yaml is there already, and nothing was written/,
  )
  expect(readdirSync(project.path('processors'))).not.toContain('half.ts')
})

test('it says for people what was written and what to do next, from where they are', async () => {
  const here = await project.run(['new', 'sink', 'webhook'])
  expect(here.stdout.split('\n').slice(0, 7)).toEqual([
    'Written:',
    '  sinks/webhook.ts',
    '  sinks/webhook.yaml',
    '  sinks/webhook.test.yaml',
    '',
    'Next:',
    '  millrace lint sinks/webhook.yaml',
  ])
  const below = await project.run(['new', 'sink', 'mail'], { cwd: project.path('sinks') })
  expect(below.stdout).toContain('Next:\n  cd ..\n  millrace lint sinks/mail.yaml\n')
  expect(existsSync(project.path('sinks/mail.ts'))).toBe(true)
})

test.each([
  [
    ['new'],
    /^millrace: new needs what to write and its name: millrace new topology\|processor\|sink NAME\.$/,
  ],
  [['new', 'sink'], /new needs what to write and its name/],
  [['new', 'proccessor', 'a'], /no "proccessor": did you mean processor\?$/],
  [['new', 'sink', 'a', 'b'], /one thing at a time: leave "b" out\.$/],
  [['new', 'sink', '../a'], /"\.\.\/a" cannot be the name: take small letters, digits and "-", at most 50/],
  [['new', 'sink', 'A'], /"A" cannot be the name/],
] as const)('%j is refused', async (words, sentence) => {
  expectRefusal(await project.run(words), 2, sentence)
})
