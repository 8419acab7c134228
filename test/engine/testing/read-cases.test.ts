import { describe, expect, test } from '@jest/globals'
import { readTopologyText } from '../../../engine/config/load.ts'
import { readCasesText } from '../../../engine/testing/read-cases.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'

const topology = `name: two
sources:
  a: { type: topic, topic: a, format: json }
  b: { type: topic, topic: b, format: json }
sinks: { out: { type: console, from: [a, b] } }
`
const plan = planReading(readTopologyText('two.yaml', topology, { sources, processors, sinks }, {}))

/** What is said of a text, line by line. */
function said(text: string): string[] {
  try {
    readCasesText('two.test.yaml', text, {}).check(plan)
    return []
  } catch (error) {
    return (error as Error).message.split('\n')
  }
}

describe('a file of cases', () => {
  test('that is right is read with its defaults', () => {
    const cases = readCasesText(
      'two.test.yaml',
      'cases:\n  - name: x\n    given: [{ source: a, value: 1, at: 5s }]\n    faults: [{ crash: sealed }]\n',
      {},
    )
    expect(() => cases.check(plan)).not.toThrow()
    expect(cases.now).toBe(Date.UTC(2026, 0, 1))
    expect(cases.cases[0]).toMatchObject({
      partitions: 1,
      given: [{ at: 5000, times: 1 }],
      faults: [{ crash: { at: 'sealed', nth: 1 } }],
      expect: { topics: {}, repeats: false },
    })
    expect(cases.place(0)).toEqual({ file: 'two.test.yaml', line: 2, column: 5 })
  })

  test.each([
    ['is no mapping', '[1]', 'two.test.yaml:1:1: This is no file of test cases'],
    ['has no cases', 'cases: []', 'two.test.yaml:1:8: "cases" of the test file must not be empty'],
    [
      'has a field that there is not',
      'cases:\n  - name: x\n    expct: {}\n',
      'two.test.yaml:3:5: "cases.0" has no field "expct": did you mean "expect"?',
    ],
    [
      'has a fault of no kind',
      'cases:\n  - name: x\n    faults: [{}]\n',
      'two.test.yaml:3:14: "faults[0]" of "cases.0": expected one of crash, revoke, lose',
    ],
    [
      'has a record without value',
      'cases:\n  - name: x\n    given: [{ source: a }]\n',
      'two.test.yaml:3:13: "given[0]" of "cases.0": expected a value',
    ],
    [
      'names no source where there are two',
      'cases:\n  - name: x\n    given: [{ value: 1 }]\n',
      'two.test.yaml:3:13: The topology has several sources: say which, a or b.',
    ],
    [
      'names a source that there is not',
      'cases:\n  - name: x\n    given: [{ source: c, value: 1 }]\n',
      'two.test.yaml:3:23: The topology has no source "c"',
    ],
    [
      'is like a value that there is not',
      'cases:\n  - name: x\n    then: [{ given: [{ source: a, like: order }] }]\n',
      'two.test.yaml:3:41: There is no value "order" in values',
    ],
    [
      'has two cases of one name',
      'cases:\n  - { name: x }\n  - { name: x }\n',
      'two.test.yaml:3:5: There is another case "x": rename one.',
    ],
  ])('that %s is told so, with the place', (_what, text, sentence) => {
    expect(said(text)).toEqual([expect.stringContaining(sentence)])
  })
})
