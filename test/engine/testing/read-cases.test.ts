import { describe, expect, test } from '@jest/globals'
import { readTopologyText } from '../../../engine/config/load.ts'
import { readCasesText } from '../../../engine/testing/read-cases.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'

const topology = `name: two
sources:
  a: { type: topic, topic: [a, a2], format: json }
  b: { type: topic, topic: b, format: json }
sinks:
  out: { type: console, from: [a, b] }
  copies: { type: topic, from: b, topic: copies }
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
      'cases:\n  - name: x\n    given: [{ source: b, value: 1, at: 5s, key: 7 }]\n    faults: [{ crash: sealed }]\n',
      {},
    )
    expect(() => cases.check(plan)).not.toThrow()
    expect(cases.now).toBe(Date.UTC(2026, 0, 1))
    expect(cases.cases[0]).toMatchObject({
      partitions: 1,
      given: [{ at: 5000, times: 1, key: '7' }],
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
      'two.test.yaml:3:13: The topology has several sources: say which with source: a or b.',
    ],
    [
      'names a source that there is not',
      'cases:\n  - name: x\n    given: [{ source: c, value: 1 }]\n',
      'two.test.yaml:3:23: The topology has no source "c"',
    ],
    [
      'is like a value that there is not',
      'cases:\n  - name: x\n    then: [{ given: [{ source: b, like: order }] }]\n',
      'two.test.yaml:3:41: There is no value "order" in values',
    ],
    [
      'names no topic where a source reads two',
      'cases:\n  - name: x\n    given: [{ source: a, value: 1 }]\n',
      'two.test.yaml:3:13: The source a reads several topics: say which with topic: a or a2.',
    ],
    [
      'names a topic that its source does not read',
      'cases:\n  - name: x\n    given: [{ source: b, topic: c, value: 1 }]\n',
      'two.test.yaml:3:33: The source b does not read a topic "c"',
    ],
    [
      'writes to a partition that there is not',
      'cases:\n  - name: x\n    given: [{ source: b, value: 1, partition: 1 }]\n',
      'two.test.yaml:3:47: There is no partition 1: the case has one, 0; say partitions: 2.',
    ],
    [
      'takes a partition away that there is not',
      'cases:\n  - name: x\n    partitions: 2\n    faults: [{ lose: { source: b, offset: 0, partition: 2 } }]\n',
      'two.test.yaml:4:57: There is no partition 2: the case has 2; say partitions: 3.',
    ],
    [
      'takes a partition of an unknown source away',
      'cases:\n  - name: x\n    faults: [{ revoke: { source: c, offset: 0 } }]\n',
      'two.test.yaml:3:34: The topology has no source "c"',
    ],
    [
      'lets writes fail of which there are none',
      'cases:\n  - name: x\n    faults: [{ write: { to: copis } }]\n',
      'two.test.yaml:3:29: The topology writes no table or topic "copis": did you mean "copies"?',
    ],
    [
      'has a crash at no point',
      'cases:\n  - name: x\n    faults: [{ crash: sealing }]\n',
      'two.test.yaml:3:23: "crash" of "cases.0.faults.0" must be "claimed", "sink.writing"',
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
