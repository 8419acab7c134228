import { explainEnds, explainPlan, explainText } from '../engine/topology/explain.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag } from './command-line/flags.ts'
import { onePlan } from './project/one-plan.ts'

/** `millrace explain`. */
export const command: Command = {
  name: 'explain',
  summary: 'Says what a topology guarantees, and why.',
  usage: 'millrace explain FILE [flags]',
  options: describedFlags({ output: { ...commonFlags.output, description: 'text (the default) or json' } }),
  help: `
What holds end to end and in each step, which step brings it about, what has to be so for it, and what would make it
weaker (a setting of this topology, a producer, a topic); then what does not hold.

Example:
  millrace explain topologies/audit-store.yaml
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'] as const)
  const plan = await onePlan('explain', args)
  args.out(
    format === 'text'
      ? explainText(plan)
      : JSON.stringify(
          { name: plan.name, ends: explainEnds(plan), statements: explainPlan(plan) },
          undefined,
          2,
        ),
  )
  return 0
}
