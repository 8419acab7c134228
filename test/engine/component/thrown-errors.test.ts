import { describe, expect, test } from '@jest/globals'
import { downstreamError, permanentError } from '../../../engine/errors.ts'
import { asProcessorError, asSinkError, thrownRules } from '../../../engine/component/thrown-errors.ts'

const coded = (code: string): Error => Object.assign(new Error('It failed.'), { code })
const named = (name: string): Error => Object.assign(new Error('It failed.'), { name })
const fetchFailed = new TypeError('fetch failed', { cause: coded('ECONNREFUSED') })

// One row of the table after the other, by number.
const rows: readonly (readonly [row: number, thrown: unknown, processor: string, sink: string])[] = [
  [0, coded('ECONNREFUSED'), 'downstream', 'downstream'],
  [0, coded('EAI_AGAIN'), 'downstream', 'downstream'],
  [0, fetchFailed, 'downstream', 'downstream'],
  [
    0,
    new Error('outer', { cause: new Error('inner', { cause: coded('ETIMEDOUT') }) }),
    'downstream',
    'downstream',
  ],
  [1, named('TimeoutError'), 'downstream', 'downstream'],
  [1, AbortSignal.abort(new DOMException('late', 'TimeoutError')).reason, 'downstream', 'downstream'],
  [2, new TypeError('x is not a function'), 'record', 'record'],
  [2, new RangeError('too long'), 'record', 'record'],
  [2, new SyntaxError('no JSON'), 'record', 'record'],
  [3, new Error('It failed.'), 'record', 'downstream'],
  [3, coded('E_OWN'), 'record', 'downstream'],
  [3, 'a text', 'record', 'downstream'],
  [3, null, 'record', 'downstream'],
]

describe('what the code of components throws', () => {
  test.each(rows)('row %i: %s', (row, thrown, processor, sink) => {
    expect(thrownRules.findIndex(({ is }) => is(thrown))).toBe(row)
    expect(asProcessorError(thrown)).toMatchObject({
      kind: processor,
      code: 'PROCESSOR_FAILED',
      cause: thrown,
    })
    expect(asSinkError(thrown)).toMatchObject({ kind: sink, code: 'SINK_FAILED', cause: thrown })
  })

  test('each row of the table has a case here', () => {
    expect(new Set(rows.map(([row]) => row)).size).toBe(thrownRules.length)
  })

  test('errors of Millrace are what they say', () => {
    for (const error of [permanentError('RECORD_INVALID', 'never'), downstreamError('TIMED_OUT', 'later')]) {
      expect(asProcessorError(error)).toBe(error)
      expect(asSinkError(error)).toBe(error)
    }
  })

  test('causes that lead in a circle come to an end', () => {
    const error = new Error('round')
    error.cause = error
    expect(asProcessorError(error).kind).toBe('record')
  })
})
