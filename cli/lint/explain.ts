import { changeKinds } from '../../engine/topology/change-kinds.ts'
import { mendedExamples } from '../../engine/topology/lint-mended.ts'
import type { LintRule, Severity } from '../../engine/topology/lint-rule.ts'
import { lintRules } from '../../engine/topology/lint-rules.ts'
import { ruleBlocks } from '../../engine/topology/lint-rule-text.ts'
import { staleAllowance } from '../../engine/topology/lint-findings.ts'
import { nearest } from '../../engine/config/suggest.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { outputFlag, usage } from '../command-line/flags.ts'

/** What can be said of a code that stands for no rule. */
interface Explained {
  readonly title: string
  readonly severity: Severity
  readonly explanation: string
}

/** Prints what a code of lint is about: a rule, or a change that `--against` tells of. Throws USAGE for an unknown one. */
export function explainCode(given: string, { positionals, values, out }: CommandArgs): number {
  const code = given.toUpperCase()
  if (positionals.length > 0) throw usage(`--explain ${given} needs no file: leave "${positionals[0]}" out.`)
  const json = outputFlag(values, ['text', 'json']) === 'json'
  const rule = lintRules.find((one) => one.code === code)
  if (rule !== undefined) {
    out(json ? ruleJson(rule) : [`# ${code}: ${rule.title}`, ...ruleBlocks(rule)].join('\n\n'))
    return 0
  }
  const found = others().get(code)
  if (found === undefined) throw unknownCode(given, code)
  const { title, severity, explanation } = found
  out(
    json
      ? JSON.stringify({ code, title, severity, explanation })
      : [`# ${code}: ${title}`, `Severity: **${severity}**`, explanation].join('\n\n'),
  )
  return 0
}

function ruleJson({ code, title, severity, explanation, remedy, example }: LintRule): string {
  return JSON.stringify({ code, title, severity, explanation, remedy, example, mended: mendedExamples[code] })
}

function others(): ReadonlyMap<string, Explained> {
  return new Map<string, Explained>([[staleAllowance.code, staleAllowance], ...Object.entries(changeKinds)])
}

function unknownCode(given: string, code: string): Error {
  const near = nearest(code, [...lintRules.map((rule) => rule.code), ...others().keys()])
  const hint = near === undefined ? 'docs/reference/lint.md lists them.' : `did you mean ${near}?`
  return usage(`Lint has no code ${given}: ${hint}`)
}
