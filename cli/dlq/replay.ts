import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { confirmed } from '../terminal/ask.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { fastestRate, whoAsks } from './act.ts'
import { isForeign, replayForeign } from './foreign.ts'
import { filterOf } from './show.ts'
import { editedInEditor } from '../terminal/editor.ts'
import { numberFlag, outputFlag, textFlag, usage } from '../command-line/flags.ts'
import { carryOutEdit, encodedEdit, letterToEdit, type EditedLetter } from '../letters/edit.ts'
import { carryOutEditedReplay, carryOutReplay, planReplay, type PlannedReplay } from '../letters/replay.ts'
import { oneTopic } from '../letters/select.ts'
import type { Project } from '../project/project.ts'
import { terminalProgress } from '../terminal/progress.ts'
import { timeFlag } from '../trace/times.ts'

const mostLetters = 1_000_000_000

/** `millrace dlq replay`. */
export async function replayLetters(project: Project, args: CommandArgs): Promise<number> {
  const edit = args.values['edit']
  if (isForeign(args)) {
    const { key, since, until, most, after } = requestOf(args)
    return replayForeign(project, args, { key, since, until, most, after, place: args.positionals[1] })
  }
  const place = args.positionals[1]
  if (edit !== undefined) {
    if (place === undefined) throw usage('dlq replay --edit is about one letter: give its PARTITION@OFFSET.')
    return replayEdited(project, args, place)
  }
  const plan = await planReplay(project, { ...requestOf(args), place })
  return replay(project, args, plan)
}

function requestOf(args: CommandArgs) {
  const { values } = args
  const stop = textFlag(values, 'stop-at')
  const isCount = stop !== undefined && /^\d+$/.test(stop)
  const filter = filterOf(args)
  const stopTime = isCount ? undefined : timeFlag('stop-at', stop, Date.now())
  if (stopTime !== undefined && filter.until !== undefined)
    throw usage('--stop-at with a time and --until say the same: leave one of them out.')
  return {
    ...filter,
    ...(stopTime !== undefined && { until: stopTime }),
    to: textFlag(values, 'to'),
    again: values['again'] === true,
    most: isCount ? numberFlag(values, 'stop-at', 1, mostLetters) : undefined,
    after: textFlag(values, 'after'),
  }
}

async function replay(project: Project, args: CommandArgs, plan: PlannedReplay): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const rate = numberFlag(args.values, 'rate', 1, fastestRate)
  const dryRun = args.values['dry-run'] === true
  const sentence = sentenceFor(plan)
  const all = plan.letters.length
  let letters = all
  let last: string | undefined
  if (all > 0 && !dryRun) {
    if (args.values['yes'] !== true && !(await confirmed(`${sentence}?`, args.signal))) {
      args.err('Nothing was written.')
      return 1
    }
    const progress = terminalProgress()
    const show = (done: number): void => progress.show(() => `${done} of ${all} letters`)
    const options = { who: whoAsks(args), rate, signal: args.signal, progress: show }
    const done = await carryOutReplay(project, plan, options).finally(() => progress.clear())
    ;({ letters, last } = done)
    if (done.stopped) args.err(`millrace: stopped: ${letters} of ${all} letters are written.${goOn(last)}`)
  }
  if (format === 'json')
    args.out(JSON.stringify({ ...factsOf(plan), letters, left: plan.left, last, dryRun }))
  else {
    const came = dryRun ? 'not written, since this is a dry run' : all === 0 ? 'nothing to do' : 'written'
    args.out(`${sentence}: ${came}.`)
    for (const line of leftLines(plan.left)) args.out(line)
  }
  return letters === all ? 0 : 1
}

function factsOf({ parked, to }: Pick<PlannedReplay, 'parked' | 'to'>) {
  return { act: 'replay', topology: parked.group, topic: parked.topic, to }
}

function goOn(last: string | undefined): string {
  return last === undefined ? '' : ` Go on with the same command and --after ${last}.`
}

function leftLines({ open, released }: PlannedReplay['left']): string[] {
  const lines: string[] = []
  if (open > 0) lines.push(`Left out: ${open} that are open. dlq release sends those, in order.`)
  if (released > 0) lines.push(`Left out: ${released} that were released before. --again writes those too.`)
  return lines
}

function sentenceFor({ letters, parked, to }: PlannedReplay): string {
  const what = letters.length === 1 ? '1 letter' : `${letters.length} letters`
  return `Replay ${what} of ${parked.topic}, parked by ${parked.group}, to ${to}`
}

/** An open letter is edited in its place and released; of one that is not, the edited copy is a new record. */
async function replayEdited(project: Project, args: CommandArgs, place: string): Promise<number> {
  const parked = await oneTopic(project, filterOf(args))
  const found = await letterToEdit(project, parked, place)
  const inPlace = found.open !== undefined && textFlag(args.values, 'to') === undefined
  const plan = inPlace ? undefined : await planReplay(project, { ...requestOf(args), place })
  const json = await editedJson(project, args, found)
  if (json === undefined) {
    args.err('Nothing was changed, and nothing is written.')
    return 1
  }
  const value = await encodedEdit(project, found, json)
  const sentence = editSentence(found, plan)
  const dryRun = args.values['dry-run'] === true
  if (!dryRun && args.values['yes'] !== true && !(await confirmed(`${sentence}?`, args.signal))) {
    args.err('Nothing was written.')
    return 1
  }
  const options = { who: whoAsks(args), reason: textFlag(args.values, 'reason') }
  if (!dryRun && plan === undefined) await carryOutEdit(project, found, value, options)
  if (!dryRun && plan !== undefined) await carryOutEditedReplay(project, plan, value, options)
  const asked = plan === undefined ? 'asked for' : 'written'
  if (outputFlag(args.values, ['text', 'json']) === 'text')
    args.out(`${sentence}: ${dryRun ? 'not done, since this is a dry run' : asked}.`)
  else {
    const facts =
      plan === undefined ? { ...factsOf({ parked, to: parked.topic }), act: 'edit' } : factsOf(plan)
    args.out(JSON.stringify({ ...facts, place, letters: plan === undefined ? found.released : 1, dryRun }))
  }
  return 0
}

function editSentence(found: EditedLetter, plan: PlannedReplay | undefined): string {
  const what = `${found.place} of ${found.parked.name}`
  return plan === undefined
    ? `Put the edited value in the place of ${what}, and release ${lettersOf(found)}`
    : `Write the edited copy of ${what} to ${plan.to}`
}

function lettersOf({ released, letter }: EditedLetter): string {
  if (letter.record.key === null || released === 1) return 'it'
  return `the ${released} letters of its key, in order`
}

async function editedJson(
  project: Project,
  args: CommandArgs,
  found: EditedLetter,
): Promise<Uint8Array | undefined> {
  const file = textFlag(args.values, 'edit')!
  if (file === 'editor') return editedInEditor(project, args, found)
  try {
    return readFileSync(file === '-' ? 0 : resolve(args.cwd, file))
  } catch {
    throw usage(`--edit ${file} cannot be read: give a file of JSON, - for standard input, or editor.`)
  }
}
