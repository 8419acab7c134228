import { describe, expect, test } from '@jest/globals'
import { readTopologyText } from '../../../engine/config/load.ts'
import { MillraceError } from '../../../engine/errors.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import type { Broken } from './broken/broken.ts'
import { fields } from './broken/fields.ts'
import { files } from './broken/files.ts'
import { nodes } from './broken/nodes.ts'
import { references } from './broken/references.ts'
import { registry } from './kit.ts'

function errorOf(text: string): unknown {
  try {
    return planReading(readTopologyText('t.yaml', text, registry, { SECRET: 'pass word' }))
  } catch (error) {
    return error
  }
}

describe.each(Object.entries({ files, nodes, fields, references }))(
  'broken %s',
  (_, cases: readonly Broken[]) => {
    test.each(cases)('$title', ({ text, problems }) => {
      const error = errorOf(text)
      expect(error).toBeInstanceOf(MillraceError)
      expect((error as MillraceError).message.split('\n')).toEqual(problems.map((line) => `t.yaml:${line}`))
    })

    test.each(cases)('$title: the same as facts', ({ text, problems }) => {
      const { code, kind, facts } = errorOf(text) as MillraceError
      expect(['CONFIG_INVALID', 'PLAN_INVALID']).toContain(code)
      expect(kind).toBe('fatal')
      const lines = (facts.problems as { file: string; line: number; column: number; message: string }[]).map(
        ({ line, column, message }) => `${line}:${column}: ${message}`,
      )
      expect(lines).toEqual(problems)
    })
  },
)
