import type { StyleRule } from '../../engine/avro/style/style-rule.ts'
import { staleStyleAllowance } from '../../engine/avro/style/style-rules.ts'
import { styleRuleText } from '../../engine/avro/style/style-text.ts'
import { page, table } from './markdown.ts'

const notes = `
\`millrace schemas lint\` looks at the newest version of each record in \`schemas/\`; versions that are in use cannot be changed. Files
that are named are looked at whatever they are. \`--explain CODE\` shows what is here.

The exit code is 0 where there is nothing, 1 where there are errors (\`--fail-on warning\` or \`info\`: or those), 2 where a file could
not be read ([all exit codes](exit-codes.md)). \`-o text|json|github|junit\` says how it is told.

An attribute allows a finding, at its field or type and in what is inside. It needs a reason, and is itself reported (MS000)
once there is nothing left to allow:

    { "name": "total", "type": "double", "lintAllow": { "MS008": "rounded, for charts" } }

A version that is in use cannot get one any more. What is found in it is accepted in \`schemas/catalogue.yaml\`, by its file, with a
reason, which is told with it:

    topics:
      orders: { lintAllow: { OrderPaid.v1.avsc: { MS010: the ids of the first version are numbers } } }
`

/** The pages of the rules of style: one of all, and one for each. By their path in docs/reference/. */
export function schemaRulePages(rules: readonly StyleRule[]): Map<string, string> {
  const inOrder = rules.toSorted((a, b) => a.code.localeCompare(b.code))
  const rows = inOrder.map(({ code, title, severity }) => [`[${code}](schemas/${code}.md)`, severity, title])
  const { code, severity, title, explanation } = staleStyleAllowance
  const all = page('Rules of style for schemas', [
    notes.trim(),
    table(['code', 'severity', 'finding'], [[code, severity, title], ...rows]),
    `${code}: ${explanation}`,
  ])
  return new Map([
    ['schemas.md', all],
    ...inOrder.map((rule) => [`schemas/${rule.code}.md`, rulePage(rule)] as const),
  ])
}

function rulePage(rule: StyleRule): string {
  return page(`${rule.code}: ${rule.title}`, [...styleRuleText(rule), '[All rules](../schemas.md)'])
}
