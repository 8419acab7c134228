import { confirmed } from '../terminal/ask.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { fastestRate, whoAsks } from './act.ts'
import { numberFlag, outputFlag, textFlag, usage } from '../command-line/flags.ts'
import { carryOutForeign, planForeign, type ForeignRequest, type PlannedForeign } from '../letters/foreign.ts'
import type { ReplayResult } from '../letters/replay.ts'
import { terminalProgress } from '../terminal/progress.ts'
import type { Project } from '../project/project.ts'

/** True where `--topic` names a dead-letter topic itself, and not the source of letters. */
export function isForeign({ values }: CommandArgs): boolean {
  return textFlag(values, 'topic')?.endsWith('.dlq') === true
}

/** What only letters of Millrace say. */
const unknown = ['topology', 'node', 'class', 'code', 'type', 'text', 'edit', 'again'] as const

const caveats =
  'What it cannot know: whether a record was processed since, or replayed before, and what came after it in its key; look for ' +
  'its id in the target, or have a dedupe there.'

/** `millrace dlq replay --topic NAME.dlq`: records that another program has given up. */
export async function replayForeign(
  project: Project,
  args: CommandArgs,
  request: Omit<ForeignRequest, 'topic' | 'to'>,
): Promise<number> {
  const plan = await planForeign(project, { ...request, ...targetOf(args) })
  const format = outputFlag(args.values, ['text', 'json'])
  const all = plan.letters.length
  const dryRun = args.values['dry-run'] === true
  const done = all === 0 || dryRun ? { letters: all, last: undefined } : await write(project, args, plan)
  if (done === undefined) {
    args.err('Nothing was written.')
    return 1
  }
  const { letters, last } = done
  if (letters < all) {
    const goOn = last === undefined ? '' : ` Go on with the same command and --after ${last}.`
    args.err(`millrace: stopped: ${letters} of ${all} records are written.${goOn}`)
  }
  const { topic, to } = plan.request
  if (format === 'json') {
    const left = { own: plan.own }
    args.out(JSON.stringify({ act: 'replay', topology: null, topic, to, letters, left, last, dryRun }))
  } else tell(plan, dryRun, args)
  return letters === all ? 0 : 1
}

/** From where to where; what has no use here is refused. */
function targetOf({ values }: CommandArgs): Pick<ForeignRequest, 'topic' | 'to'> {
  const topic = textFlag(values, 'topic')!
  const to = textFlag(values, 'to')
  if (to === undefined)
    throw usage(
      `dlq replay --topic ${topic} needs --to TOPIC: what other programs give up does not always say its source.`,
    )
  const flag = unknown.find((name) => values[name] !== undefined)
  if (flag !== undefined)
    throw usage(
      `--${flag} is for letters of Millrace, and ${topic} may hold those of any program: leave it out.`,
    )
  return { topic, to }
}

/** Undefined where nobody wants it. */
async function write(
  project: Project,
  args: CommandArgs,
  plan: PlannedForeign,
): Promise<Pick<ReplayResult, 'letters' | 'last'> | undefined> {
  const rate = numberFlag(args.values, 'rate', 1, fastestRate)
  if (args.values['yes'] !== true && !(await confirmed(`${caveats}\n${sentenceFor(plan)}?`, args.signal)))
    return undefined
  const progress = terminalProgress()
  const show = (letters: number): void => progress.show(() => `${letters} of ${plan.letters.length} records`)
  const options = { who: whoAsks(args), rate, signal: args.signal, progress: show }
  return carryOutForeign(project, plan, options).finally(() => progress.clear())
}

function sentenceFor({ letters, request: { topic, to } }: PlannedForeign): string {
  return `Replay ${letters.length === 1 ? '1 record' : `${letters.length} records`} of ${topic} to ${to}`
}

function tell(plan: PlannedForeign, dryRun: boolean, args: CommandArgs): void {
  const came = dryRun
    ? 'not written, since this is a dry run'
    : plan.letters.length === 0
      ? 'nothing to do'
      : 'written'
  args.out(`${sentenceFor(plan)}: ${came}.`)
  if (plan.own > 0)
    args.out(
      `Left out: ${plan.own} that Millrace has parked. Name the source, not the .dlq, to replay those.`,
    )
  args.out(caveats)
}
