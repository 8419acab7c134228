import { changeKinds } from '../engine/topology/compare-plans.ts'
import { mendedExamples } from '../engine/topology/lint-mended.ts'
import { lintRules } from '../engine/topology/lint-rules.ts'
import { ruleBlocks } from '../engine/topology/lint-rule-text.ts'
import { nearest } from '../engine/config/suggest.ts'
import type { CommandArgs } from './command.ts'
import { outputFlag, usage } from './flags.ts'

/** Prints what a rule is about. Throws USAGE for a code of no rule. */
export function explainRule(given: string, { positionals, values, out }: CommandArgs): number {
  const code = given.toUpperCase()
  if (positionals.length > 0) throw usage(`--explain ${given} needs no file: leave "${positionals[0]}" out.`)
  const rule = lintRules.find((one) => one.code === code)
  if (rule === undefined) throw unknownCode(given, code)
  if (outputFlag(values, ['text', 'json']) === 'json') {
    const { title, severity, explanation, remedy, example } = rule
    out(JSON.stringify({ code, title, severity, explanation, remedy, example, mended: mendedExamples[code] }))
  } else out([`# ${code}: ${rule.title}`, ...ruleBlocks(rule)].join('\n\n'))
  return 0
}

function unknownCode(given: string, code: string): Error {
  const change = Object.entries(changeKinds).find(([one]) => one === code)
  if (change !== undefined)
    return usage(
      `${code} is no rule, but a change that --against tells of: ${change[1].title.toLowerCase()}.`,
    )
  const near = nearest(
    code,
    lintRules.map((rule) => rule.code),
  )
  const hint = near === undefined ? 'docs/reference/lint.md lists them.' : `did you mean ${near}?`
  return usage(`There is no rule ${given}: ${hint}`)
}
