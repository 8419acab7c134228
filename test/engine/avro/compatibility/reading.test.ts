import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { readingProblems } from '../../../../engine/avro/compatibility/reading.ts'
import type { Dialect, ReadingProblem } from '../../../../engine/avro/compatibility/rules.ts'
import { canRead } from '../../../../engine/avro/resolution.ts'
import { schemaFrom } from '../../../../engine/avro/schema.ts'
import { javaText } from './java-text.ts'
import { type NamedPair, pairs } from './pairs.ts'

/** What SchemaCompatibility says, as compatibility-java.int.test.ts has seen it say. */
const golden = JSON.parse(readFileSync(new URL('java-verdicts.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string>
>

const problems = ({ writer, reader }: NamedPair, dialect: Dialect): ReadingProblem[] =>
  readingProblems(schemaFrom(writer, 'writer').root, schemaFrom(reader, 'reader').root, dialect)

const readable = ({ writer, reader }: NamedPair): boolean =>
  canRead(schemaFrom(writer, 'writer').root, schemaFrom(reader, 'reader').root)

describe('pairs of schemas', () => {
  test('are many, and each has a verdict of Java', () => {
    expect(pairs.length).toBeGreaterThanOrEqual(150)
    expect(Object.keys(golden)).toEqual(pairs.map(({ rule, name }) => `${rule}: ${name}`))
  })

  test.each(pairs.map((pair) => [pair.rule, pair.name, pair] as const))(
    '%s: %s, as Java',
    (rule, name, pair) => {
      const found = problems(pair, 'java')
      expect(javaText(found)).toBe(golden[`${rule}: ${name}`])
    },
  )

  test('are readable here where nothing is found wrong with them', () => {
    const differing = pairs.filter((pair) => readable(pair) !== (problems(pair, 'millrace').length === 0))
    expect(differing).toEqual([])
  })

  test('are judged here as Java does, but for these', () => {
    const differing = pairs
      .filter((pair) => readable(pair) !== (golden[`${pair.rule}: ${pair.name}`] === 'COMPATIBLE'))
      .map(
        (pair) => `${pair.name}: ${readable(pair) ? 'read here only' : problems(pair, 'millrace')[0]!.rule}`,
      )
    // docs/guide/schemas.md says why.
    expect(differing).toEqual([
      'another namespace: NAME_MISMATCH',
      'an enum of another namespace: NAME_MISMATCH',
      'a record of another namespace: NAME_MISMATCH',
      'a record that lost its namespace: NAME_MISMATCH',
      'a record that got a namespace: NAME_MISMATCH',
      'a record in a union of another namespace: MISSING_UNION_BRANCH',
      'a decimal of another scale: DECIMAL_MISMATCH',
      'text as a decimal: DECIMAL_MISMATCH',
      'a fixed decimal of another scale: DECIMAL_MISMATCH',
      'a fixed decimal of another name: read here only',
    ])
  })

  test('may be readable and mean something else', () => {
    const misread = pairs
      .filter((pair) => readable(pair) && problems(pair, 'meaning').length > 0)
      .map((pair) => `${pair.name}: ${JSON.stringify(problems(pair, 'meaning')[0]!.rule)}`)
    expect(misread).toEqual([
      'milliseconds as microseconds: "LOGICAL_TYPE_MISMATCH"',
      'a date as an instant: "LOGICAL_TYPE_MISMATCH"',
      'optional milliseconds as microseconds: "MISSING_UNION_BRANCH"',
    ])
  })
})

test('what is wrong is told with its path, and for a branch of a union inside of it', () => {
  const pair = (name: string) => pairs.find((one) => one.name === name)!
  expect(problems(pair('a field of another type three levels down'), 'millrace')).toEqual([
    {
      rule: 'TYPE_MISMATCH',
      pointer: '/fields/0/type/fields/0/type/items/fields/0/type',
      path: 'r.l[].x',
      what: 'is written as int and read as boolean',
    },
  ])
  const [lacking] = problems(pair('a record in a union that got a field without default'), 'millrace')
  expect(lacking).toMatchObject({
    rule: 'MISSING_UNION_BRANCH',
    causes: [{ rule: 'READER_FIELD_MISSING_DEFAULT_VALUE', path: 'y' }],
  })
})
