import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { valueAt } from '../../engine/component/record-view.ts'
import { topic } from '../../sources/topic.ts'
import { codecOf } from '../../sources/codecs.ts'

const json = codecOf('json')
const names = ['a', 'b', 'ab', 'c']
const member = fc.constantFrom(...names, 'x y', 'ä', '"', '\\', '')
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(member, tie('value'), { maxKeys: 4 }),
  ),
}))
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
const around = Buffer.from('{"a":1}')

describe('fields of JSON', () => {
  test('are what the whole value has there', () => {
    fc.assert(
      fc.property(anything, path, fc.constantFrom(undefined, 1, '\t\r\n '), (value, at, indent) => {
        const text = Buffer.from(JSON.stringify(value, null, indent))
        const bytes = Buffer.concat([around, text, around])
        const [start, end] = [around.length, around.length + text.length]
        const expected = valueAt(JSON.parse(text.toString()), at)
        const reader = json.reader(at)
        expect(reader.read(bytes, start, end) ?? null).toEqual(expected ?? null)
        const place = new Int32Array(2)
        const answer = reader.locate(bytes, start, end, place)
        expect(answer).toBe((expected ?? null) === null ? 0 : 1)
        if (answer !== 1) return
        const found = bytes.toString('utf8', place[0], place[1])
        expect(typeof expected === 'string' ? JSON.parse(`"${found}"`) : JSON.parse(found)).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test('never make it throw or read outside when the bytes are damaged', () => {
    fc.assert(
      fc.property(anything, path, fc.nat(), fc.nat(255), fc.nat(), (value, at, where, byte, cut) => {
        const bytes = Buffer.from(JSON.stringify({ a: value, b: value }))
        bytes[where % bytes.length] = byte
        const end = cut % (bytes.length + 1)
        const place = new Int32Array(2)
        const answer = json.reader(at).locate(bytes, 0, end, place)
        expect([-1, 0, 1]).toContain(answer)
        if (answer === 1) {
          expect(place[0]).toBeGreaterThanOrEqual(0)
          expect(place[1]).toBeLessThanOrEqual(end)
          expect(place[0]).toBeLessThanOrEqual(place[1]!)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('count the second time when they are there twice, and however their name is spelt', () => {
    const read = (text: string): unknown => json.reader(['a']).read(Buffer.from(text), 0, text.length)
    expect(read('{"a":1,"a":2}')).toBe(2)
    expect(read('{"\\u0061":3}')).toBe(3)
    expect(read('{"b":{"a":1}}')).toBeUndefined()
    expect(() => read('{"a":1')).toThrow(expect.objectContaining({ kind: 'permanent' }))
  })
})

describe('formats', () => {
  test('text must be UTF-8; bytes are copied', () => {
    const bytes = Buffer.from([0xc3, 0xa4, 0xff])
    expect(codecOf('text').decode(bytes, 0, 2)).toBe('ä')
    expect(() => codecOf('text').decode(bytes, 0, 3)).toThrow(
      expect.objectContaining({ code: 'RECORD_INVALID' }),
    )
    const copy = codecOf('bytes').decode(bytes, 1, 3) as Buffer
    bytes[1] = 0
    expect(copy).toEqual(Buffer.from([0xa4, 0xff]))
    expect(() => codecOf('text').reader(['a'])).toThrow(/no fields/)
    expect(() => json.decode(Buffer.from('{'), 0, 1)).toThrow(
      expect.objectContaining({ code: 'RECORD_INVALID' }),
    )
  })

  test('a topic has a schema or a format', () => {
    expect(() => topic.config.parse({ topic: 'a' })).toThrow(/either a/)
    expect(() => topic.config.parse({ topic: 'a', schema: 'x.Y', format: 'json' })).toThrow(/either a/)
    expect(() => topic.config.parse({ topic: 'a', format: 'text', timestamp: 'x' })).toThrow(/no fields/)
    expect(
      topic.topics(topic.config.parse({ topic: ['a', 'b'], format: 'json' }), { topology: 't', node: 'n' }),
    ).toEqual(['a', 'b'])
  })
})
