// The hook and the pipelines that docs/guide/schemas-in-ci.md shows run as they stand, on a good change and on a breaking one.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { parse } from 'yaml'
import { file, optional, schema, string } from '../cli/schemas-kit.ts'
import { blocksOf } from './blocks.ts'
import { ScratchRepository, type Answered } from './scratch-repository.ts'

jest.setTimeout(240_000)

const blocks = blocksOf('docs/guide/schemas-in-ci.md')
const hook = blocks.find(({ language, text }) => language === 'sh' && text.startsWith('#!/bin/sh'))!.text
const [github, gitlab] = blocks.flatMap(({ language, text }) =>
  language === 'yaml' ? [parse(text) as Record<string, unknown>] : [],
)

const day = { type: 'long', logicalType: 'timestamp-millis' }
const fields = [string('id'), { name: 'at', type: day, doc: 'When.' }]
const good = schema([...fields, optional('channel')])
const breaking = schema([...fields, string('more')])
const first = { [file('1.0')]: schema(fields), 'package.json': '{"private":true}' }

let repository: ScratchRepository

afterEach(() => repository.close())

describe('the hook', () => {
  const commit = (...words: string[]): Answered => repository.git('commit', '-q', '-m', 'x', ...words)
  const stage = (name: string, text: string): void => {
    repository.write(name, text)
    repository.git('add', '-A')
  }

  test('lets a good change in, and a breaking one not, by what is staged', () => {
    repository = new ScratchRepository(first)
    repository.hook(hook)
    stage(file('1.1'), good)
    // What is not staged is nobody's business yet.
    repository.write(file('1.1'), breaking)
    expect(commit()).toMatchObject({ code: 0, err: expect.stringContaining('1 subject, all fine.') })

    repository.write(file('1.1'), good)
    stage(file('1.2'), breaking)
    repository.write(file('1.2'), good)
    const refused = commit()
    expect(refused.code).toBe(1)
    expect(refused.err + refused.out).toMatch(
      /orders-shop\.orders\.OrderCreated +1\.2\.0 .* broken +INCOMPATIBLE: /,
    )
    expect(refused.err + refused.out).not.toMatch(/millrace-staged/)
    // `commit -a` has an index of its own.
    expect(commit('-a').code).toBe(1)
    repository.git('rm', '-q', '--cached', file('1.2'))
    repository.remove(file('1.2'))
    stage('readme', 'x')
    expect(commit()).toMatchObject({ code: 0, err: '' })
    repository.git('rm', '-q', file('1.0'))
    expect(commit()).toMatchObject({ code: 1 })
  })

  test('knows the first commit, and other folders of the repository', () => {
    repository = new ScratchRepository(first)
    repository.hook(hook)
    const worktree = repository.worktree('aside')
    const commitThere = (text: string): number | null => {
      writeFileSync(join(worktree, file('1.1')), text)
      return repository.shell(
        'git add -A && git -c user.name=a -c user.email=a@b commit -q -m x',
        {},
        worktree,
      ).code
    }
    expect(commitThere(breaking)).toBe(1)
    expect(commitThere(good)).toBe(0)

    repository.git('checkout', '-q', '--orphan', 'new')
    expect(commit()).toMatchObject({ code: 0, err: expect.stringContaining('the first version') })
  })

  test('works where the project is within its repository', () => {
    repository = new ScratchRepository(first, 'services/orders')
    repository.hook(hook.replace('\n', '\nunset GIT_DIR; cd services/orders\n'))
    stage(file('1.1'), breaking)
    expect(commit().code).toBe(1)
    stage(file('1.1'), good)
    expect(commit()).toMatchObject({ code: 0, err: expect.stringContaining('1 subject, all fine.') })
    // As in a linked folder of the repository, where git tells its hooks where it is.
    const worktree = repository.worktree('aside')
    repository.installPackage(join(worktree, 'services/orders'))
    writeFileSync(join(worktree, 'services/orders', file('1.2')), breaking)
    const line = 'git add -A && git -c user.name=a -c user.email=a@b commit -q -m x'
    const refused = repository.shell(line, {}, worktree)
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/1\.2\.0 .* broken +INCOMPATIBLE: /),
    })
  })
})

interface Step {
  readonly run?: string
  readonly if?: string
}

/** The steps of a job that are not of actions, in order, until one fails: as GitHub does it. */
function runWorkflow(): Answered[] {
  const { steps } = (github!['jobs'] as Record<string, { steps: Step[] }>)['check']!
  const answers: Answered[] = []
  for (const { run, if: condition } of steps) {
    if (run === undefined || run === 'npm ci') continue
    const failed = answers.some(({ code }) => code !== 0)
    if (failed && condition !== '${{ !cancelled() }}') continue
    answers.push(repository.shell(run, { GITHUB_BASE_REF: 'main', GITHUB_WORKSPACE: repository.folder }))
  }
  return answers
}

