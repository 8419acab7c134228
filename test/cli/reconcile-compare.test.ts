import { describe, expect, test } from '@jest/globals'
import { compareRow, lookedUpCells } from '../../cli/reconcile/compare.ts'
import {
  readExpected,
  readFound,
  shortCell,
  writeExpected,
  writeFound,
  type ExpectedRow,
  type FoundRow,
} from '../../cli/reconcile/rows.ts'
import { ByteSink } from '../../engine/cql/bytes.ts'

const place = { topic: 0, partition: 1, offset: 7 }
const now = 1000
const end = 5000

/** A row that a record makes: values by column, null for a cell that it deletes. */
function made(timestamp: number, cells: (string | null)[], more: Partial<ExpectedRow> = {}): ExpectedRow {
  return {
    ...{ ...place, required: true, marker: true, timestamp, eventTimed: true, expiresAt: end },
    cells: cells.map((value, column) => ({ column, value: value === null ? null : Buffer.from(value) })),
    ...more,
  }
}

function found(timestamp: number, cells: (string | undefined)[], expiresAt = end): FoundRow {
  return {
    cells: cells.flatMap((value, column) =>
      value === undefined ? [] : [{ column, value: Buffer.from(value), timestamp, expiresAt }],
    ),
  }
}

function verdict(expected: ExpectedRow[], row: FoundRow | undefined, enriched: number[] = []): unknown {
  const answer = compareRow(expected, row, { enriched: new Set(enriched), now })
  return answer.kind === 'different'
    ? answer.cells.map(({ column, what }) => `${column} ${what}`)
    : answer.kind
}

