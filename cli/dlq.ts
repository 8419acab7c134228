import { nearest } from '../engine/config/suggest.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { listLetters, showLetter } from './dlq/show.ts'
import { discardLetters, releaseLetters } from './dlq/act.ts'
import { replayLetters } from './dlq/replay.ts'
import { countLetters } from './dlq/stats.ts'
import { commonFlags, describedFlags, usage } from './command-line/flags.ts'
import { LetterRefusal } from './letters/refusal.ts'
import { projectOptions } from './project/options.ts'
import { needStore, openProject, type Project } from './project/project.ts'

type Act = (project: Project, args: CommandArgs) => Promise<number>

const acts: Readonly<Record<string, Act>> = {
  list: listLetters,
  stats: countLetters,
  show: showLetter,
  release: releaseLetters,
  discard: discardLetters,
  replay: replayLetters,
}

/** `millrace dlq`. */
export const command: Command = {
  name: 'dlq',
  summary: 'Lists, shows, releases, edits, discards and replays parked records.',
  usage: 'millrace dlq list|stats|show|release|discard|replay [PARTITION@OFFSET] [flags]',
  options: describedFlags({
    topology: { type: 'string', placeholder: 'NAME', description: 'only what this topology has parked' },
    topic: { type: 'string', placeholder: 'TOPIC', description: 'only records of this source topic' },
    key: { type: 'string', placeholder: 'KEY', description: 'the letters of this key, as list shows it' },
    node: { type: 'string', placeholder: 'NODE', description: 'only what failed at this node' },
    class: { type: 'string', placeholder: 'CLASS', description: 'only errors of this class' },
    code: { type: 'string', placeholder: 'CODE', description: 'only errors with this code' },
    type: { type: 'string', placeholder: 'NAME', description: 'only records of this schema' },
    since: {
      type: 'string',
      placeholder: 'TIME',
      description:
        'only what first failed at that time or later: 2026-11-20T10:00:00Z, or 2h for two hours ago',
    },
    until: {
      type: 'string',
      placeholder: 'TIME',
      description: 'only what first failed before that time',
    },
    text: {
      type: 'string',
      placeholder: 'TEXT',
      description: 'only where the error or the key has this in it',
    },
    limit: { type: 'string', placeholder: 'N', description: 'list: this many keys at most' },
    after: {
      type: 'string',
      placeholder: 'PLACE',
      description: 'list, replay: go on where the last one ended',
    },
    all: { type: 'boolean', description: 'release: every key of the topic' },
    reason: {
      type: 'string',
      placeholder: 'TEXT',
      description: 'why, kept with the command; discard needs it',
    },
    rate: {
      type: 'string',
      placeholder: 'N',
      description: 'release, replay: this many letters a second, at most',
    },
    to: {
      type: 'string',
      placeholder: 'TOPIC',
      description: 'replay: write to this topic, not to the source topic',
    },
    'stop-at': {
      type: 'string',
      placeholder: 'N|TIME',
      description: 'replay: so many letters at most, or only what first failed before that time',
    },
    again: { type: 'boolean', description: 'replay: also letters that were released before' },
    edit: {
      type: 'string',
      placeholder: 'FILE|-|editor',
      description: 'replay: the one letter with this value, JSON; editor opens what EDITOR names',
    },
    'dry-run': { type: 'boolean', description: 'say what would be asked for, and ask for nothing' },
    yes: { type: 'boolean', short: 'y', description: 'do not ask whether it is meant' },
    output: commonFlags.output,
    project: commonFlags.project,
    env: commonFlags.env,
    store: commonFlags.store,
  }),
  help: `
A record that cannot be processed is parked, and behind it every later record of its key, in order: each is a letter.

  list     the keys with open letters, and why the first one was parked
  show     one letter: where it comes from, its error, its record. PARTITION@OFFSET is its place in the parked topic
  stats    how many letters are open, released and discarded, by error and by day
  release  sends the letters of a key through the topology again, in order; one that fails stays, with all behind it
  discard  gives letters up, for good: those of a key, or the one at PARTITION@OFFSET
  replay   writes letters that are not open to their source topic, or any letters to another topic, as new records.
           With --topic NAME.dlq and --to: what other programs have put there, by Kafka Streams' headers or as plain copies.
           With --edit: one letter with another value. An open one keeps its place, and its key is released

Release, discard and the edit of an open letter are requests, which the topology's worker carries out at once, or when it next runs. list shows
those that are waiting.

Examples:
  millrace dlq list
  millrace dlq show 0@17
  millrace dlq release --topic audit-events --key order-7
  millrace dlq discard 0@17 --reason "sent twice, see INC-42"
  millrace dlq replay 0@17 --edit mended.json --reason INC-42
  millrace dlq replay --topic audit-events --code ROW_REFUSED --to audit-events-retry --rate 100 --dry-run
  millrace dlq replay --topic payments.dlq --to payments --until 2h --rate 50 --dry-run
`,
  exits: {
    1: 'nothing is changed, or not all of the letters that are meant',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [name] = args.positionals
  const act = name !== undefined && Object.hasOwn(acts, name) ? acts[name] : undefined
  if (act === undefined) {
    const near = name === undefined ? undefined : nearest(name, Object.keys(acts))
    if (near !== undefined) throw usage(`dlq has no "${name}": did you mean ${near}?`)
    throw usage('dlq needs to be told what to do: list, stats, show, release, discard or replay.')
  }
  const more = args.positionals[name === 'list' ? 1 : 2]
  if (more !== undefined)
    throw usage(`dlq ${name} has no use for "${more}": leave it out, or ask again for it.`)
  const project = await openProject(await projectOptions(args))
  try {
    needStore(project)
    return await act(project, args)
  } catch (error) {
    if (!(error instanceof LetterRefusal)) throw error
    throw usage(sentenceOfRefusal(error))
  } finally {
    await project.close()
  }
}

/** Where the hint is a whole sentence of the command line's own, it stands for the refusal. */
function sentenceOfRefusal({ message, hint }: LetterRefusal): string {
  if (hint === undefined) return `${message}.`
  return hint.startsWith('dlq ') ? `${hint}.` : `${message}: ${hint}.`
}
