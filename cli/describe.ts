import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describeJson, describeMermaid, describeText } from '../engine/topology/describe.ts'
import { describeDot } from '../engine/topology/describe-dot.ts'
import { describeSvg } from '../engine/topology/describe-svg.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import { structureOf, type DescribedPart } from '../engine/topology/structure.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { componentText } from './describe/component.ts'
import { commonFlags, describedFlags, outputFlag, usage } from './command-line/flags.ts'
import { internalNames } from './cluster/internal-names.ts'
import { onePlan } from './project/one-plan.ts'
import { topologyPath } from './project/topology-path.ts'

const formats = ['text', 'mermaid', 'dot', 'svg', 'json'] as const

/** `millrace describe`. */
export const command: Command = {
  name: 'describe',
  summary: 'Draws a topology: as text, mermaid, dot or SVG; or tells of a component.',
  usage: 'millrace describe FILE|COMPONENT|components [flags]',
  options: describedFlags({
    output: { ...commonFlags.output, description: 'text (the default), mermaid, dot, svg or json' },
  }),
  help: `
Nodes and their settings, sub-topologies, state, and the topics that the topology keeps for itself. Reads the file alone:
neither topics nor tables need to be there. Side outputs are dashed, or in brackets. -o json is for programs.

The name of a source, processor or sink instead of a file shows its fields, its guarantees and examples; "components" lists
them all.

Examples:
  millrace describe topologies/audit-store.yaml
  millrace describe topologies/audit-store.yaml -o svg > audit-store.svg
  millrace describe dedupe
  millrace describe topologies/audit-store.yaml -o dot | dot -Tpdf > audit-store.pdf
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, formats)
  const component = componentAsked(args)
  if (component !== undefined) {
    args.out(component)
    return 0
  }
  const [plan, names] = await Promise.all([onePlan('describe', args), internalNames()])
  args.out(described(plan, structureOf(plan, names), format))
  return 0
}

/** What is said of the component that is asked for; undefined where a topology is. */
function componentAsked(args: CommandArgs): string | undefined {
  const { positionals, cwd, registry, values } = args
  const [word, ...others] = positionals
  if (word === undefined || others.length > 0 || existsSync(resolve(cwd, topologyPath(word, args))))
    return undefined
  const text = componentText(word, registry)
  if (text !== undefined && values['output'] !== undefined)
    throw usage('A component is described as text: leave -o out.')
  return text
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
