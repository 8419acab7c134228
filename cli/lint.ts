import { configOf, readTopologyFile } from '../engine/config/load.ts'
import { nearest } from '../engine/config/suggest.ts'
import { MillraceError } from '../engine/errors.ts'
import { formatLint, lintFormats, type LintReport } from '../engine/topology/lint-format.ts'
import type { Severity } from '../engine/topology/lint-rule.ts'
import { inFileOrder, type LintFinding } from '../engine/topology/lint-findings.ts'
import { lintPlan } from '../engine/topology/lint.ts'
import type { LintFacts } from '../engine/topology/facts.ts'
import { planReading } from '../engine/topology/plan.ts'
import { annotated } from './terminal/annotated-files.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { openBaseline, type Baseline } from './lint/against.ts'
import { projectFacts } from './lint/facts.ts'
import { filesToLint } from './lint/files.ts'
import { findRoot } from '../project/root.ts'
import { topologyPath } from './project/topology-path.ts'

/** `millrace lint`. */
export const command: Command = {
  name: 'lint',
  summary: 'Checks topologies and says what is wrong or dangerous, with places.',
  usage: 'millrace lint [FILE|FOLDER…] [--fail-on SEVERITY] [--against REV] [flags]',
  options: describedFlags({
    'fail-on': {
      type: 'string',
      placeholder: 'SEVERITY',
      description: 'what makes the exit code 1: error (the default), warning or info, and what is worse',
    },
    strict: { type: 'boolean', description: 'the same as --fail-on warning' },
    against: {
      type: 'string',
      placeholder: 'REV|FILE',
      description: 'also say what the change since a git revision does to offsets and state',
    },
    explain: {
      type: 'string',
      placeholder: 'CODE',
      description: 'what a code is about; of a rule, with an example',
    },
    output: { ...commonFlags.output, description: 'text (the default), json, github or junit' },
    project: commonFlags.project,
  }),
  help: `
Checks the files, their graphs, and whatever schemas/ and cql/ tell of the fields and tables that they use. Every rule
has a page in docs/reference/lint/, which --explain shows. A comment in the line of a node, or above it, allows a finding:

  unique: { type: dedupe, from: events, by: eventId, window: 7d }  # lint-allow ML004 ids are unique per store

A folder stands for the topologies in it; without file or folder, topologies/ is checked.

Examples:
  millrace lint
  millrace lint topologies/audit-store.yaml
  millrace lint topologies --fail-on warning -o github
  millrace lint topologies/audit-store.yaml --against main
  millrace lint --explain ML012
`,
  exits: {
    0: 'nothing is found, or nothing as bad as --fail-on says',
    1: 'errors, or what --fail-on says',
    2: 'the command line is wrong, or a file could not be read',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values } = args
  const format = outputFlag(values, lintFormats)
  const code = textFlag(values, 'explain')
  if (code !== undefined) return (await import('./lint/explain.ts')).explainCode(code, args)
  const failing = failingSeverities(args)
  const meant = filesToLint(args)
  const against = textFlag(values, 'against')
  const baseline = against === undefined ? undefined : await openBaseline(against, meant, args)
  const factsByRoot = new Map<string, Promise<LintFacts>>()
  const names = new Set<string>()
  const reports: LintReport[] = []
  for (const file of meant.files) {
    const root = findRoot({ cwd: args.cwd, project: textFlag(values, 'project'), topology: file })
    const facts = factsByRoot.get(root) ?? projectFacts(root, args.cwd)
    factsByRoot.set(root, facts)
    // It is asked for later, and not at all where the file itself is wrong.
    facts.catch(() => undefined)
    reports.push(await lintFile({ file, root, facts, baseline, names }, args))
  }
  if (baseline !== undefined) reports.push(...(await baseline.gone(meant.folders, names)))
  const text = formatLint(format === 'github' ? annotated(reports, args) : reports, format, failing)
  if (text !== '') args.out(text)
  return exitCode(reports, failing)
}

const severities = ['error', 'warning', 'info'] as const

/** The severities that make the exit code 1. */
function failingSeverities({ values }: CommandArgs): readonly Severity[] {
  const given = textFlag(values, 'fail-on') ?? (values.strict === true ? 'warning' : 'error')
  const at = severities.findIndex((one) => one === given)
  if (at >= 0) return severities.slice(0, at + 1)
  const near = nearest(given, severities)
  const hint = near === undefined ? `there are ${severities.join(', ')}.` : `did you mean ${near}?`
  throw usage(`--fail-on ${given} is no severity: ${hint}`)
}

function exitCode(reports: readonly LintReport[], failing: readonly Severity[]): number {
  const findings = reports.flatMap((report) => report.findings)
  if (findings.some(({ code }) => code === 'CONFIG_UNREADABLE')) return 2
  return findings.some(({ severity }) => failing.includes(severity)) ? 1 : 0
}

interface Task {
  readonly file: string
  readonly root: string
  readonly facts: Promise<LintFacts>
  readonly baseline: Baseline | undefined
  /** Gets the name of the topology. */
  readonly names: Set<string>
}

/** What is wrong in a file, be it with the file itself, with the files beside it, or with what they mean together. */
async function lintFile(task: Task, args: CommandArgs): Promise<LintReport> {
  const { file, root, facts, baseline, names } = task
  try {
    const reading = await readTopologyFile(topologyPath(file, args), args.registry, args.env)
    const plan = planReading(reading)
    names.add(plan.name)
    const { allowances } = configOf(reading)
    const findings = lintPlan(plan, await facts, allowances)
    const changes = (await baseline?.changes({ plan, allowances, file, root })) ?? []
    return { file, findings: [...findings, ...changes].toSorted(inFileOrder) }
  } catch (error) {
    return { file, findings: findingsOf(error, file) }
  }
}

interface Placed {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

function findingsOf(error: unknown, file: string): LintFinding[] {
  if (!(error instanceof MillraceError)) throw error
  const { code, message, facts } = error
  const places = (facts.problems as readonly Placed[] | undefined) ?? [placeIn(message, file)]
  const title = 'The topology cannot run'
  return places.map((place) => ({ ...place, code, severity: 'error', title }))
}

/** Errors of schemas and migrations begin with their place. */
function placeIn(message: string, file: string): Placed {
  const [, named, line, column, rest] = /^(\S+?):(\d+):(\d+): (.*)$/s.exec(message) ?? []
  if (named === undefined) return { file, line: 1, column: 1, message }
  return { file: named, line: Number(line), column: Number(column), message: rest! }
}
