import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { commands } from '../../cli/command-line/commands.ts'
import { exitCodeOf, exitRows } from '../../cli/command-line/exit-codes.ts'
import { commandHelp } from '../../cli/command-line/help.ts'
import { downstreamError, fatalError, permanentError } from '../../engine/errors.ts'
import { type FolderOfFiles, folderWith } from '../support/folder.ts'
import { millrace } from './command-line.ts'
import { schema, string } from './schemas-kit.ts'

let folder: FolderOfFiles

beforeAll(() => {
  folder = folderWith({
    // Nobody listens there.
    'environments/away.yaml': `kafka: { brokers: "127.0.0.1:1" }\nregistry: { url: "http://127.0.0.1:1" }\n`,
    'schemas/orders/OrderCreated.v1.0.avsc': schema([string('id')]),
  })
})
afterAll(() => folder.remove())

test('an error is wrong use, a server that is away, or something wrong', () => {
  expect(exitCodeOf(fatalError('USAGE', 'a'))).toBe(2)
  expect(exitCodeOf(downstreamError('KAFKA_AWAY', 'a'))).toBe(4)
  expect(exitCodeOf(fatalError('KAFKA_REFUSED', 'a'))).toBe(1)
  expect(exitCodeOf(permanentError('RECORD_INVALID', 'a'))).toBe(1)
})

test('a command that talks to no server says nothing of one that is away', () => {
  const codes = (remote: boolean): number[] => exitRows({ 3: 'left' }, remote).map(([code]) => code)
  expect(codes(true)).toEqual([0, 1, 2, 3, 4])
  expect(codes(false)).toEqual([0, 1, 2, 3])
})

describe('a registry that is away is neither wrong use nor a refusal', () => {
  test.each(['plan', 'apply', 'diff', 'pull', 'check'])('schemas %s', async (what) => {
    const ran = await millrace(folder.path, ['schemas', what, '--env', 'away'])
    expect(ran).toMatchObject({ code: 4, out: [] })
    expect(ran.err).toEqual([
      expect.stringMatching(
        /^millrace: The schema registry .*127\.0\.0\.1:1.* run this again when it does\.$/,
      ),
    ])
  })

  test('schemas check: a file that cannot be read is another matter', async () => {
    folder.write('schemas/broken/Broken.v1.0.avsc', '{')
    expect(await millrace(folder.path, ['schemas', 'check', '--env', 'away'])).toMatchObject({ code: 2 })
    expect(await millrace(folder.path, ['schemas', 'plan', '--env', 'away'])).toMatchObject({ code: 1 })
  })
})

test('help says what the codes of a command mean, once', async () => {
  for (const { load } of commands) {
    const command = await load()
    const text = commandHelp(command).join('\n')
    expect(text.match(/^Exit codes:/gm) ?? []).toHaveLength(command.exits === undefined ? 0 : 1)
    for (const meaning of Object.values(command.exits ?? {})) expect(text).toContain(meaning)
  }
})
