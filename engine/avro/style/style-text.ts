import type { StyleRule } from './style-rule.ts'

/** What there is to say of a rule, in blocks of Markdown. */
export function styleRuleText({ severity, explanation, remedy, example }: StyleRule): string[] {
  const block = (json: object): string => ['```json', JSON.stringify(json, undefined, 2), '```'].join('\n')
  return [
    `Severity: **${severity}**`,
    explanation,
    remedy,
    'Complained about:',
    block(example.wrong),
    'Fine:',
    block(example.right),
  ]
}
