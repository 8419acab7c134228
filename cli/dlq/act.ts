import { confirmed } from '../terminal/ask.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { numberFlag, outputFlag, textFlag } from '../command-line/flags.ts'
import { carryOut, planDiscard, planRelease, type PlannedAct } from '../letters/acts.ts'
import type { Who } from '../letters/audit.ts'
import type { Selection } from '../letters/select.ts'
import type { Project } from '../project/project.ts'

/** Letters a second, at most, that `--rate` may say. */
export const fastestRate = 1_000_000

/** `millrace dlq release`. */
export async function releaseLetters(project: Project, args: CommandArgs): Promise<number> {
  return ask(project, args, await planRelease(project, selectionOf(args)))
}

/** `millrace dlq discard`. */
export async function discardLetters(project: Project, args: CommandArgs): Promise<number> {
  const reason = textFlag(args.values, 'reason')
  return ask(project, args, await planDiscard(project, selectionOf(args), reason))
}

/** What `--topology`, `--topic`, `--key`, `--all` and a place say. */
export function selectionOf({ positionals, values }: CommandArgs): Selection {
  return {
    topology: textFlag(values, 'topology'),
    topic: textFlag(values, 'topic'),
    key: textFlag(values, 'key'),
    place: positionals[1],
    ...(values['all'] === true && { all: true }),
  }
}

/** Who works on the command line, as the machine knows them. */
export function whoAsks({ env }: Pick<CommandArgs, 'env'>): Who {
  return { by: env['USER'] ?? env['LOGNAME'] ?? 'unknown', via: 'command line' }
}

async function ask(project: Project, args: CommandArgs, plan: PlannedAct): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const rate = numberFlag(args.values, 'rate', 1, fastestRate)
  const dryRun = args.values['dry-run'] === true
  const sentence = sentenceFor(plan)
  let letters = plan.letters
  if (plan.letters > 0 && !dryRun) {
    if (args.values['yes'] !== true && !(await confirmed(`${sentence}?`, args.signal))) {
      args.err('Nothing was asked for.')
      return 1
    }
    const done = await carryOut(project, plan, { who: whoAsks(args), rate, signal: args.signal })
    if (done.stopped) args.err(`millrace: stopped: ${done.letters} of ${plan.letters} letters are asked for.`)
    letters = done.letters
  }
  const { act, parked, keys } = plan
  if (format === 'json') {
    args.out(JSON.stringify({ act, topology: parked.group, topic: parked.topic, keys, letters, dryRun }))
  } else if (plan.letters === 0) args.out(`${parked.name} has no open letters.`)
  else if (dryRun) args.out(`${sentence}: not asked for, since this is a dry run.`)
  else if (letters === plan.letters)
    args.out(
      `${sentence}: asked for. The worker of ${parked.group} carries it out; millrace dlq list shows what is left.`,
    )
  return letters === plan.letters ? 0 : 1
}

function sentenceFor({ act, letters, keys, parked: { topic, group } }: PlannedAct): string {
  const what = letters === 1 ? '1 letter' : `${letters} letters`
  const whose = keys === 0 ? '' : keys === 1 ? ' of 1 key' : ` of ${keys} keys`
  return `${act === 'release' ? 'Release' : 'Discard'} ${what}${whose} from ${topic}, parked by ${group}`
}
