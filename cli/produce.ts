import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { OutgoingRecord } from '../engine/component/contracts/log.ts'
import { nearest } from '../engine/config/suggest.ts'
import { fatalError, MillraceError } from '../engine/errors.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { entryAt } from '../project/root.ts'
import { readLines, type InputLine } from './terminal/lines.ts'
import { Sender, type Tally } from './produce/sender.ts'
import { LineRefused, longestLine, recordOf, type LineRules } from './produce/lines.ts'
import { Pacer, timetableFlag, type Timetable } from './produce/timetable.ts'
import { bar, terminalProgress, type Progress } from './terminal/progress.ts'
import { projectOptions } from './project/options.ts'
import { openProject, type Project } from './project/project.ts'

const mostPartitions = 1024

/** `millrace produce`. */
export const command: Command = {
  name: 'produce',
  summary: 'Writes records into a topic, from lines of JSON.',
  usage: 'millrace produce TOPIC --schema NAME [--key FIELD] [--file FILE] [flags]',
  options: describedFlags({
    schema: {
      type: 'string',
      placeholder: 'NAME',
      description: 'the full name of the record schema in schemas/, such as audit.AuditEvent',
    },
    raw: { type: 'boolean', description: 'write the lines as they are, without a schema' },
    key: {
      type: 'string',
      placeholder: 'FIELD',
      description: 'the field (or dotted path) that is the key (default: records have no key, so no order)',
    },
    timestamp: {
      type: 'string',
      placeholder: 'FIELD',
      description: 'the field (or dotted path) that is the timestamp of the record (default: now)',
    },
    file: { type: 'string', placeholder: 'FILE', description: 'read this file instead of standard input' },
    partitions: {
      type: 'string',
      placeholder: 'N',
      description: 'partitions of the topic where it does not exist yet (default: 1)',
    },
    rate: {
      type: 'string',
      placeholder: 'N',
      description:
        'records to write each second, as 500, or 100:1m,1000:3m,100 for a spike (default: as fast as it goes)',
    },
    output: commonFlags.output,
    project: commonFlags.project,
    env: commonFlags.env,
    store: commonFlags.store,
  }),
  help: `
Each line is one record, written with the newest version of the schema. Empty lines are left out. A line that is not
JSON, does not fit the schema or lacks the key is named by its number on standard error; the rest goes on. A running worker sees the records at once.

With --timestamp FIELD a record has the time in that field: milliseconds since 1970, or 2026-01-05T12:00:00Z. A cluster may refuse
times that are too far from now (message.timestamp.before.max.ms, message.timestamp.after.max.ms), and delete old records at once
(retention.ms); a topic with LogAppendTime has its own.

Records with one key keep their order. Without --key they have none, and are spread over the partitions.

Examples:
  millrace produce audit-events --schema audit.AuditEvent --key entityId --file events.jsonl
  millrace produce audit-events --schema audit.AuditEvent --key entityId --file events.jsonl --rate 100:1m,1000:3m,100
`,
  exits: {
    0: 'all lines are written',
    1: 'some are refused, or it was stopped before',
  },
  run,
}

interface Job {
  readonly topic: string
  readonly rules: LineRules
  /** Opened when everything else is known to be right. */
  readonly open: () => Readable
  /** Bytes of the file, where there is one. */
  readonly size: number | undefined
}

async function run(args: CommandArgs): Promise<number> {
  const { values } = args
  const format = outputFlag(values, ['text', 'json'])
  const topic = topicOf(args)
  const partitions = numberFlag(values, 'partitions', 1, mostPartitions)
  const timetable = timetableFlag(values)
  const project = await openProject(await projectOptions(args))
  try {
    const job = await prepare(args, project, topic)
    const count = await project.log.ensureTopic(topic, partitions === undefined ? {} : { partitions })
    const began = performance.now()
    const tally = await produce(job, project, timetable, args)
    const elapsedMs = Math.round(performance.now() - began)
    const summary = {
      produced: tally.produced,
      refused: tally.refused,
      topic,
      partitions: count,
      elapsedMs,
      recordsPerSecond: Math.round((tally.produced * 1000) / Math.max(1, elapsedMs)),
    }
    args.out(format === 'json' ? JSON.stringify(summary) : sentence(summary))
    return tally.refused > 0 || args.signal.aborted ? 1 : 0
  } finally {
    await project.close()
  }
}

function topicOf({ positionals }: CommandArgs): string {
  const [topic, more] = positionals
  if (topic === undefined) throw usage('produce needs a topic: millrace produce TOPIC --schema NAME.')
  if (more !== undefined) throw usage(`produce takes one topic, and ${more} is a second one: leave it out.`)
  if (topic.endsWith('.parked')) {
    throw usage(`${topic} holds parked records, which millrace dlq works on: produce into the topic itself.`)
  }
  return topic
}

