// The promises of the engine, as cases: they hold, time after time.
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { testsOf } from '../../support/test-command.ts'

const folder = join(import.meta.dirname, 'project')

test.each([['1'], ['2'], ['3'], ['where each life opens the store anew', '--on', 'embedded']])(
  'all cases hold, run %s',
  async (_run, ...words) => {
    const { code, files } = await testsOf(folder, words)
    expect(files.map(({ problem }) => problem)).toEqual(files.map(() => undefined))
    expect(files.flatMap(({ cases }) => cases.filter(({ findings }) => findings.length > 0))).toEqual([])
    expect(code).toBe(0)
  },
  60_000,
)
