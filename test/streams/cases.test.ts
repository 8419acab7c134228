// What Kafka Streams documents of windows, grace, results and late records, as cases.
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { testsOf } from '../support/test-command.ts'

test('all cases hold', async () => {
  const { code, files } = await testsOf(join(import.meta.dirname, 'project'), [])
  expect(files.map(({ problem }) => problem).filter((problem) => problem !== undefined)).toEqual([])
  expect(files.flatMap(({ cases }) => cases.filter(({ findings }) => findings.length > 0))).toEqual([])
  expect(code).toBe(0)
}, 60_000)
