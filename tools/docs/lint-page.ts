import { changeKinds } from '../../engine/topology/change-kinds.ts'
import type { LintRule } from '../../engine/topology/lint-rule.ts'
import { ruleBlocks } from '../../engine/topology/lint-rule-text.ts'
import { staleAllowance } from '../../engine/topology/lint-findings.ts'
import { page, table } from './markdown.ts'

const notes = `
\`millrace lint FILE…\` looks for hazards that can be seen before anything runs: in the topology, in \`schemas/\`, in \`cql/\`.
Where a schema or table is not known, the rules that need it are silent. A folder stands for the topologies in it.

An **error** will fail or lose records; a **warning** probably is not what was meant; an **info** is good to know. The exit
code is 0 where there is nothing, 1 where there are errors (\`--fail-on warning\` or \`info\`: or those), 2 where a file could
not be read. \`-o text|json|github|junit\` says how it is told; \`--explain CODE\` shows what is here.

A comment allows a finding, in the line of the node or above it. It needs a reason, and is itself reported (ML000) once
there is nothing left to allow. \`millrace-lint-disable ML004: reason\` means the same:

    unique: { type: dedupe, from: events, by: eventId, window: 7d } # lint-allow ML004 producers key by entity

Facts about topics come from \`schemas/catalogue.yaml\`:

    topics:
      # rate: records per second, at the peak; redelivery: how late a producer still sends a record again
      audit-events: { key: entityId, partitions: 6, rate: 500, redelivery: 3d }
`

const changeNotes = `
\`millrace lint FILE --against REV\` compares a topology with what it was in a revision of git (\`--against FILE\`: with
another file), and says what the change does to committed offsets and to state, which a file alone cannot show. A file that
is not in the revision is compared with the one beside it that had the name of its topology. For a folder, topologies that are
gone are told, too. A comment allows a change as it does a finding; once the revision has the change, the comment is itself
reported:
`

/** The pages of the rules: one of all, and one for each. By their path in docs/reference/. */
export function lintPages(rules: readonly LintRule[]): Map<string, string> {
  const rows = rules.map(({ code, title, severity }) => [`[${code}](lint/${code}.md)`, severity, title])
  const { code, severity, title, explanation } = staleAllowance
  const changes = Object.entries(changeKinds).map(([change, kind]) => [
    ...[change, kind.severity, kind.title, kind.explanation],
  ])
  const all = page('Lint rules', [
    notes.trim(),
    table(['code', 'severity', 'finding'], [[code, severity, title], ...rows]),
    `${code}: ${explanation}`,
    '## Changes',
    changeNotes.trim(),
    table(['code', 'severity', 'change', 'what it does, and what to do'], changes),
  ])
  return new Map([
    ['lint.md', all],
    ...rules.map((rule) => [`lint/${rule.code}.md`, rulePage(rule)] as const),
  ])
}

function rulePage(rule: LintRule): string {
  return page(`${rule.code}: ${rule.title}`, [...ruleBlocks(rule), '[All rules](../lint.md)'])
}