async function prepare({ values, cwd }: CommandArgs, project: Project, topic: string): Promise<Job> {
  const schema = textFlag(values, 'schema')
  const raw = values['raw'] === true
  if (raw && schema !== undefined)
    throw usage('--raw writes lines without a schema: leave one of --raw and --schema out.')
  if (!raw && schema === undefined) {
    throw usage(
      'produce needs --schema NAME (the full name of a record in schemas/), or --raw for lines as they are.',
    )
  }
  const key = textFlag(values, 'key')?.split('.')
  const encoder = schema === undefined ? undefined : await project.schemas.encoder(schema, topic)
  const timestamp = textFlag(values, 'timestamp')?.split('.')
  for (const [flag, path] of [
    ['--key', key],
    ['--timestamp', timestamp],
  ] as const)
    if (schema !== undefined && path !== undefined) await checkField(project, schema, flag, path)
  const file = textFlag(values, 'file')
  const rules = { encoder, key, timestamp }
  if (file === undefined) return { topic, rules, open: () => process.stdin, size: undefined }
  const path = resolve(cwd, file)
  const size = fileSize(path, file)
  return { topic, rules, open: () => createReadStream(path, { highWaterMark: 256 * 1024 }), size }
}

/** A misspelt field would refuse every line: say it once instead. */
async function checkField(
  project: Project,
  schema: string,
  flag: string,
  [first]: readonly string[],
): Promise<void> {
  const { root, fullName } = (await (await project.registry()).latest(schema)).schema
  const names = root.kind === 'record' ? root.fields.map((field) => field.name) : []
  if (names.includes(first ?? '')) return
  const near = nearest(first ?? '', names)
  const hint = near === undefined ? `its fields are ${names.join(', ')}.` : `did you mean ${near}?`
  throw usage(`${flag}: ${fullName} has no field ${first ?? ''}: ${hint}`)
}

function fileSize(path: string, file: string): number {
  const found = entryAt(path)
  if (found === undefined) throw fatalError('CONFIG_UNREADABLE', `There is no file ${file}: correct --file.`)
  if (found.isDirectory())
    throw fatalError('CONFIG_UNREADABLE', `${file} is a folder: give a file of JSON lines.`)
  // To open one waits for its other end, and nothing ends that wait. What the shell has opened, as <(…), does not wait.
  if (found.isFIFO() && !/^\/(dev\/fd|proc)\//.test(path))
    throw fatalError('CONFIG_UNREADABLE', `${file} is a pipe: leave --file out, and write < ${file}.`)
  return found.size
}

async function produce(
  job: Job,
  project: Project,
  timetable: Timetable | undefined,
  args: CommandArgs,
): Promise<Tally> {
  const tally: Tally = { produced: 0, refused: 0, bytes: 0, line: 0 }
  const progress = terminalProgress()
  const sender = new Sender(project, tally)
  const pacer = timetable && new Pacer(timetable, args.signal)
  let number = 0
  try {
    for await (const lines of readLines(counted(stoppable(job.open, args.signal), tally), longestLine)) {
      for (const line of lines) {
        if (pacer?.isDue(number) === false) {
          await sender.send()
          await pacer.until(number)
        }
        if (args.signal.aborted && pacer !== undefined) break
        const record = recordFor(line, job, tally, progress, args)
        if (record === undefined) continue
        number++
        if (sender.push(record, line.number)) await sender.send()
      }
      progress.show(() => progressText(job, tally))
    }
    await sender.flush()
  } catch (error) {
    throw explained(error, tally, args)
  } finally {
    progress.clear()
  }
  if (args.signal.aborted)
    args.err(`millrace: stopped: ${tally.produced} records are written, up to line ${tally.line}.`)
  return tally
}

function recordFor(
  line: InputLine,
  job: Job,
  tally: Tally,
  progress: Progress,
  args: CommandArgs,
): OutgoingRecord | undefined {
  try {
    const { key, value, timestamp = Date.now() } = recordOf(line, job.rules)
    return { topic: job.topic, key, value, headers: [], timestamp }
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error
    tally.refused++
    progress.clear()
    args.err(`line ${line.number}: ${error.message}`)
    return undefined
  }
}

/** Ends the input when the process is asked to stop, also while nothing comes. */
async function* stoppable(open: () => Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (signal.aborted) return
  const input = open()
  const stop = (): void => void input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    yield* input as AsyncIterable<Uint8Array>
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function* counted(input: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    tally.bytes += chunk.length
    yield chunk
  }
}

function progressText({ topic, size }: Job, { produced, refused, bytes }: Tally): string {
  const share = size === undefined || size === 0 ? '' : `${bar(bytes / size)} `
  return `${share}${produced} records to ${topic}${refused > 0 ? `, ${refused} refused` : ''}`
}

function explained(error: unknown, tally: Tally, args: CommandArgs): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof MillraceError) {
    args.err(`${tally.produced} records were written, up to line ${tally.line}.`)
    return error
  }
  if (code === 'EACCES' || code === 'EIO' || code === 'EPERM') {
    return fatalError('CONFIG_UNREADABLE', `The input could not be read (${code}).`, { cause: error })
  }
  return error
}

function sentence(summary: {
  readonly produced: number
  readonly refused: number
  readonly topic: string
  readonly partitions: number
  readonly elapsedMs: number
  readonly recordsPerSecond: number
}): string {
  const { produced, refused, topic, partitions, elapsedMs, recordsPerSecond } = summary
  const records = produced === 1 ? '1 record' : `${produced} records`
  const places = partitions === 1 ? '1 partition' : `${partitions} partitions`
  const bad = refused === 0 ? '' : `, ${refused} refused`
  return `${records} written to ${topic} (${places})${bad}, in ${elapsedMs / 1000} s (${recordsPerSecond}/s).`
}
