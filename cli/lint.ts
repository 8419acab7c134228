import { configOf, readTopologyFile } from '../engine/config/load.ts'
import { MillraceError } from '../engine/errors.ts'
import { countAll, formatLint, lintFormats, type LintReport } from '../engine/topology/lint-format.ts'
import { lintPlan, type LintFinding } from '../engine/topology/lint.ts'
import type { LintFacts } from '../engine/topology/facts.ts'
import { planReading } from '../engine/topology/plan.ts'
import type { Command, CommandArgs } from './command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './flags.ts'
import { projectFacts } from './lint-facts.ts'
import { findRoot } from './project-files.ts'
import { topologyPath } from './topology-path.ts'

/** `millrace lint`. */
export const command: Command = {
  name: 'lint',
  summary: 'Checks topologies and says what is wrong or dangerous, with places.',
  usage: 'millrace lint FILE… [--strict] [flags]',
  options: describedFlags({
    strict: { type: 'boolean', description: 'warnings count as errors' },
    output: { ...commonFlags.output, description: 'text (the default), json, github or junit' },
    project: commonFlags.project,
  }),
  help: `
Checks the files, their graphs, and whatever schemas/ and cql/ tell of the fields and tables that they use. Every rule
has a page in docs/reference/lint.md. A comment in the line of a node, or above it, allows a finding:

  unique: { type: dedupe, from: events, by: eventId, window: 7d }  # lint-allow ML004 ids are unique per store

The exit code is 1 if there are errors (with --strict: or warnings).

Examples:
  millrace lint topologies/audit-store.yaml
  millrace lint topologies/*.yaml -o github
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { positionals, values } = args
  const format = outputFlag(values, lintFormats)
  if (positionals.length === 0) throw usage('lint needs a file: millrace lint topologies/NAME.yaml.')
  const factsByRoot = new Map<string, Promise<LintFacts>>()
  const reports: LintReport[] = []
  for (const file of new Set(positionals)) {
    const root = findRoot({ cwd: args.cwd, project: textFlag(values, 'project'), topology: file })
    const facts = factsByRoot.get(root) ?? projectFacts(root, args.cwd)
    factsByRoot.set(root, facts)
    // It is asked for later, and not at all where the file itself is wrong.
    facts.catch(() => undefined)
    reports.push(await lintFile(file, facts, args))
  }
  const text = formatLint(reports, format)
  if (text !== '') args.out(text)
  const { errors, warnings } = countAll(reports)
  return errors > 0 || (values.strict === true && warnings > 0) ? 1 : 0
}

/** What is wrong in a file, be it with the file itself, with the files beside it, or with what they mean together. */
async function lintFile(file: string, facts: Promise<LintFacts>, args: CommandArgs): Promise<LintReport> {
  try {
    const reading = await readTopologyFile(topologyPath(file, args), args.registry, args.env)
    const plan = planReading(reading)
    return { file, findings: lintPlan(plan, await facts, configOf(reading).allowances) }
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
