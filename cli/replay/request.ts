import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { timeFlag } from '../trace/times.ts'

/** One end of what is replayed. */
export type Limit =
  /** What is there. */
  | { readonly kind: 'open' }
  /** Milliseconds since 1970. */
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'places'; readonly places: readonly (TopicPartition & { readonly offset: number })[] }

/** What a replay is, as it was asked for. What is kept of it is this, as JSON. */
export interface ReplaySpec {
  /** As they were given; empty for what is there. */
  readonly fromTexts: readonly string[]
  readonly toTexts: readonly string[]
  readonly from: Limit
  readonly to: Limit
  /** How much later than `to` a record may lie behind, milliseconds; undefined = it is looked for up to the end. */
  readonly late?: number
  readonly redirect: Redirect
}

/** Where the sinks write. */
export interface Redirect {
  /** Live table to side table. */
  readonly tables: Readonly<Record<string, string>>
  /** What is put behind the names of all other tables. */
  readonly suffix?: string
  /** Live topic to side topic. */
  readonly topics: Readonly<Record<string, string>>
  /** The sinks that take part; undefined = all. */
  readonly only?: readonly string[]
  /** What is not redirected is written where the live topology writes. */
  readonly live: boolean
}

/** A replay that a command line asks for. */
export interface ReplayRequest {
  readonly name: string
  readonly spec: ReplaySpec
  /** What the command line says, for the comparison with what is kept; `undefined` where it says nothing. */
  readonly said: Readonly<Record<string, string | undefined>>
}

/** Reads the flags of `millrace replay`. Throws USAGE. */
export function requestOf(args: Pick<CommandArgs, 'values'>, now: number): ReplayRequest {
  const fromTexts = openless(listFlag(args, 'from'), 'earliest')
  const toTexts = openless(listFlag(args, 'to'), 'latest')
  const from = limitOf('from', fromTexts, now)
  const to = limitOf('to', toTexts, now)
  if (from.kind === 'time' && to.kind === 'time' && from.time >= to.time)
    throw usage(
      `--from ${fromTexts[0]!} is not before --to ${toTexts[0]!}: what is replayed begins before it ends.`,
    )
  const late = lateOf(args, to)
  const redirect = redirectOf(args)
  const spec: ReplaySpec = { fromTexts, toTexts, from, to, redirect, ...(late !== undefined && { late }) }
  return { name: nameOf(args, fromTexts, toTexts), spec, said: saidBy(args) }
}

/** `earliest` and `latest` are what is there: the same as nothing. */
function openless(texts: readonly string[], open: string): string[] {
  return texts.length === 1 && texts[0] === open ? [] : [...texts]
}

function limitOf(flag: 'from' | 'to', texts: readonly string[], now: number): Limit {
  const [first, ...others] = texts
  if (first === undefined) return { kind: 'open' }
  if (texts.every((text) => text.includes('/')))
    return { kind: 'places', places: texts.map((text) => placeOf(flag, text)) }
  if (others.length > 0) throw usage(`--${flag} is given more than once: only TOPIC/PARTITION:OFFSET may be.`)
  return { kind: 'time', time: timeFlag(flag, first, now)! }
}

function placeOf(flag: string, text: string): TopicPartition & { readonly offset: number } {
  const [, topic, partition, offset] = /^([A-Za-z0-9._-]+)\/(\d{1,9}):(\d{1,15})$/.exec(text) ?? []
  if (topic === undefined) throw usage(`--${flag} ${text} is no place: write it as TOPIC/PARTITION:OFFSET.`)
  return { topic, partition: Number(partition), offset: Number(offset) }
}

function lateOf({ values }: Pick<CommandArgs, 'values'>, to: Limit): number | undefined {
  const text = textFlag(values, 'late')
  if (text === undefined) return undefined
  if (to.kind !== 'time')
    throw usage('--late is how far behind --to its records may lie: give --to a time, too.')
  const ago = /^\d{4}-/.test(text) ? undefined : timeFlag('late', text, 0)
  if (ago === undefined) throw usage(`--late ${text} is no duration: write it as 10m, 1h or 2d.`)
  return -ago
}

function redirectOf({ values }: Pick<CommandArgs, 'values'>): Redirect {
  const suffix = textFlag(values, 'tables-suffix')
  if (suffix !== undefined && !/^[A-Za-z0-9_]+$/.test(suffix))
    throw usage(`--tables-suffix ${suffix} cannot be part of a table's name: write it as _v2.`)
  const into = textFlag(values, 'into')
  if (into !== undefined && into !== 'live')
    throw usage(`--into ${into} is not known: --into live writes where the topology itself writes.`)
  const only = listFlag({ values }, 'only')
    .flatMap((text) => text.split(','))
    .filter((name) => name !== '')
  return {
    tables: pairsOf({ values }, 'table'),
    ...(suffix !== undefined && { suffix }),
    topics: pairsOf({ values }, 'topic'),
    ...(only.length > 0 && { only }),
    live: into === 'live',
  }
}

function pairsOf(args: Pick<CommandArgs, 'values'>, flag: 'table' | 'topic'): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of listFlag(args, flag)) {
    const [, live, side] = /^([^=]+)=([^=]+)$/.exec(text) ?? []
    if (live === undefined || side === undefined)
      throw usage(`--${flag} ${text} does not say where to: write it as LIVE=SIDE.`)
    if (live === side)
      throw usage(`--${flag} ${text} is the same twice: --into live writes where the topology writes.`)
    pairs[live] = side
  }
  return pairs
}

/** What a name may be: it becomes part of the names of topics, groups and folders. */
const validName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

function nameOf(
  { values }: Pick<CommandArgs, 'values'>,
  from: readonly string[],
  to: readonly string[],
): string {
  const given = textFlag(values, 'as')
  if (given !== undefined) {
    if (validName.test(given)) return given
    throw usage(`--as ${given} cannot be a name: use up to 64 letters, digits, hyphens and underscores.`)
  }
  if ([...from, ...to].some((text) => text.includes('/')))
    throw usage('A replay of places needs a name: add --as NAME.')
  const ago = [...from, ...to].find((text) => !/^\d{4}-/.test(text))
  if (ago !== undefined)
    throw usage(`A replay of ${ago} ago needs a name, since that is another time tomorrow: add --as NAME.`)
  if (from.length + to.length === 0) return 'all'
  const begin = from.length === 0 ? '' : shortText(from[0]!)
  const end = to.length === 0 ? '' : `until-${shortText(to[0]!)}`
  return [begin, end].filter((text) => text !== '').join('-')
}

/** `2026-10-01T00:00:00Z` as `2026-10-01`; without what names cannot have. */
function shortText(text: string): string {
  return text
    .replace(/T00:00(:00(\.0+)?)?Z$/, '')
    .replaceAll(/[:.]/g, '')
    .replaceAll('+', 'p')
}

/** The flags that say which replay it is, as one text each. */
function saidBy(args: Pick<CommandArgs, 'values'>): Record<string, string | undefined> {
  const flags = ['from', 'to', 'late', 'table', 'tables-suffix', 'topic', 'only', 'into']
  return Object.fromEntries(
    flags.map((flag) => {
      const texts = listFlag(args, flag)
      return [flag, texts.length === 0 ? undefined : texts.toSorted().join(' ')]
    }),
  )
}

function listFlag({ values }: Pick<CommandArgs, 'values'>, name: string): string[] {
  return [values[name]].flat().filter((one): one is string => typeof one === 'string')
}
