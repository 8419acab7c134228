import type { CommandArgs } from '../command-line/command.ts'
import { haltLines } from './halts.ts'
import { filterOf } from './show.ts'
import { outputFlag } from '../command-line/flags.ts'
import { letterStats, type LetterStats } from '../letters/stats.ts'
import type { Project } from '../project/project.ts'
import { textTable } from '../terminal/text-table.ts'

/** `millrace dlq stats`. */
export async function countLetters(project: Project, args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const stats = await letterStats(project, filterOf(args))
  if (format === 'json') args.out(JSON.stringify(stats))
  else print(stats, args)
  return 0
}

function print({ total, groups, days, halted }: LetterStats, args: CommandArgs): void {
  for (const line of haltLines(halted)) args.out(line)
  if (halted.length > 0) args.out('')
  if (groups.length === 0) return args.out('Nothing was ever parked.')
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  const counts = ['open', 'released', 'discarded'] as const
  const rows = groups.map((one) => [
    ...[one.topology, one.topic, one.node, one.class, one.code, one.type ?? '-'],
    ...counts.map((name) => String(one[name])),
    one.oldestOpen?.slice(0, 19).replace('T', ' ') ?? '-',
  ])
  const headings = ['topology', 'topic', 'node', 'class', 'code', 'type', ...counts, 'oldest open']
  for (const line of textTable(headings, rows, width)) args.out(line)
  args.out('')
  const byDay = days.map((one) => [one.day, ...counts.map((name) => String(one[name]))])
  for (const line of textTable(['parked on', ...counts], byDay, width)) args.out(line)
  args.out('')
  args.out(`${total.open} open, ${total.released} released, ${total.discarded} discarded.`)
}
