import { setTimeout as sleep } from 'node:timers/promises'
import { shopEvents, shopSpan, type ShopOptions } from '../platform/shop/shop.ts'
import { shopTopics } from '../platform/shop/shop-event.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { Pacer, timetableFlag, type Timetable } from './produce/timetable.ts'
import { bar, terminalProgress } from './terminal/progress.ts'
import { projectOptions } from './project/options.ts'
import { openProject } from './project/project.ts'
import { batchesOf, openShopWriter, pacedBatches, type ShopWriter } from './shop/write.ts'
import { timeFlag } from './trace/times.ts'

const mostEvents = 1_000_000_000
const usualEvents = 10_000

/** `millrace shop`. */
export const command: Command = {
  name: 'shop',
  summary: 'Writes the events of a made-up shop into its topics: data for demos, tests and load.',
  usage: 'millrace shop [--events N] [--seed N] [--begin TIME] [--rate N] [flags]',
  options: describedFlags({
    events: {
      type: 'string',
      placeholder: 'N',
      description: `events to write (default: ${usualEvents}, or as many as --rate has)`,
    },
    seed: {
      type: 'string',
      placeholder: 'N',
      description: 'which shop: the same seed gives the same events (default: 7)',
    },
    begin: {
      type: 'string',
      placeholder: 'TIME',
      description: 'when it opens, as 2h or 2026-01-05T08:00:00Z (default: so that it closes now)',
    },
    rate: {
      type: 'string',
      placeholder: 'N',
      description:
        'events to write each second, as 500, or 100:1m,1000:3m,100 for a spike (default: as fast as it goes)',
    },
    print: { type: 'boolean', description: 'print the events as lines of JSON instead, and write nothing' },
    output: commonFlags.output,
    project: commonFlags.project,
    env: commonFlags.env,
    store: commonFlags.store,
  }),
  help: `
Customers come and look around, some buy, a few products sell best; orders are paid, shipped, cancelled; stock is received,
set aside, given back. About one event in a hundred comes late, and one in fifty twice. What is written goes to
${Object.values(shopTopics)
  .map(({ topic }) => topic)
  .join(', ')}:
see docs/guide/platform.md. Times of events do not depend on how fast they are written; with --rate the records themselves have
the time at which they are written, so that millrace lag tells how long they have waited.

Examples:
  millrace shop --events 20000 --seed 7
  millrace shop --events 1000000 --rate 5000 --env local
  millrace shop --rate 100:1m,1000:3m,100:1m --env local
  millrace shop --events 20 --begin 2026-01-05T08:00:00Z --print
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values, positionals } = args
  const format = outputFlag(values, ['text', 'json'])
  if (positionals.length > 0) throw usage(`shop takes no ${positionals[0]}: its topics are always the same.`)
  const timetable = timetableFlag(values)
  const options = shopOptions(args, timetable)
  if (values['print'] === true) return print(options, args)
  const project = await openProject(await projectOptions(args))
  try {
    const writer = await openShopWriter(project)
    const began = performance.now()
    const written = await write(writer, options, timetable, args)
    const elapsedMs = Math.round(performance.now() - began)
    const summary = { written, seed: options.seed, begin: new Date(options.begin).toISOString(), elapsedMs }
    args.out(format === 'json' ? JSON.stringify(summary) : sentence(summary))
    return args.signal.aborted ? 1 : 0
  } finally {
    await project.close()
  }
}

/** Writes until the end, or the signal. Answers how many records. */
async function write(
  writer: ShopWriter,
  options: ShopOptions,
  timetable: Timetable | undefined,
  { signal }: CommandArgs,
): Promise<number> {
  const progress = terminalProgress()
  const pacer = timetable && new Pacer(timetable, signal)
  let written = 0
  for await (const batch of pacer === undefined
    ? batchesOf(shopEvents(options))
    : pacedBatches(shopEvents(options), pacer)) {
    if (signal.aborted) break
    await writer.write(batch, pacer === undefined ? {} : { writtenAt: Date.now() })
    written += batch.length
    progress.show(() => `${bar(Math.min(1, written / options.events))} ${written} events`)
  }
  progress.clear()
  return written
}

function shopOptions({ values }: CommandArgs, timetable: Timetable | undefined): ShopOptions {
  const seed = numberFlag(values, 'seed', 0, 4_294_967_295) ?? 7
  const events = numberFlag(values, 'events', 1, mostEvents) ?? eventsOf(timetable)
  const now = Date.now()
  const begin = timeFlag('begin', textFlag(values, 'begin'), now) ?? now - shopSpan({ seed, events })
  return { seed, events, begin }
}

/** Lines with the topic, the key, the schema and the event, its time as text. */
async function print(options: ShopOptions, { out, signal }: CommandArgs): Promise<number> {
  for (const batch of batchesOf(shopEvents(options))) {
    for (const { topic, key, schema, event } of batch) {
      if (signal.aborted) return 1
      out(JSON.stringify({ topic, key, schema, value: event }))
    }
    // So that a signal, or a reader who goes away, is noticed.
    await sleep(0)
  }
  return 0
}

function eventsOf(timetable: Timetable | undefined): number {
  return timetable !== undefined && timetable.total <= mostEvents ? timetable.total : usualEvents
}

function sentence(summary: {
  readonly written: number
  readonly seed: number
  readonly begin: string
  readonly elapsedMs: number
}): string {
  const { written, seed, begin, elapsedMs } = summary
  const rate = Math.round((written * 1000) / Math.max(1, elapsedMs))
  return `${written} events of shop ${seed}, which opened at ${begin}, written in ${elapsedMs / 1000} s (${rate}/s).`
}
