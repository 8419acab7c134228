import type { CommandArgs } from './command.ts'
import { outputFlag, textFlag, usage } from './flags.ts'
import {
  keyText,
  letterAt,
  type Letter,
  openKeys,
  parkedTopics,
  type LetterFilter,
  type ParkedKey,
  type ParkedTopic,
} from './parked-letters.ts'
import type { Project } from './project.ts'
import { showValue, shownJson, type ShownValue } from './stored-value.ts'
import { printable, textTable } from './text-table.ts'

/** `--topology` and `--topic`. */
export function filterOf({ values }: CommandArgs): LetterFilter {
  return { topology: textFlag(values, 'topology'), topic: textFlag(values, 'topic') }
}

/** `millrace dlq list`. */
export async function listLetters(project: Project, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const wanted = textFlag(args.values, 'key')
  const keys: ParkedKey[] = []
  for (const parked of await parkedTopics(project, filterOf(args)))
    keys.push(...(await openKeys(project, parked)))
  const shown = keys.filter(({ key }) => wanted === undefined || keyText(key) === wanted).map(summaryOf)
  if (format === 'json') args.out(JSON.stringify(shown))
  else printList(shown, args)
  return 0
}

type KeySummary = ReturnType<typeof summaryOf>

function summaryOf({ parked, partition, key, letters }: ParkedKey) {
  const first = letters[0]!
  const { info } = first
  return {
    topology: parked.group,
    topic: parked.topic,
    partition,
    key: keyText(key),
    openLetters: letters.length,
    firstLetter: `${partition}@${first.offset}`,
    firstFailure: new Date(info.firstFailure).toISOString(),
    node: info.node,
    class: info.kind,
    code: info.code,
    error: info.message,
    requested: letters.find(({ asked }) => asked !== undefined)?.asked ?? null,
  }
}

function printList(keys: readonly KeySummary[], args: CommandArgs): void {
  if (keys.length === 0) return args.out('Nothing is parked.')
  const headings = ['topology', 'topic', 'key', 'letters', 'first', 'since', 'node', 'class', 'code', 'error']
  const someAsked = keys.some(({ requested }) => requested !== null)
  const rows = keys.map((one) => {
    const since = one.firstFailure.slice(0, 19).replace('T', ' ')
    const row = [
      one.topology,
      one.topic,
      one.key ?? '(none)',
      String(one.openLetters),
      one.firstLetter,
      since,
    ]
    return [...row, one.node, one.class, one.code, ...(someAsked ? [one.requested ?? '-'] : []), one.error]
  })
  if (someAsked) headings.splice(-1, 0, 'requested')
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  for (const line of textTable(headings, rows, width)) args.out(line)
  const letters = keys.reduce((sum, { openLetters }) => sum + openLetters, 0)
  args.out('')
  args.out(
    `${counted(letters, 'open letter')} of ${counted(keys.length, 'key')}. One of them: millrace dlq show ${keys[0]!.firstLetter}`,
  )
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** A letter's place: `PARTITION@OFFSET`. */
export function placeOf(text: string): { readonly partition: number; readonly offset: number } {
  const match = /^(\d{1,9})@(\d{1,15})$/.exec(text)
  if (match === null)
    throw usage(`"${text}" is no place of a letter: give PARTITION@OFFSET, as dlq list shows it.`)
  return { partition: Number(match[1]), offset: Number(match[2]) }
}

/** The one parked topic that is meant. Throws USAGE for none and for several. */
export async function oneTopic(project: Project, args: CommandArgs): Promise<ParkedTopic> {
  const found = await parkedTopics(project, filterOf(args))
  const [only, ...others] = found
  if (only === undefined) throw usage('Nothing was ever parked there: see millrace dlq list.')
  if (others.length === 0) return only
  const names = found.map(({ group, topic }) => `--topology ${group} --topic ${topic}`)
  throw usage(`There are letters of several topics: give ${names.join(', or ')}.`)
}

/** `millrace dlq show`. */
export async function showLetter(project: Project, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const [, place] = args.positionals
  if (place === undefined) throw usage('dlq show needs a place: PARTITION@OFFSET, as dlq list shows it.')
  const { partition, offset } = placeOf(place)
  const parked = await oneTopic(project, args)
  const letter = await letterAt(project, parked, partition, offset)
  if (letter === undefined)
    throw usage(`There is no letter at ${place} of ${parked.name}: see millrace dlq list.`)
  const state = await stateOf(project, parked, partition, offset)
  const shown = { place, state, ...letterFields(letter), ...(await showValue(project, letter.record.value)) }
  if (format === 'json') args.out(shownJson(shown))
  else for (const line of linesOf(shown)) args.out(line)
  return 0
}

async function stateOf(
  project: Project,
  parked: ParkedTopic,
  partition: number,
  offset: number,
): Promise<string> {
  const keys = (await openKeys(project, parked)).filter((key) => key.partition === partition)
  const open = keys.flatMap(({ letters }) => letters).find((one) => one.offset === offset)
  if (open === undefined) return 'closed'
  return open.asked === undefined ? 'open' : `open, ${open.asked} requested`
}

function letterFields({ info, record }: Letter) {
  return {
    topology: info.group,
    record: `${info.topic}/${info.partition}@${info.offset}`,
    key: keyText(record.key),
    timestamp: new Date(info.timestamp).toISOString(),
    follower: info.follower,
    node: info.node,
    class: info.kind,
    code: info.code,
    error: info.message,
    attempts: info.attempts,
    firstFailure: new Date(info.firstFailure).toISOString(),
    parkedAt: new Date(info.parkedAt).toISOString(),
    headers: record.headers.map(({ name, value }) => ({
      name,
      value: value === null ? null : keyText(value),
    })),
  }
}

type Shown = ReturnType<typeof letterFields> & ShownValue & { readonly place: string; readonly state: string }

function linesOf(shown: Shown): string[] {
  const { value, format, problem, headers, follower, ...fields } = shown
  const line = (name: string, text: string): string => `${name.padEnd(13)} ${printable(text)}`
  const lines = Object.entries(fields).map(([name, text]) => line(name, String(text ?? '(none)')))
  if (follower)
    lines.push(line('follower', 'yes: it waits behind an earlier record of its key, and did not fail itself'))
  for (const header of headers) lines.push(line('header', `${header.name}: ${header.value ?? '(null)'}`))
  if (problem !== undefined) lines.push(line('problem', problem))
  const body = typeof value === 'string' ? [printable(value)] : shownJson(value, 2).split('\n')
  return [...lines, line('value', `(${format})`), ...body.map((text) => `  ${text}`)]
}
