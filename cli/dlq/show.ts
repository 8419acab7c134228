import type { CommandArgs } from '../command-line/command.ts'
import { numberFlag, outputFlag, textFlag, usage } from '../command-line/flags.ts'
import { haltLines } from './halts.ts'
import type { LetterFilter } from '../letters/filter.ts'
import { haltedPartitions } from '../letters/halts.ts'
import { findKeys, type FoundKeys, type KeySummary } from '../letters/find.ts'
import { oneTopic } from '../letters/select.ts'
import { shownLetter, type ShownLetter } from '../letters/show.ts'
import type { Project } from '../project/project.ts'
import { shownJson } from '../terminal/stored-value.ts'
import { printable, textTable } from '../terminal/text-table.ts'
import { timeFlag } from '../trace/times.ts'

/** What the flags say about the letters that are wanted. */
export function filterOf({ values }: CommandArgs): LetterFilter {
  const text = (name: string) => textFlag(values, name)
  const now = Date.now()
  return {
    ...{ topology: text('topology'), topic: text('topic'), key: text('key'), node: text('node') },
    ...{ class: text('class'), code: text('code'), type: text('type'), text: text('text') },
    ...{ since: timeFlag('since', text('since'), now), until: timeFlag('until', text('until'), now) },
  }
}

const mostKeys = 1_000_000

/** `millrace dlq list`. */
export async function listLetters(project: Project, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const limit = numberFlag(args.values, 'limit', 1, mostKeys)
  const filter = filterOf(args)
  const found = await findKeys(project, filter, { limit, after: textFlag(args.values, 'after') })
  const halts = haltLines(await haltedPartitions(project, filter))
  if (format === 'table') {
    printList(found, args)
    if (halts.length > 0) ['', ...halts].forEach((line) => args.out(line))
  } else {
    args.out(JSON.stringify(found.keys))
    for (const line of halts) args.err(line)
    if (found.more !== undefined) args.err(`There are more: --after ${found.more}`)
  }
  return 0
}

function printList({ keys, more }: FoundKeys, args: CommandArgs): void {
  if (keys.length === 0) return args.out('Nothing is parked.')
  const headings = ['topology', 'topic', 'key', 'letters', 'first', 'since', 'node', 'class', 'code', 'error']
  const someAsked = keys.some(({ requested }) => requested !== null)
  if (someAsked) headings.splice(-1, 0, 'requested')
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  const rows = keys.map((one) => rowOf(one, someAsked))
  for (const line of textTable(headings, rows, width)) args.out(line)
  const letters = keys.reduce((sum, { openLetters }) => sum + openLetters, 0)
  args.out('')
  const found = `${counted(letters, 'open letter')} of ${counted(keys.length, 'key')}`
  args.out(`${found}. One of them: millrace dlq show ${keys[0]!.firstLetter}`)
  if (more !== undefined) args.out(`There are more: --after ${more}`)
}

function rowOf(one: KeySummary, someAsked: boolean): string[] {
  const since = one.firstFailure.slice(0, 19).replace('T', ' ')
  const place = [
    one.topology,
    one.topic,
    one.key ?? '(none)',
    String(one.openLetters),
    one.firstLetter,
    since,
  ]
  return [...place, one.node, one.class, one.code, ...(someAsked ? [one.requested ?? '-'] : []), one.error]
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** `millrace dlq show`. */
export async function showLetter(project: Project, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const [, place] = args.positionals
  if (place === undefined) throw usage('dlq show needs a place: PARTITION@OFFSET, as dlq list shows it.')
  const parked = await oneTopic(project, filterOf(args))
  const shown = await shownLetter(project, parked, place)
  if (format === 'json') args.out(shownJson(shown))
  else for (const line of linesOf(shown)) args.out(line)
  return 0
}

function linesOf(shown: ShownLetter): string[] {
  const { value, format, problem, headers, follower, schema, edited, ...fields } = shown
  const line = (name: string, text: string): string => `${name.padEnd(13)} ${printable(text)}`
  const lines = Object.entries(fields).map(([name, text]) => line(name, String(text ?? '(none)')))
  if (follower)
    lines.push(line('follower', 'yes: it waits behind an earlier record of its key, and did not fail itself'))
  for (const header of headers) lines.push(line('header', `${header.name}: ${header.value ?? '(null)'}`))
  if (problem !== undefined) lines.push(line('problem', problem))
  if (schema !== undefined) lines.push(...schemaLines(schema).map((text) => line('schema', text)))
  lines.push(line('value', `(${format})`), ...bodyOf(value))
  if (edited === undefined) return lines
  const why = edited.reason === undefined ? '' : `: ${edited.reason}`
  lines.push(line('edited', `by ${edited.by} at ${edited.at}${why}; released as (${edited.format})`))
  return [...lines, ...bodyOf(edited.value)]
}

function bodyOf(value: unknown): string[] {
  const body = typeof value === 'string' ? [printable(value)] : shownJson(value, 2).split('\n')
  return body.map((text) => `  ${text}`)
}

function schemaLines({ writer, reader, differences }: NonNullable<ShownLetter['schema']>): string[] {
  const ids = `written with ${writer.name} (id ${writer.id}), read as ${reader.name} (id ${reader.id})`
  return [ids, ...differences.map(({ path, what, breaks }) => `${breaks ? 'breaks: ' : ''}${path} ${what}`)]
}
