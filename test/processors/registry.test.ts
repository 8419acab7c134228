import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import type { ComponentDefinition, ProcessorDefinition } from '../../engine/component/define.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { start } from '../support/fake-scope.ts'

const notComponents = ['index.ts', 'codecs.ts']
const registries: readonly (readonly [string, string, Readonly<Record<string, ComponentDefinition>>])[] = [
  ['processors', 'processor', processors],
  ['sinks', 'sink', sinks],
  ['sources', 'source', sources],
]
const all = registries.flatMap(([folder, , registry]) =>
  Object.entries(registry).map(([name, one]) => [`${folder}/${name}`, name, one] as const),
)

test.each(registries)('%s/index.ts lists the files beside it, by name', (folder, kind, registry) => {
  const files = readdirSync(new URL(`../../${folder}`, import.meta.url))
  const names = files
    .filter((file) => file.endsWith('.ts') && !notComponents.includes(file))
    .map((file) => file.slice(0, -3))
  expect(Object.keys(registry).sort()).toEqual(names.sort())
  for (const [name, definition] of Object.entries(registry)) {
    expect(definition).toMatchObject({ name, kind })
  }
})

describe.each(all)('%s', (_path, _name, definition) => {
  test('says in one sentence what it does', () => {
    expect(definition.summary).toMatch(/^[A-Z][^\n]*\.$/)
    expect(definition.notes ?? '').not.toMatch(/\t/)
  })

  test('describes every field', () => {
    const schema = z.toJSONSchema(definition.config as z.ZodObject, { target: 'draft-07', io: 'input' })
    expect(undescribed(schema, '')).toEqual([])
  })

  test('has examples that its config allows', () => {
    const config = definition.config as z.ZodObject
    for (const example of definition.examples) expect(() => config.parse(example.config)).not.toThrow()
  })
})

// A processor whose records go through a topic is run by no task; one that casts needs the schemas of a project.
const runnable = Object.values(processors)
  .filter((definition: ProcessorDefinition) => definition.through === undefined && definition.casts !== true)
  .flatMap((definition: ProcessorDefinition) =>
    definition.examples.map((example) => [definition.name, example.title, definition, example] as const),
  )

test.each(runnable)('%s, example: %s', (_name, _title, definition, example) => {
  const { output, side, failed } = start(
    definition,
    example.config,
    (example.input ?? []).map((value) => ({ value })),
  )
  expect(failed).toEqual([])
  expect(output).toEqual(example.output)
  expect(side).toEqual(example.side ?? {})
})

/** Paths of fields without description, within objects, records and alternatives. */
function undescribed(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, additionalProperties, anyOf, items } = schema as Record<string, unknown>
  const fields = Object.entries((properties ?? {}) as Record<string, { description?: string }>)
  return [
    ...fields.filter(([, field]) => !field.description).map(([name]) => `${path}.${name}`),
    ...fields.flatMap(([name, field]) => undescribed(field, `${path}.${name}`)),
    ...undescribed(additionalProperties, `${path}.*`),
    ...undescribed(items, `${path}[]`),
    ...((anyOf ?? []) as unknown[]).flatMap((one) => undescribed(one, path)),
  ]
}