/** `::error file=…,line=…::message` as properties. */
function annotations(text: string): Record<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, command, properties, message] = /^::(\w+) ([^:]*)::(.+)$/.exec(line)!
      const pairs = properties!.split(',').map((pair) => pair.split('='))
      return { command: command!, message: message!, ...(Object.fromEntries(pairs) as object) }
    })
}

describe('the workflow of GitHub', () => {
  test('says nothing to a good change', () => {
    repository = new ScratchRepository(first)
    repository.write(file('1.1'), good)
    expect(runWorkflow()).toEqual([
      { code: 0, out: '', err: '' },
      { code: 0, out: '', err: '' },
    ])
  })

  test('annotates the line of a breaking one, also where the project is within its repository', () => {
    repository = new ScratchRepository(first, 'services/orders')
    const pretty = JSON.stringify(JSON.parse(breaking), undefined, 2)
    repository.write(file('1.1'), `${pretty}\n`)
    const [, check] = runWorkflow()
    expect(check).toMatchObject({ code: 1, err: '' })
    const [told] = annotations(check!.out)
    expect(told).toMatchObject({
      command: 'error',
      file: `services/orders/${file('1.1')}`,
      title: 'INCOMPATIBLE A reader fails',
      message: expect.stringMatching(/"more" is not written, and has no default/),
    })
    const from = Number(told!['line']) - 1
    const lines = pretty.split('\n').slice(from, from + 2)
    expect(lines.map((line) => line.trim())).toEqual(['{', '"name": "more",'])
  })

  test('looks further where the style is not as it should be', () => {
    repository = new ScratchRepository(first)
    repository.write(file('1.1'), schema([...fields, { name: 'Total', type: 'double' }]))
    const [lint, check] = runWorkflow()
    expect(lint).toMatchObject({ code: 1 })
    expect(annotations(lint!.out).map(({ title }) => title)).toContain('MS008 Money that is no exact number')
    expect(check).toMatchObject({ code: 1 })
  })

  test('does not miss what came into the other branch meanwhile', () => {
    repository = new ScratchRepository(first)
    repository.elsewhere(file('1.1'), good)
    repository.write(file('1.0.1'), schema([string('id', { doc: 'Which.' }), fields[1]!]))
    repository.git('add', '-A')
    repository.git('commit', '-q', '-m', 'two')
    expect(runWorkflow().map(({ code }) => code)).toEqual([0, 0])
    // A number that both give to a new version is.
    repository.write(file('1.1'), schema([...fields, optional('other')]))
    const [, check] = runWorkflow()
    expect(check!.code).toBe(1)
    expect(annotations(check!.out)[0]).toMatchObject({ title: 'EDITED A version that is in use was edited' })
  })
})

describe('the job of GitLab', () => {
  const reports = gitlab!['schemas'] as {
    readonly script: readonly string[]
    readonly artifacts: { readonly reports: { readonly junit: string } }
  }
  const runJob = (): Answered => {
    const script = reports.script.filter((line) => line !== 'npm ci').join('\n')
    return repository.shell(script, { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' })
  }
  const suites = (): Suites => junitSuites(join(repository.project, reports.artifacts.reports.junit))

  test('reports a good change as passed, and a breaking one as failed', () => {
    repository = new ScratchRepository(first)
    repository.write(file('1.1'), good)
    expect(runJob()).toMatchObject({ code: 0, err: '' })
    expect(suites()).toMatchObject({ failures: '0', cases: [{ failure: null }, { failure: null }] })
    repository.write(file('1.1'), breaking)
    expect(runJob()).toMatchObject({ code: 1, err: '' })
    const { failures, cases } = suites()
    expect(failures).toBe(String(cases.filter(({ failure }) => failure !== null).length))
    expect(cases.map(({ failure }) => failure)).toContainEqual(
      expect.stringContaining('"more" is not written'),
    )
  })

  test('says what is wrong where there is nothing to compare with', () => {
    repository = new ScratchRepository(first)
    repository.git('branch', '-d', '-r', 'origin/main')
    const { code, err } = runJob()
    expect({ code, err }).toEqual({
      code: 2,
      err: 'millrace: --against origin/main is no revision of the git repository: try HEAD, a branch, a tag or a commit.\n',
    })
    expect(readFileSync(join(repository.project, 'schemas.xml'), 'utf8')).toBe('')
  })
})

interface Suites {
  readonly failures: string
  readonly cases: readonly { readonly name: string; readonly failure: string | null }[]
}

/** As a parser of XML reads it, that of Python. */
function junitSuites(path: string): Suites {
  const program = `
import json, sys, xml.etree.ElementTree as tree
top = tree.parse(sys.argv[1]).getroot()
failure = lambda case: None if case.find('failure') is None else case.find('failure').get('message')
cases = [{'name': one.get('name'), 'failure': failure(one)} for one in top.iter('testcase')]
print(json.dumps({'failures': top.get('failures'), 'cases': cases}))`
  return JSON.parse(execFileSync('python3', ['-c', program, path], { encoding: 'utf8' })) as Suites
}
