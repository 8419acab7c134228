import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { listed, nearest, suggestion } from '../../../engine/config/suggest.ts'

describe('nearest', () => {
  test.each([
    ['dedup', 'dedupe'],
    ['DEDUPE', 'dedupe'],
    ['filtre', 'filter'],
    ['ma', 'map'],
    ['throtle', 'throttle'],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, ['branch', 'dedupe', 'enrich', 'filter', 'map', 'throttle', 'validate'])).toBe(meant)
  })

  test.each(['aggregate', 'x', '', 'join'])('%j means nothing', (word) => {
    expect(nearest(word, ['branch', 'dedupe', 'enrich', 'filter', 'map'])).toBeUndefined()
  })

  test('finds a name with one letter changed', () => {
    const name = fc.stringMatching(/^[a-z]{4,12}$/)
    fc.assert(
      fc.property(name, fc.nat(), fc.stringMatching(/^[A-Z]$/), (word, at, letter) => {
        const index = at % word.length
        expect(nearest(word.slice(0, index) + letter + word.slice(index + 1), [word])).toBe(word)
      }),
    )
  })
})

test('lists end in a number when they are long', () => {
  expect(listed([])).toBe('')
  expect(listed(['a'])).toBe('a')
  expect(listed(['a', 'b', 'c'], 'or')).toBe('a, b or c')
  expect(listed(Array.from('abcdefghijklmnop'))).toBe('a, b, c, d, e, f, g, h, i, j, k and 5 more')
  expect(suggestion('x', [])).toBe('.')
})
