// Every topology of this repository has cases, they hold, and together they reach all of it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { testsOf } from '../support/test-command.ts'

const root = join(import.meta.dirname, '../..')
const topologies = readdirSync(join(root, 'topologies')).filter((name) => !name.endsWith('.test.yaml'))

test.each(topologies)(
  '%s',
  async (name) => {
    const { code, files } = await testsOf(root, [`topologies/${name}`, '--coverage'])
    expect(files).toHaveLength(1)
    expect(files[0]!.problem).toBeUndefined()
    expect(files[0]!.cases.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(files[0]!.coverage).toMatchObject({ unreachedNodes: [], unreachedOutputs: [] })
    expect(code).toBe(0)
  },
  60_000,
)
