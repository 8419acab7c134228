import type { LetterCommand } from '../engine/runtime/letters.ts'
import { confirmed } from './ask.ts'
import type { CommandArgs } from './command.ts'
import { oneTopic, placeOf } from './dlq-show.ts'
import { outputFlag, textFlag, usage } from './flags.ts'
import { keyText, openKeys, type OpenLetter, type ParkedKey, type ParkedTopic } from './parked-letters.ts'
import type { Project } from './project.ts'

/** A command is one record: it must not become too large for a broker. */
const lettersPerCommand = 1000
const commandsPerAppend = 1000

/** One command for the worker, and where it belongs. */
interface Request {
  readonly partition: number
  readonly key: Buffer | null
  readonly letters: readonly OpenLetter[]
  /** Only these letters; otherwise all that the key has when the command is carried out. */
  readonly pinned: boolean
}

/** `millrace dlq release`. */
export async function releaseLetters(project: Project, args: CommandArgs): Promise<number> {
  const { key, place, all } = selectionOf(args)
  if ([key !== undefined, place !== undefined, all].filter(Boolean).length !== 1) {
    throw usage('dlq release needs one of --key KEY, --all, or the PARTITION@OFFSET of a record without key.')
  }
  const parked = await oneTopic(project, args)
  const keys = await openKeys(project, parked)
  const chosen = all
    ? keys
    : place === undefined
      ? withKey(keys, parked, key!)
      : [releasableAt(keys, parked, place)]
  // A record without key has no order: it is released alone. A key is released as a whole, or its order would break.
  const requests = chosen.map((one) => ({ ...one, pinned: one.key === null }))
  return ask(project, args, parked, { act: 'release' }, requests)
}

/** `millrace dlq discard`. */
export async function discardLetters(project: Project, args: CommandArgs): Promise<number> {
  const { key, place, all } = selectionOf(args)
  const reason = textFlag(args.values, 'reason')?.trim()
  if (all) throw usage('dlq discard has no --all: name a key with --key, or a letter by PARTITION@OFFSET.')
  if ((key === undefined) === (place === undefined)) {
    throw usage('dlq discard needs one of --key KEY and a PARTITION@OFFSET.')
  }
  if (reason === undefined || reason === '')
    throw usage('dlq discard needs --reason TEXT: it is kept with the command.')
  const parked = await oneTopic(project, args)
  const keys = await openKeys(project, parked)
  const chosen = place === undefined ? withKey(keys, parked, key!) : [letterIn(keys, parked, place)]
  // What is parked after this was looked at has not been looked at: only these letters are given up.
  const requests = chosen.flatMap((one) => pieces(one).map((letters) => ({ ...one, letters, pinned: true })))
  return ask(project, args, parked, { act: 'discard', reason }, requests)
}

function selectionOf({ positionals, values }: CommandArgs) {
  return { key: textFlag(values, 'key'), place: positionals[1], all: values['all'] === true }
}

function withKey(keys: readonly ParkedKey[], parked: ParkedTopic, wanted: string): ParkedKey[] {
  const found = keys.filter(({ key }) => keyText(key) === wanted)
  if (found.length > 0) return found
  throw usage(`The key "${wanted}" has no open letters in ${parked.name}: see millrace dlq list.`)
}

/** The letter at a place, alone. */
function letterIn(keys: readonly ParkedKey[], parked: ParkedTopic, place: string): ParkedKey {
  const { partition, offset } = placeOf(place)
  for (const key of keys) {
    const letter = key.partition === partition ? key.letters.find((one) => one.offset === offset) : undefined
    if (letter !== undefined) return { ...key, letters: [letter] }
  }
  throw usage(`There is no open letter at ${place} of ${parked.name}: see millrace dlq list.`)
}

function releasableAt(keys: readonly ParkedKey[], parked: ParkedTopic, place: string): ParkedKey {
  const found = letterIn(keys, parked, place)
  if (found.key === null) return found
  const key = keyText(found.key)
  throw usage(`The letters of a key are released together, in order: give --key ${key} instead of ${place}.`)
}

function pieces({ letters }: ParkedKey): OpenLetter[][] {
  const count = Math.ceil(letters.length / lettersPerCommand)
  return Array.from({ length: count }, (_, n) =>
    letters.slice(n * lettersPerCommand, (n + 1) * lettersPerCommand),
  )
}

async function ask(
  project: Project,
  args: CommandArgs,
  parked: ParkedTopic,
  what: Pick<LetterCommand, 'act' | 'reason'>,
  requests: readonly Request[],
): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const dryRun = args.values['dry-run'] === true
  const letters = requests.reduce((sum, request) => sum + request.letters.length, 0)
  const keys = new Set(requests.map(({ key }) => keyText(key)).filter((key) => key !== null)).size
  const sentence = sentenceFor(what.act, letters, keys, parked)
  if (letters > 0 && !dryRun) {
    if (args.values['yes'] !== true && !(await confirmed(`${sentence}?`, args.signal))) {
      args.err('Nothing was asked for.')
      return 1
    }
    await append(project, args, parked, what, requests)
  }
  if (format === 'json') {
    args.out(
      JSON.stringify({ act: what.act, topology: parked.group, topic: parked.topic, keys, letters, dryRun }),
    )
  } else if (letters === 0) args.out(`${parked.name} has no open letters.`)
  else if (dryRun) args.out(`${sentence}: not asked for, since this is a dry run.`)
  else
    args.out(
      `${sentence}: asked for. The worker of ${parked.group} carries it out; millrace dlq list shows what is left.`,
    )
  return 0
}

function sentenceFor(
  act: LetterCommand['act'],
  letters: number,
  keys: number,
  { topic, group }: ParkedTopic,
): string {
  const what = letters === 1 ? '1 letter' : `${letters} letters`
  const whose = keys === 0 ? '' : keys === 1 ? ' of 1 key' : ` of ${keys} keys`
  return `${act === 'release' ? 'Release' : 'Discard'} ${what}${whose} from ${topic}, parked by ${group}`
}

async function append(
  { log }: Project,
  { env }: CommandArgs,
  parked: ParkedTopic,
  { act, reason }: Pick<LetterCommand, 'act' | 'reason'>,
  requests: readonly Request[],
): Promise<void> {
  const { encodeCommand } = await import('../engine/runtime/letters.ts')
  const by = env['USER'] ?? env['LOGNAME']
  const records = requests.map(({ partition, key, letters, pinned }) => {
    const command: LetterCommand = {
      act,
      at: Date.now(),
      ...(pinned ? { letters: letters.map(({ offset }) => offset) } : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(by === undefined ? {} : { by }),
    }
    return { topic: parked.name, partition, ...encodeCommand(command, key) }
  })
  for (let n = 0; n < records.length; n += commandsPerAppend)
    await log.append(records.slice(n, n + commandsPerAppend))
}
