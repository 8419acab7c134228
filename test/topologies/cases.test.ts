// Every topology of this repository has cases, they hold, and together they reach all of it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { FileResult } from '../../engine/testing/report.ts'
import { millrace } from '../support/cli.ts'
import { testsOf } from '../support/test-command.ts'

const root = join(import.meta.dirname, '../..')
const topologies = readdirSync(join(root, 'topologies')).filter((name) => !name.endsWith('.test.yaml'))

interface Results {
  readonly code: number | null
  readonly files: readonly FileResult[]
}

/** In this process; one with casts in one of its own, for Jest has no hooks that load code of users. */
async function resultsOf(name: string): Promise<Results> {
  const words = [`topologies/${name}`, '--coverage']
  if (!/type: (up|down)cast/.test(readFileSync(join(root, 'topologies', name), 'utf8'))) return testsOf(root, words)
  const { code, stdout } = await millrace(['test', ...words, '-o', 'json'])
  return { code, files: (JSON.parse(stdout) as { readonly files: readonly FileResult[] }).files }
}

test.each(topologies)(
  '%s',
  async (name) => {
    const { code, files } = await resultsOf(name)
    expect(files).toHaveLength(1)
    expect(files[0]!.problem).toBeUndefined()
    expect(files[0]!.cases.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(files[0]!.coverage).toMatchObject({ unreachedNodes: [], unreachedOutputs: [] })
    expect(code).toBe(0)
  },
  60_000,
)
