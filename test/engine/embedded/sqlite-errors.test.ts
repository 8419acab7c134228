import { expect, test } from '@jest/globals'
import { fatalError } from '../../../engine/errors.ts'
import { explainStoreError, storeRules } from '../../../engine/embedded/sqlite-errors.ts'

const sqlite = (errcode: number): Error => Object.assign(new Error('it said so'), { errcode })
const system = (code: string): Error => Object.assign(new Error('it said so'), { code })

// One row of the table after the other; extended codes have their primary one in the low byte.
const rows: readonly (readonly [row: number, thrown: unknown, kind: string, code: string])[] = [
  [0, sqlite(5), 'downstream', 'STORE_FAILED'],
  [0, sqlite(6), 'downstream', 'STORE_FAILED'],
  [0, sqlite(5 | (2 << 8)), 'downstream', 'STORE_FAILED'],
  [1, sqlite(13), 'fatal', 'STORE_FULL'],
  [1, system('ENOSPC'), 'fatal', 'STORE_FULL'],
  [1, system('EDQUOT'), 'fatal', 'STORE_FULL'],
  [2, sqlite(26), 'fatal', 'STORE_UNREADABLE'],
  [3, sqlite(11), 'fatal', 'STORE_UNREADABLE'],
  [4, sqlite(8), 'fatal', 'STORE_FAILED'],
  [4, system('EACCES'), 'fatal', 'STORE_FAILED'],
  [5, sqlite(14), 'fatal', 'STORE_FAILED'],
  [6, sqlite(1), 'fatal', 'STORE_FAILED'],
  [6, new Error('it said so'), 'fatal', 'STORE_FAILED'],
  [6, 'it said so', 'fatal', 'STORE_FAILED'],
]

test.each(rows)('row %i of the table: %s', (row, thrown, kind, code) => {
  expect(storeRules.findIndex(({ is }) => is(thrown))).toBe(row)
  const error = explainStoreError(thrown, '/data/store.db')
  expect(error).toMatchObject({ kind, code, cause: thrown, facts: { path: '/data/store.db' } })
  expect(error.message).toMatch(/^.*\/data\/store\.db.*\.$/)
})

test('each row has a case here, and errors of Millrace stay what they are', () => {
  expect(new Set(rows.map(([row]) => row)).size).toBe(storeRules.length)
  const known = fatalError('STORE_LOCKED', 'It is held.')
  expect(explainStoreError(known, '/data')).toBe(known)
})
