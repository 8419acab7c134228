import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { defineProcessor, keep, type Registry } from '../../../engine/component/index.ts'
import { topologyJsonSchema, topologySchema } from '../../../engine/config/topology-schema.ts'
import { registry } from './kit.ts'

interface Json {
  readonly [name: string]: Json
}

describe('the JSON Schema', () => {
  const schema = topologyJsonSchema(registry) as unknown as Json

  test('is draft-07, and closed', () => {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
    expect(schema.additionalProperties).toBe(false)
    expect(schema.required).toEqual(['name', 'sources', 'sinks'])
  })

  test('tells components apart by type, with their fields, defaults and descriptions', () => {
    const options = schema.properties!.processors!.additionalProperties!.oneOf as unknown as Json[]
    const dedupe = options.find(({ properties }) => (properties!.type!.const as unknown) === 'dedupe')!
    expect(dedupe.required).toEqual(['by', 'type', 'from'])
    expect(dedupe.properties!.window).toMatchObject({
      type: 'string',
      default: '7d',
      description: 'How long ids are remembered.',
    })
    expect(dedupe.properties!.from!.anyOf).toHaveLength(2)
    expect(dedupe.description).toBe('Drops a record whose id was seen before.')
  })

  test('lets a node be one of a file, in each section, whatever its fields are', () => {
    for (const [section, kind] of [
      ['sources', 'source'],
      ['processors', 'processor'],
      ['sinks', 'sink'],
    ] as const) {
      const options = schema.properties![section]!.additionalProperties!.oneOf as unknown as Json[]
      const own = options.find(({ properties }) => properties!.type!.pattern !== undefined)!
      expect(own).toMatchObject({ title: `a ${kind} of your own`, additionalProperties: {} })
      expect(own.required).toEqual(kind === 'source' ? ['type'] : ['type', 'from'])
      const pattern = new RegExp(own.properties!.type!.pattern as unknown as string)
      expect('./processors/score.ts').toMatch(pattern)
      expect('../score.mjs').toMatch(pattern)
      for (const not of ['score', 'https://example.org/score.ts', './score.json'])
        expect(not).not.toMatch(pattern)
    }
  })

  test('has a description for every part of a topology', () => {
    for (const property of Object.values(schema.properties!))
      expect(property.description).toEqual(expect.any(String))
  })
})

test('a component may not take the common fields', () => {
  const greedy = defineProcessor({
    name: 'greedy',
    summary: 'Has a field that all nodes have.',
    config: z.strictObject({ from: z.string() }),
    examples: [{ title: 'None', config: { from: 'a' } }],
    create: () => keep(() => true),
  })
  const wrong: Registry = { ...registry, processors: { greedy } }
  expect(() => topologySchema(wrong)).toThrow(
    'The component "greedy" may not have a field "from" of its own.',
  )
})
