import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { commands } from '../../cli/command-line/commands.ts'
import { describedFlags, numberFlag, outputFlag, parseFlags } from '../../cli/command-line/flags.ts'
import { commandHelp } from '../../cli/command-line/help.ts'
import { millrace } from './command-line.ts'

describe('the table of commands', () => {
  const written = commands.filter(({ name }) =>
    existsSync(fileURLToPath(new URL(`../../cli/${name}.ts`, import.meta.url))),
  )

  test.each(written.map((entry) => [entry.name, entry] as const))(
    '%s is what its file says',
    async (name, entry) => {
      const command = await entry.load()
      expect(command.name).toBe(name)
      expect(entry.summary).toBe(command.summary)
      expect(command.summary).toMatch(/^[A-Z].*\.$/)
      expect(command.usage.startsWith(`millrace ${name}`)).toBe(true)
      expect(command.help).toMatch(/millrace /)
      const flags = commandHelp(command).filter((line) => line.startsWith('  --'))
      for (const line of flags) expect(line).toMatch(/^ {2}--\S+(, -\w)?( \S+)? {2,}\S/)
    },
  )
})

describe('flags', () => {
  const flags = describedFlags({
    file: { type: 'string', description: 'x' },
    force: { type: 'boolean', short: 'f', description: 'x' },
    output: { type: 'string', short: 'o', description: 'x' },
  })
  const parse = (...words: string[]) => parseFlags('load', words, flags)

  test('are taken apart', () => {
    expect(parse('a', '--file=b', '-f', '-o', 'json', '--', '--c')).toEqual({
      positionals: ['a', '--c'],
      values: expect.objectContaining({ file: 'b', force: true, output: 'json' }),
      help: false,
    })
    expect(parse('-h').help).toBe(true)
    expect(parse('--file=-x').values).toMatchObject({ file: '-x' })
    expect(parse('--file', '-').values).toMatchObject({ file: '-' })
  })

  test.each([
    [['--fiel', 'x'], 'load has no flag --fiel: did you mean --file?'],
    [['-x'], 'load has no flag -x: see millrace load --help.'],
    [['--constructor'], 'load has no flag --constructor: see millrace load --help.'],
    [['--file'], '--file needs a value: give --file FILE.'],
    [['--file='], '--file needs a value: give --file FILE.'],
    [
      ['--file', '--force'],
      '--file needs a value and is followed by --force: write --file=--force if that is the value.',
    ],
    [['--force=yes'], '--force takes no value: leave "yes" out.'],
  ])('%j is one sentence', (words, message) => {
    expect(() => parse(...words)).toThrow(expect.objectContaining({ code: 'USAGE', message }))
  })

  test('numbers and formats are checked', () => {
    expect(numberFlag({ limit: '20' }, 'limit', 1, 100)).toBe(20)
    expect(numberFlag({}, 'limit', 1, 100)).toBeUndefined()
    for (const limit of ['0', '101', '1.5', '1e1', '', ' 7', '-3', 'x']) {
      expect(() => numberFlag({ limit }, 'limit', 1, 100)).toThrow(/from 1 to 100/)
    }
    expect(outputFlag({}, ['table', 'json'])).toBe('table')
    expect(() => outputFlag({ output: 'jason' }, ['table', 'json'])).toThrow('did you mean json?')
  })
})

describe('a command line', () => {
  test('of a flag instead of a command', async () => {
    expect(await millrace('/', ['--verbose'])).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/is no flag of millrace itself/)],
    })
  })

  test('help COMMAND is COMMAND --help', async () => {
    expect((await millrace('/', ['help', 'query'])).out).toEqual(
      (await millrace('/', ['query', '--help'])).out,
    )
    expect((await millrace('/', ['help'])).code).toBe(0)
  })
})
