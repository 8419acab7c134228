import type { FieldData, FactsData } from '../../engine/topology/facts.ts'
import type { LintRule } from '../../engine/topology/lint-rule.ts'
import { fence, page, table } from './markdown.ts'

const notes = `
\`millrace lint FILE…\` looks for hazards that can be seen before anything runs: in the topology, in \`schemas/\`, in \`cql/\`.
Where a schema or table is not known, the rules that need it are silent.

An **error** will fail or lose records; a **warning** probably is not what was meant; an **info** is good to know. The exit
code is 1 if there are errors (with \`--strict\`, warnings too).

A comment allows a finding, in the line of the node or above it. It needs a reason, and is itself reported (ML000) once
there is nothing left to allow:

    unique: { type: dedupe, from: events, by: eventId, window: 7d } # lint-allow ML004 producers key by entity

Facts about topics come from \`schemas/catalogue.yaml\`:

    topics:
      audit-events: { key: entityId, partitions: 6, rate: 500 } # rate: records per second, at the peak
`

/** The page of all rules. */
export function lintPage(rules: readonly LintRule[]): string {
  const rows = rules.map(({ code, title, severity }) => [
    `[${code}](#${code.toLowerCase()})`,
    severity,
    title,
  ])
  return page('Lint rules', [
    notes.trim(),
    table(['code', 'severity', 'finding'], rows),
    ...rules.flatMap(ruleBlocks),
  ])
}

function ruleBlocks(rule: LintRule): string[] {
  const { code, title, severity, explanation, remedy, example } = rule
  return [
    `## ${code}`,
    `**${title}** (${severity})`,
    explanation,
    `**Remedy.** ${remedy}`,
    'For example:',
    fence('yaml', example.topology),
    ...factLines(example.facts ?? {}),
  ]
}

function factLines({ schemas = {}, tables = {}, topics = {} }: FactsData): string[] {
  const facts = [
    ...Object.entries(schemas).map(([name, fields]) => `the schema \`${name}\` has ${fieldText(fields)}`),
    ...Object.entries(tables).map(([name, columns]) => `the table \`${name}\` has ${columnText(columns)}`),
    ...Object.entries(topics).map(([name, topic]) => {
      const said = Object.entries(topic).map(([fact, value]) => `${fact} \`${String(value)}\``)
      return `the topic \`${name}\` has ${said.join(', ')}`
    }),
  ]
  return facts.length === 0 ? [] : [`where ${facts.join(', and ')}.`]
}

function fieldText(fields: FieldData): string {
  if (typeof fields === 'string') return `\`${fields}\``
  return Object.entries(fields)
    .map(([name, type]) => `\`${name}\` (${typeof type === 'string' ? type : 'record'})`)
    .join(', ')
}

function columnText(columns: readonly string[]): string {
  const key = columns.filter((column) => /[!+]$/.test(column)).map((column) => column.slice(0, -1))
  const others = columns.filter((column) => !/[!+]$/.test(column))
  const regular = others.length === 0 ? '' : ` and the columns \`${others.join('`, `')}\``
  return `the key \`${key.join('`, `')}\`${regular}`
}
