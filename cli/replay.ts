import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags } from './command-line/flags.ts'

/** `millrace replay`. */
export const command: Command = {
  name: 'replay',
  summary: 'Runs records of some time through a topology once more, beside the live one.',
  usage:
    'millrace replay FILE [--from PLACE] [--to PLACE] [flags] | list [FILE] | remove FILE [--as NAME] [--yes]',
  options: describedFlags({
    from: {
      type: 'string',
      multiple: true,
      placeholder: 'PLACE',
      description:
        'records of this time or later: a time, how long ago, or TOPIC/PARTITION:OFFSET (default: all)',
    },
    to: {
      type: 'string',
      multiple: true,
      placeholder: 'PLACE',
      description: 'records before this time, in the same forms (default: all that is there at the start)',
    },
    late: {
      type: 'string',
      placeholder: 'DURATION',
      description:
        'how much later than --to a topic is read for records that came late (default: to its end)',
    },
    as: {
      type: 'string',
      placeholder: 'NAME',
      description: 'what the replay is called (default: by --from and --to)',
    },
    table: {
      type: 'string',
      multiple: true,
      placeholder: 'LIVE=SIDE',
      description: 'what goes to the table LIVE goes to SIDE instead (may be repeated)',
    },
    'tables-suffix': {
      type: 'string',
      placeholder: 'SUFFIX',
      description: 'the same for all tables, such as _v2',
    },
    topic: {
      type: 'string',
      multiple: true,
      placeholder: 'LIVE=SIDE',
      description: 'the same for a topic that a sink writes (may be repeated)',
    },
    only: {
      type: 'string',
      multiple: true,
      placeholder: 'SINK,…',
      description: 'only these sinks take part',
    },
    into: {
      type: 'string',
      placeholder: 'live',
      description: 'live: write where the topology itself writes',
    },
    rate: { type: 'string', placeholder: 'N', description: 'at most so many records a second' },
    'allow-gone': { type: 'boolean', description: 'also where retention has deleted records of the time' },
    processes: {
      type: 'string',
      placeholder: 'N',
      description: 'so many processes share the partitions (with --env)',
    },
    'dry-run': { type: 'boolean', description: 'say what would be read and written, and do nothing' },
    quiet: { type: 'boolean', description: 'no progress' },
    yes: {
      type: 'boolean',
      short: 'y',
      description: 'remove: do it; without it, it is only said what would be',
    },
    output: commonFlags.output,
    env: commonFlags.env,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
The replay is a consumer group of its own, {topology}.replay.{name}: its offsets, state, parked records and timers are not
those of the live topology, which goes on as it is. (The embedded store has one worker: stop the live one meanwhile.) It reads
the records whose timestamps, as their topics keep them, are of the time, and ends when all of them are settled.

What is read is found at the start, and kept. Stopped by Ctrl-C or killed, the same command goes on where it was, up to the
same end; the same command in other places works along with it. Sinks write into other tables and topics, which --table,
--tables-suffix and --topic name; to write the live ones takes --into live.

  list    the replays there are, and how far they are
  remove  takes the offsets, state and parked records of one away; what it has written stays

Examples:
  millrace replay topologies/audit-store.yaml --from 2026-10-01 --to 2026-11-01 --tables-suffix _v2 --dry-run
  millrace replay topologies/audit-store.yaml --from 2026-10-01 --to 2026-11-01 --tables-suffix _v2 --rate 2000 --env production
  millrace replay topologies/audit-store.yaml --as october --only by-user --table audit_by_user=audit_by_user_v2
  millrace replay remove topologies/audit-store.yaml --as october --yes
`,
  exits: {
    0: 'all is settled',
    1: 'it was stopped before, or could not begin',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [first] = args.positionals
  if (first === 'list') return (await import('./replay/list-command.ts')).listReplays(args)
  if (first === 'remove') return (await import('./replay/remove-command.ts')).removeOne(args)
  return (await import('./replay/run-command.ts')).runReplay(args)
}
