import { describeJson, describeMermaid, describeText } from '../engine/topology/describe.ts'
import { describeDot } from '../engine/topology/describe-dot.ts'
import { describeSvg } from '../engine/topology/describe-svg.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import { structureOf, type DescribedPart } from '../engine/topology/structure.ts'
import type { Command, CommandArgs } from './command.ts'
import { commonFlags, describedFlags, outputFlag } from './flags.ts'
import { internalNames } from './internal-names.ts'
import { onePlan } from './one-plan.ts'

const formats = ['text', 'mermaid', 'dot', 'svg', 'json'] as const

/** `millrace describe`. */
export const command: Command = {
  name: 'describe',
  summary: 'Draws a topology: as text, mermaid, dot or SVG.',
  usage: 'millrace describe FILE [flags]',
  options: describedFlags({
    output: { ...commonFlags.output, description: 'text (the default), mermaid, dot, svg or json' },
  }),
  help: `
Nodes and their settings, sub-topologies, state, and the topics that the topology keeps for itself. Reads the file alone:
neither topics nor tables need to be there. Side outputs are dashed, or in brackets. -o json is for programs.

Examples:
  millrace describe topologies/audit-store.yaml
  millrace describe topologies/audit-store.yaml -o svg > audit-store.svg
  millrace describe topologies/audit-store.yaml -o dot | dot -Tpdf > audit-store.pdf
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, formats)
  const [plan, names] = await Promise.all([onePlan('describe', args), internalNames()])
  args.out(described(plan, structureOf(plan, names), format))
  return 0
}

function described(
  plan: TopologyPlan,
  parts: readonly DescribedPart[],
  format: (typeof formats)[number],
): string {
  switch (format) {
    case 'mermaid':
      return describeMermaid(plan, parts)
    case 'dot':
      return describeDot(plan, parts)
    case 'svg':
      return describeSvg(plan, parts).trimEnd()
    case 'json':
      return JSON.stringify(describeJson(plan, parts), undefined, 2)
    case 'text':
      return describeText(plan, parts)
  }
}
