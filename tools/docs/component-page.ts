import { stringify } from 'yaml'
import { z } from 'zod'
import type { ComponentDefinition, Example } from '../../engine/component/define.ts'
import { sections, type Section } from '../../engine/config/topology-schema.ts'
import { fieldTable, type JsonSchema } from './field-table.ts'
import { fence, page } from './markdown.ts'

/** The page of one component: what it does, its settings, its side outputs, notes and examples. */
export function componentPage(section: Section, definition: ComponentDefinition): string {
  const kind = sections[section]
  const schema = z.toJSONSchema(definition.config as z.ZodType, { target: 'draft-07', io: 'input' })
  const examples = definition.examples as readonly Example<Record<string, unknown>>[]
  return page(`${definition.name} (${kind})`, [
    definition.summary,
    '## Fields',
    kind === 'source' ? 'Besides `type`:' : 'Besides `type` and `from`:',
    fieldTable(schema as JsonSchema),
    ...outputsOf(definition, examples),
    ...(definition.kind === 'sink' ? [writesOf(definition.idempotent)] : []),
    lowered(definition.notes ?? ''),
    examples.length === 1 ? '## Example' : '## Examples',
    ...examples.flatMap((example) => exampleBlocks(section, definition.name, example)),
  ])
}

function writesOf(idempotent: boolean): string {
  return idempotent
    ? 'Writing a record again leaves the same result.'
    : 'A record that is processed again after a crash is written again.'
}

/** The names of side outputs may depend on the settings: those of the examples are shown. */
function outputsOf(
  definition: ComponentDefinition,
  examples: readonly Example<Record<string, unknown>>[],
): string[] {
  if (definition.kind !== 'processor' || definition.outputs === undefined) return []
  const schema = definition.config as z.ZodType
  const names = examples.map((example) => definition.outputs?.(schema.parse(example.config) as never) ?? [])
  const [first = []] = names
  const fixed = names.every((some) => some.join() === first.join())
  const list = (some: readonly string[]): string => some.map((name) => `\`${name}\``).join(', ')
  const all = [...new Set(names.flat())]
  if (all.length === 0) return []
  const text = fixed ? list(first) : `${list(all)} in the examples below: the settings decide.`
  return ['## Side outputs', `${text}${fixed ? '.' : ''} A node reads one as \`from: node.output\`.`]
}

function exampleBlocks(section: Section, type: string, example: Example<Record<string, unknown>>): string[] {
  const { title, config, input, output, side } = example
  const from = section === 'sources' ? {} : { from: 'before' }
  const name = section === 'sources' ? 'before' : 'example'
  const topology = { [section]: { [name]: { type, ...from, ...config } } }
  return [
    `### ${title}`,
    fence('yaml', stringify(topology, { lineWidth: 110 })),
    ...records('In:', input),
    ...records('Out:', output),
    ...Object.entries(side ?? {}).flatMap(([outputName, values]) => records(`To \`${outputName}\`:`, values)),
  ]
}

function records(title: string, values: readonly unknown[] | undefined): string[] {
  if (values === undefined) return []
  if (values.length === 0) return [`${title} nothing.`]
  return [title, fence('json', values.map((value) => JSON.stringify(value, plain)).join('\n'))]
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

/** Notes keep their headings, which stand on the level of the page's own. */
function lowered(notes: string): string {
  const text = notes.trim()
  return text === '' || text.startsWith('#') ? text : `## Notes\n\n${text}`
}