describe('a row and what the records make of it', () => {
  const optional = { required: false }

  test.each<[string, ExpectedRow[], FoundRow | undefined, unknown]>([
    ['the same', [made(5, ['a', 'b'])], found(5, ['a', 'b']), 'equal'],
    ['not there', [made(5, ['a'])], undefined, 'missing'],
    ['not there yet', [made(5, ['a'], optional)], undefined, 'absent'],
    ['there already', [made(5, ['a'], optional)], found(5, ['a']), 'equal'],
    ['of no record', [], found(5, ['a']), 'extra'],
    ['of no record, and just ending', [], found(5, ['a'], now + 1), 'absent'],
    ['ended meanwhile', [made(5, ['a'], { expiresAt: now })], undefined, 'absent'],
    ['another value', [made(5, ['a'])], found(5, ['b']), ['0 value']],
    ['another time', [made(5, ['a'])], found(6, ['a']), ['0 timestamp']],
    ['an end that is earlier', [made(5, ['a'])], found(5, ['a'], end - 3), ['0 expiry']],
    ['an end that is a little later', [made(5, ['a'])], found(5, ['a'], end + 60), 'equal'],
    ['an end that is later', [made(5, ['a'])], found(5, ['a'], end + 61), ['0 expiry']],
    ['an end within two seconds', [made(5, ['a'])], found(5, ['a'], end - 2), 'equal'],
    ['no end', [made(5, ['a'])], found(5, ['a'], 0), ['0 expiry']],
    ['an end where none must be', [made(5, ['a'], { expiresAt: 0 })], found(5, ['a']), ['0 expiry']],
    ['an end that is not compared', [made(5, ['a'], { expiresAt: -1 })], found(5, ['a'], 9), 'equal'],
    ['a cell that is absent', [made(5, ['a', 'b'])], found(5, ['a']), ['1 absent']],
    ['a cell too many', [made(5, ['a'])], found(5, ['a', 'b']), ['1 unexpected']],
    ['a deleted cell', [made(5, ['a', null])], found(5, ['a']), 'equal'],
    ['a deleted cell that is there', [made(5, ['a', null])], found(5, ['a', 'b']), ['1 unexpected']],
    ['only deleted cells, without a row', [made(5, [null], { marker: false })], undefined, 'absent'],
    ['the later of two records', [made(6, ['b']), made(5, ['a'])], found(6, ['b']), 'equal'],
    ['the earlier of two records', [made(5, ['a']), made(6, ['b'])], found(5, ['a']), ['0 value']],
    ['either of two at one time', [made(5, ['a']), made(5, ['b'])], found(5, ['a']), 'equal'],
    ['one that may have won', [made(5, ['a']), made(6, ['b'], optional)], found(6, ['b']), 'equal'],
    ['one that may not have won', [made(5, ['a']), made(6, ['b'], optional)], found(5, ['a']), 'equal'],
    [
      'an older one that must have lost',
      [made(5, ['a']), made(4, ['b'], optional)],
      found(4, ['b']),
      ['0 value'],
    ],
  ])('%s', (_what, expected, row, answer) => {
    expect(verdict(expected, row)).toEqual(answer)
  })

  test('of looked-up cells values are not compared, and times are', () => {
    expect(verdict([made(5, ['a', 'b'])], found(5, ['a', 'c']), [1])).toBe('equal')
    expect(verdict([made(5, ['a', 'b'])], found(5, ['a']), [1])).toBe('equal')
    const later = found(6, ['a', 'c'])
    const mixed = { cells: [found(5, ['a']).cells[0]!, later.cells[1]!] }
    expect(verdict([made(5, ['a', 'b'])], mixed, [1])).toEqual(['1 timestamp'])
    const longer = { cells: [found(5, ['a']).cells[0]!, found(5, ['a', 'c'], end + 99).cells[1]!] }
    expect(verdict([made(5, ['a', 'b'])], longer, [1])).toEqual(['1 expiry'])
    // Of several records any may have written what was looked up.
    expect(verdict([made(5, ['a', 'b']), made(6, ['a'])], found(6, ['a', 'c']), [1])).toBe('equal')
  })

  test('looked-up cells are told apart by whether a lookup gives the same now', () => {
    const enriched = new Set([1])
    const same = (expected: (string | null)[], cells: (string | undefined)[]): unknown =>
      lookedUpCells([made(5, expected)], found(5, cells), enriched)
    expect(same(['a', 'b'], ['a', 'b'])).toEqual([{ column: 1, same: true }])
    expect(same(['a', 'b'], ['a', 'c'])).toEqual([{ column: 1, same: false }])
    expect(same(['a', 'b'], ['a'])).toEqual([{ column: 1, same: false }])
    expect(same(['a'], ['a'])).toEqual([{ column: 1, same: true }])
    expect(same(['a', null], ['a'])).toEqual([{ column: 1, same: true }])
    expect(lookedUpCells([], found(5, ['a', 'b']), enriched)).toEqual([])
  })
})

describe('rows on the disk', () => {
  test('come back as they were', () => {
    const sink = new ByteSink(8)
    const long = shortCell(Buffer.alloc(300, 1))
    const row: ExpectedRow = {
      ...{ topic: 3, partition: 4_000_000_000, offset: 2 ** 52, required: true, marker: false },
      ...{ timestamp: -5, eventTimed: true, expiresAt: -1 },
      cells: [
        { column: 0, value: Buffer.from('') },
        { column: 300, value: null },
        { column: 301, value: long },
      ],
    }
    writeExpected(sink, row)
    expect(readExpected(sink.copy())).toEqual(row)
    sink.length = 0
    const cells = new Map([
      ['b', { bytes: Buffer.alloc(300, 1), timestamp: 2 ** 50, expiresAt: 4_000_000_000 }],
    ])
    writeFound(sink, { key: Buffer.alloc(0), cells }, new Map([['b', 9]]))
    expect(readFound(sink.copy())).toEqual({
      cells: [{ column: 9, value: long, timestamp: 2 ** 50, expiresAt: 4_000_000_000 }],
    })
  })

  test('tell values apart that are long', () => {
    expect(shortCell(Buffer.alloc(16, 1))).toEqual(Buffer.alloc(16, 1))
    expect(shortCell(Buffer.alloc(17, 1))).toHaveLength(20)
    expect(shortCell(Buffer.alloc(17, 1)).equals(shortCell(Buffer.alloc(18, 1)))).toBe(false)
  })
})
