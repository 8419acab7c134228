import type { Command } from '../../cli/command-line/command.ts'
import type { ComponentDefinition, Registry } from '../../engine/component/define.ts'
import { sectionNames, sections, topologyJsonSchema } from '../../engine/config/topology-schema.ts'
import { errorTables } from './error-tables.ts'
import { errorCodes } from '../../engine/errors.ts'
import { metricCatalogue } from '../../engine/observe/metric-catalogue.ts'
import type { MetricSpec } from '../../engine/observe/metric-spec.ts'
import { styleRules } from '../../engine/avro/style/style-rules.ts'
import { lintRules } from '../../engine/topology/lint-rules.ts'
import { componentPage } from './component-page.ts'
import { exitCodesPage } from './exit-codes-page.ts'
import { environmentPages } from './environment-page.ts'
import { fieldTable, type JsonSchema } from './field-table.ts'
import { lintPages } from './lint-page.ts'
import { testPages } from './test-page.ts'
import { cell, page, table } from './markdown.ts'
import { schemaRulePages } from './schema-rules-page.ts'
import { servicePages } from './service-page.ts'

/** Every file of docs/reference/, by its path there. */
export function referencePages(registry: Registry, commands: readonly Command[]): Map<string, string> {
  const pages = new Map<string, string>()
  for (const section of sectionNames) {
    for (const definition of componentsOf(registry, section)) {
      pages.set(`${section}/${definition.name}.md`, componentPage(section, definition))
    }
  }
  const schema = topologyJsonSchema(registry)
  pages.set('topology.schema.json', `${JSON.stringify(schema, undefined, 2)}\n`)
  pages.set('topology.md', topologyPage(schema))
  for (const [path, text] of environmentPages()) pages.set(path, text)
  for (const [path, text] of testPages()) pages.set(path, text)
  for (const [path, text] of servicePages()) pages.set(path, text)
  pages.set('errors.md', errorsPage())
  pages.set('exit-codes.md', exitCodesPage(commands))
  for (const [path, text] of lintPages(lintRules)) pages.set(path, text)
  for (const [path, text] of schemaRulePages(styleRules)) pages.set(path, text)
  pages.set('metrics.md', metricsPage())
  pages.set('README.md', indexPage(registry))
  return pages
}

function componentsOf(registry: Registry, section: (typeof sectionNames)[number]): ComponentDefinition[] {
  return Object.values<ComponentDefinition>(registry[section]).sort((a, b) => a.name.localeCompare(b.name))
}

function indexPage(registry: Registry): string {
  const lists = sectionNames.flatMap((section) => [
    `## ${section.charAt(0).toUpperCase()}${section.slice(1)}`,
    table(
      [sections[section], 'what it does'],
      componentsOf(registry, section).map(({ name, summary }) => [
        `[${name}](${section}/${name}.md)`,
        summary,
      ]),
    ),
  ])
  return page('Reference', [
    'Generated from the code by `npm run docs`.',
    [
      '- [topology.md](topology.md): the fields of a topology file, and [its JSON Schema](topology.schema.json) for editors',
      '- [environment.md](environment.md): the fields of an environment file, and [its JSON Schema](environment.schema.json)',
      '- [catalogue.md](catalogue.md): the fields of the catalogue of topics, and [its JSON Schema](catalogue.schema.json)',
      '- [test.md](test.md): the fields of a file of test cases, and [its JSON Schema](test.schema.json)',
      '- [http.md](http.md): what `millrace serve` serves, and [its OpenAPI document](openapi.json)',
      '- [access.md](access.md): the fields of an access file, and [its JSON Schema](access.schema.json)',
      '- [lint.md](lint.md): what `millrace lint` finds, and what to do about it',
      '- [schemas.md](schemas.md): what `millrace schemas lint` finds, and what to do about it',
      '- [errors.md](errors.md): error codes',
      '- [exit-codes.md](exit-codes.md): what the commands answer with',
      '- [metrics.md](metrics.md): what `/metrics` shows',
    ].join('\n'),
    ...lists,
  ])
}

const topologyNotes = `
A topology is a YAML file: named nodes, each with a \`type\` and its settings, connected by \`from\`. Its name is its
consumer group too.

\`from\` is the name of a node, \`node.output\` for a side output, or a list of those. Names are unique in a file; there
are no cycles; everything that is made is read by someone.

\`\${NAME}\` and \`\${NAME:default}\` in values stand for environment variables (inside \`{ }\` and \`[ ]\` they need quotes),
\`$\${\` for a literal \`\${\`. A number or a truth that comes from a variable without quotes is one.

Editors that know the YAML language server complete and check a file that begins with

    # yaml-language-server: $schema=../docs/reference/topology.schema.json
`

function topologyPage(schema: JsonSchema): string {
  const properties = { ...schema.properties }
  for (const section of sectionNames) {
    const { description } = properties[section]!
    properties[section] = { type: 'object', ...(description === undefined ? {} : { description }) }
  }
  return page('Topology files', [topologyNotes.trim(), '## Fields', fieldTable({ ...schema, properties })])
}

const errorNotes = `
Every error that Millrace throws on purpose has a code and one of four kinds, which says what the engine does about it:

- **permanent**: the record can never be processed. It is parked or skipped at once.
- **record**: this record failed, perhaps not for ever. It is tried again while its key waits, then parked.
- **downstream**: something behind the engine is away. It is tried again for as long as that lasts, never a dead letter.
- **fatal**: going on would be wrong. The worker stops with a non-zero exit code.

Codes are stable: tools may branch on them.
`

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning])
  return page('Error codes', [errorNotes.trim(), table(['code', 'meaning'], rows), ...errorTables()])
}

function metricsPage(): string {
  const metrics = Object.entries<MetricSpec>(metricCatalogue).flatMap(
    ([name, { type, help, unit, labels, notes, buckets }]) => [
      `## \`${name}\``,
      `${help} ${notes}`,
      table(
        ['type', 'unit', 'labels', 'buckets'],
        [[type, unit, cell(labels.map((label) => `\`${label}\``).join(', ')), buckets?.join(', ') ?? '']],
      ),
    ],
  )
  return page('Metrics', [
    'What a worker shows on `/metrics`, in the text format of Prometheus. Counters end in `_total`.',
    ...metrics,
  ])
}
