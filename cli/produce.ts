import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, usage } from './command-line/flags.ts'
import { prepare } from './produce/job.ts'
import { produceLines } from './produce/produce-lines.ts'
import { timetableFlag } from './produce/timetable.ts'
import { projectOptions } from './project/options.ts'
import { openProject } from './project/project.ts'

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
    const tally = await produceLines(job, project, timetable, args)
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
