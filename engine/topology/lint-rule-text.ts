import type { FactsData, FieldData } from './facts.ts'
import { mendedExamples } from './lint-mended.ts'
import type { LintExample, LintRule } from './lint-rule.ts'

/**
 * What there is to say of a rule, as blocks of Markdown: its page, and what `lint --explain` prints. Without the title,
 * which stands first in either.
 */
export function ruleBlocks(rule: LintRule): string[] {
  const { code, severity, explanation, remedy, example } = rule
  const mended = mendedExamples[code]
  return [
    `Severity: **${severity}**`,
    explanation,
    '## What to do',
    remedy,
    `Or allow it where it is meant, in the line of the node or above it: \`# lint-allow ${code} REASON\`.`,
    '## An example',
    ...exampleBlocks(example, {}),
    ...(mended === undefined ? [] : ['## The same, mended', ...exampleBlocks(mended, example.facts ?? {})]),
  ]
}

function exampleBlocks({ topology, facts }: LintExample, known: FactsData): string[] {
  return [`\`\`\`yaml\n${topology}\n\`\`\``, ...factBlocks(facts ?? known)]
}

function factBlocks(known: FactsData): string[] {
  const { schemas = {}, tables = {}, topics = {}, expiring = {}, names = {} } = known
  const facts = [
    ...Object.entries(schemas).map(([name, fields]) => `the schema \`${name}\` has ${fieldText(fields)}`),
    ...Object.entries(tables).map(([name, columns]) => `the table \`${name}\` has ${columnText(columns)}`),
    ...Object.entries(expiring).map(
      ([name, seconds]) => `the table \`${name}\` has \`default_time_to_live = ${seconds}\``,
    ),
    ...Object.entries(topics).map(([name, topic]) => {
      const said = Object.entries(topic).map(([fact, value]) => `${fact} \`${String(value)}\``)
      return `the topic \`${name}\` has ${said.join(', ')}`
    }),
    ...Object.entries(names).map(
      ([name, files]) => `the name \`${name}\` is that of \`${files.join('` and `')}\``,
    ),
  ]
  return facts.length === 0 ? [] : [`where ${facts.join(', and ')}.`]
}

function fieldText(fields: FieldData): string {
  if (typeof fields === 'string') return `\`${fields}\``
  return Object.entries(fields)
    .map(([name, type]) => `\`${name}\` (${typeof type === 'string' ? typeText(type) : 'record'})`)
    .join(', ')
}

function typeText(type: string): string {
  const [named = type, logical] = type.split(' ')
  const words = [named.replace(/\?$/, ''), ...(logical === undefined ? [] : [logical])].join(' ')
  return named.endsWith('?') ? `${words}, or null` : words
}

function columnText(columns: readonly string[]): string {
  const key = columns.filter((column) => /[!+]$/.test(column)).map((column) => column.slice(0, -1))
  const others = columns.filter((column) => !/[!+]$/.test(column))
  const regular = others.length === 0 ? '' : ` and the columns \`${others.join('`, `')}\``
  return `the key \`${key.join('`, `')}\`${regular}`
}
