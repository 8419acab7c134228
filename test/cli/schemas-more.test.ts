// `schemas check --against`, `lint` and `diff` of files.
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type FolderOfFiles, folderWith } from '../support/folder.ts'
import { millrace } from './command-line.ts'
import { check, file, newest, optional, report, schema, string } from './schemas-kit.ts'

let folder: FolderOfFiles

beforeEach(() => {
  folder = folderWith({ 'schemas/orders/OrderCreated.v1.0.avsc': schema([string('id'), optional('note')]) })
})

afterEach(() => folder.remove())

describe('schemas check --against', () => {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder.path, stdio: 'pipe' })

  beforeEach(() => {
    git('init', '-q')
    git('add', '-A')
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '-m', 'one')
  })

  test('nothing was done to what is there', async () => {
    folder.write(file('1.1'), schema([string('id'), optional('note'), optional('channel')]))
    expect((await report(folder.path, '--against', 'HEAD')).code).toBe(0)
  })

  test('another spelling is no edit', async () => {
    folder.write(
      file('1.0'),
      JSON.stringify(JSON.parse(schema([string('id'), optional('note')])), undefined, 4),
    )
    expect((await report(folder.path, '--against', 'HEAD')).code).toBe(0)
  })

  test('a version that is there is not edited', async () => {
    folder.write(file('1.0'), schema([string('id'), optional('note'), optional('channel')]))
    expect((await newest(folder.path, '--against', 'HEAD')).problems).toMatchObject([
      {
        code: 'EDITED',
        message:
          'Version 1.0.0 is not what it is in HEAD ("channel" is not written: it is null): restore it, and make the change as a new version.',
      },
    ])
    folder.write(file('1.0'), schema([string('id', { doc: 'y' }), optional('note')]))
    expect((await newest(folder.path, '--against', 'HEAD')).problems[0]!.code).toBe('EDITED')
  })

  test('a version that is there is not removed', async () => {
    execFileSync('git', ['mv', file('1.0'), 'schemas/orders/Other.txt'], { cwd: folder.path })
    const { code, subjects } = await report(folder.path, '--against', 'HEAD')
    expect(code).toBe(1)
    expect(subjects).toMatchObject([
      {
        subject: 'orders-shop.orders.OrderCreated',
        versions: [
          {
            problems: [
              {
                code: 'REMOVED',
                message:
                  'Version 1.0.0 of shop.orders.OrderCreated is in HEAD and not here: restore it, for records were written with it.',
              },
            ],
          },
        ],
      },
    ])
  })

  test('a revision that is none is said in one sentence', async () => {
    const { code, err } = await check(folder.path, '--against', 'nowhere')
    expect(code).toBe(2)
    expect(err).toEqual([
      'millrace: --against nowhere is no revision of the git repository: try HEAD, a branch, a tag or a commit.',
    ])
  })
})

describe('schemas lint', () => {
  const lint = (...words: string[]) => millrace(folder.path, ['schemas', 'lint', ...words])

  test('looks at the newest versions, unless files are named', async () => {
    folder.write(file('1.0'), schema([string('id'), { name: 'total', type: 'double', doc: 'x' }]))
    folder.write(file('1.1'), schema([string('id')]))
    expect(await lint()).toMatchObject({ code: 0, out: ['Nothing to complain about in 1 file.'] })
    const path = `${folder.path}/${file('1.0')}`
    const named = await lint(path, '-o', 'json')
    expect(named.code).toBe(1)
    expect(named.out.join('')).toContain('"MS008"')
  })

  test('explains its rules', async () => {
    expect((await lint('--explain', 'ms008')).out[0]).toMatch(/^# MS008: Money that is no exact number/)
    expect((await lint('--explain', 'MS08')).err[0]).toBe(
      'millrace: schemas lint has no code MS08: did you mean MS008?',
    )
  })
})

describe('schemas diff', () => {
  const diff = (...words: string[]) => millrace(folder.path, ['schemas', 'diff', ...words])

  test('says what differs between two versions', async () => {
    folder.write(file('1.1'), schema([string('id'), optional('note'), optional('channel')]))
    const { code, out } = await diff('OrderCreated', '1.0', '1.1')
    expect(code).toBe(3)
    expect(out.map((line) => line.replaceAll(`${folder.path}/schemas/orders/`, ''))).toEqual([
      'OrderCreated.v1.0.avsc → OrderCreated.v1.1.avsc: MINOR',
      '  channel is not written: it is null',
      'Upgrade in any order.',
    ])
    expect((await diff('OrderCreated', '1.0', '1.0.0')).code).toBe(0)
    expect((await diff('OrderCreated', '1.0', '3.0')).err).toEqual([
      'millrace: There is no version 3.0: there are 1.0.0, 1.1.0.',
    ])
  })
})

test('schemas says what it can do', async () => {
  const ran = await millrace(folder.path, ['schemas', 'chekc'])
  expect(ran).toMatchObject({ code: 2, err: ['millrace: schemas has no "chekc": did you mean check?'] })
  expect((await millrace(folder.path, ['schemas', 'plan'])).err[0]).toMatch(/say which with --env NAME/)
})
