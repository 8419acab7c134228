import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { mutants } from '../../support/mutants.ts'

const run = promisify(execFile)
const child = `${import.meta.dirname}/../../support/mutant-child.ts`
const patience = 180_000

/** What the run of a mutant noticed; '' if nothing. */
async function noticed(...args: readonly string[]): Promise<string> {
  const options = { env: { ...process.env, NODE_OPTIONS: '' }, timeout: patience }
  const { stdout } = await run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', child, ...args],
    options,
  )
  return stdout
}

describe('the checkers, tried on defects', () => {
  test.concurrent.each(mutants.map((mutant, number) => [mutant.name, number] as const))(
    'notice that %s',
    async (_name, number) => expect(await noticed(String(number))).toMatch(mutants[number]!.noticed),
    patience,
  )

  test.concurrent.each([...new Set(mutants.map((mutant) => mutant.run))])(
    'notice nothing where nothing is wrong: %s',
    async (name) => expect(await noticed('-1', name, '1')).toBe(''),
    patience,
  )
})
