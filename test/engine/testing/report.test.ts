import { describe, expect, test } from '@jest/globals'
import { countCases, formatResults, type FileResult } from '../../../engine/testing/report.ts'

const place = { file: 'a.test.yaml', line: 3, column: 5 }
const results: readonly FileResult[] = [
  {
    file: 'a.test.yaml',
    cases: [
      { topology: 'a', name: 'holds', ms: 2, ...place, findings: [] },
      {
        topology: 'a',
        name: 'a < b & "c"',
        ms: 3,
        ...place,
        findings: [
          { ...place, step: 0, what: 'topic t: record 1 is missing', details: ['expected {"a":"\u0007<"}'] },
        ],
      },
    ],
    coverage: { topology: 'a', nodes: 3, outputs: 2, unreachedNodes: ['out'], unreachedOutputs: ['in.late'] },
  },
  { file: 'b.test.yaml', cases: [], problem: 'b.test.yaml:1:1: one\nb.test.yaml:2:1: two' },
]

describe('the report', () => {
  test('counts a file that cannot be run as one that fails', () => {
    expect(countCases(results)).toEqual({ passed: 1, failed: 2, passedOver: 0 })
  })

  test('is text for people', () => {
    expect(formatResults(results, 'text').split('\n')).toEqual([
      '✓ a: holds (2 ms)',
      '✗ a: a < b & "c" (3 ms)',
      '    a.test.yaml:3:5: topic t: record 1 is missing',
      '        expected {"a":"\u0007<"}',
      'a: the cases reach 2 of 3 nodes, 1 of 2 outputs',
      '    no record came to: out',
      '    no record came out of: in.late',
      'b.test.yaml: cannot be run',
      '    b.test.yaml:1:1: one',
      '    b.test.yaml:2:1: two',
      '1 case holds, 2 fail, 1 file does not reach everything.',
    ])
  })

  test('says last what was not tried', () => {
    const [failing] = results[0]!.cases.slice(-1)
    const over = { ...failing!, findings: [], passedOver: 'revoke' }
    const files = [{ file: 'a.test.yaml', cases: [over, { ...over, passedOver: 'lose' }, over] }]
    expect(countCases(files)).toEqual({ passed: 0, failed: 0, passedOver: 3 })
    expect(formatResults(files, 'text').split('\n').slice(-3)).toEqual([
      `- a: ${over.name} (passed over: it has "revoke", which cannot be made here)`,
      '0 cases hold, 3 passed over.',
      'Passed over is not tried: "revoke", "lose" cannot be made at a record of a case here. Run these cases in the embedded store, without --on.',
    ])
  })

  test('is JSON', () => {
    expect(JSON.parse(formatResults(results, 'json'))).toEqual({
      files: results,
      passed: 1,
      failed: 2,
      passedOver: 0,
    })
  })

  test('is JUnit, without what XML cannot hold', () => {
    expect(formatResults(results, 'junit').split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites tests="3" failures="2" skipped="0">',
      '  <testsuite name="a.test.yaml" tests="2" failures="1" skipped="0">',
      '    <testcase classname="a" name="holds" time="0.002"/>',
      '    <testcase classname="a" name="a &lt; b &amp; &quot;c&quot;" time="0.003">',
      '      <failure message="a.test.yaml:3:5: topic t: record 1 is missing">' +
        '    a.test.yaml:3:5: topic t: record 1 is missing&#10;        expected {&quot;a&quot;:&quot;&lt;&quot;}</failure>',
      '    </testcase>',
      '  </testsuite>',
      '  <testsuite name="b.test.yaml" tests="1" failures="1" skipped="0">',
      '    <testcase classname="b.test.yaml" name="b.test.yaml" time="0">',
      '      <failure message="b.test.yaml:1:1: one">b.test.yaml:1:1: one&#10;b.test.yaml:2:1: two</failure>',
      '    </testcase>',
      '  </testsuite>',
      '</testsuites>',
    ])
  })
})
