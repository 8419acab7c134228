import { describeJson, describeMermaid, describeText } from '../engine/topology/describe.ts'
import { describeSvg } from '../engine/topology/describe-svg.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { Command, CommandArgs } from './command.ts'
import { commonFlags, describedFlags, outputFlag } from './flags.ts'
import { onePlan } from './one-plan.ts'

const formats = ['text', 'mermaid', 'svg', 'json'] as const

/** `millrace describe`. */
export const command: Command = {
  name: 'describe',
  summary: 'Draws a topology: as text, mermaid or SVG.',
  usage: 'millrace describe FILE [flags]',
  options: describedFlags({
    output: { ...commonFlags.output, description: 'text (the default), mermaid, svg or json' },
  }),
  help: `
Reads the file alone: neither topics nor tables need to be there. Side outputs are dashed, or in brackets.

Examples:
  millrace describe topologies/audit-store.yaml
  millrace describe topologies/audit-store.yaml -o svg > audit-store.svg
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, formats)
  args.out(described(await onePlan('describe', args), format))
  return 0
}

function described(plan: TopologyPlan, format: (typeof formats)[number]): string {
  switch (format) {
    case 'mermaid':
      return describeMermaid(plan)
    case 'svg':
      return describeSvg(plan).trimEnd()
    case 'json':
      return JSON.stringify(describeJson(plan), undefined, 2)
    case 'text':
      return describeText(plan)
  }
}
