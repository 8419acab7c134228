import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { nearest } from '../engine/config/suggest.ts'
import { fatalError } from '../engine/errors.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { processorFiles } from './new/processor.ts'
import { sinkFiles } from './new/sink.ts'
import { topologyFiles } from './new/topology.ts'
import { findRoot, isMarked, shownPath } from '../project/root.ts'

interface Kind {
  readonly files: (name: string) => Readonly<Record<string, string>>
  /** The topology among them. */
  readonly topology: (name: string) => string
  readonly topic: (name: string) => string
  /** A record to try it with. */
  readonly record: string
}

const kinds: Readonly<Record<string, Kind>> = {
  topology: {
    files: topologyFiles,
    topology: (name) => `topologies/${name}.yaml`,
    topic: (name) => `${name}-events`,
    record: '{"id":"o1","status":"PAID","amount":5}',
  },
  processor: {
    files: processorFiles,
    topology: (name) => `processors/${name}.yaml`,
    topic: (name) => `try-${name}`,
    record: '{"amount":120}',
  },
  sink: {
    files: sinkFiles,
    topology: (name) => `sinks/${name}.yaml`,
    topic: (name) => `try-${name}`,
    record: '{"n":1}',
  },
}

/** `millrace new`. */
export const command: Command = {
  name: 'new',
  summary: 'Writes a small working topology, processor or sink, with its test.',
  usage: 'millrace new topology|processor|sink NAME [flags]',
  options: describedFlags({ output: commonFlags.output, project: commonFlags.project }),
  help: `
Writes files to begin with, and says what to do next; a file that is there already is never written over. A processor
or a sink comes with a small topology to try it in. NAME is of small letters, digits and "-".

Examples:
  millrace new topology orders
  millrace new processor score
  millrace new sink webhook
`,
  run,
}

function run(args: CommandArgs): Promise<number> {
  const { values, cwd, out } = args
  const format = outputFlag(values, ['text', 'json'])
  const { kind, name } = wanted(args.positionals)
  const root = findRoot({ cwd, project: textFlag(values, 'project') })
  const files = { ...kind.files(name), ...rootMark(root) }
  const written = writeAll(root, files, cwd)
  const next = [
    ...(relative(cwd, root) === '' ? [] : [`cd ${shownPath(root, cwd)}`]),
    ...nextSteps(kind, name),
  ]
  if (format === 'json') out(JSON.stringify({ written, next }))
  else for (const line of report(written, next)) out(line)
  return Promise.resolve(0)
}

function wanted(positionals: readonly string[]): { kind: Kind; name: string } {
  const [what, name, ...others] = positionals
  const names = Object.keys(kinds)
  if (what === undefined || name === undefined)
    throw usage('new needs what to write and its name: millrace new topology|processor|sink NAME.')
  if (others.length > 0) throw usage(`new writes one thing at a time: leave "${others[0]}" out.`)
  const kind = Object.hasOwn(kinds, what) ? kinds[what] : undefined
  if (kind === undefined) {
    const near = nearest(what, names)
    throw usage(
      `new writes a topology, a processor or a sink, and no "${what}"${near === undefined ? '.' : `: did you mean ${near}?`}`,
    )
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 50)
    throw usage(
      `"${name}" cannot be the name: take small letters, digits and "-", at most 50, such as late-orders.`,
    )
  return { kind, name }
}

/** Commands look for the root of a project by this folder. */
function rootMark(root: string): Record<string, string> {
  if (isMarked(root)) return {}
  const text =
    'The Avro schemas of this project: a folder for each topic, with Name.v1.avsc, Name.v2.avsc and so on.\n'
  return { 'schemas/README.md': text }
}

function writeAll(root: string, files: Readonly<Record<string, string>>, cwd: string): string[] {
  const all = Object.entries(files).map(([name, text]) => ({ path: join(root, name), text }))
  const taken = all.find(({ path }) => existsSync(path))
  if (taken !== undefined) throw isThere(shownPath(taken.path, cwd))
  for (const { path, text } of all) write(path, text, shownPath(path, cwd))
  return all.map(({ path }) => shownPath(path, cwd))
}

function write(path: string, text: string, shown: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    if (code === 'EEXIST') throw isThere(shown)
    throw fatalError('CONFIG_UNREADABLE', `${shown} could not be written (${code}): see to its folder.`, {
      cause: error,
    })
  }
}

function isThere(shown: string): Error {
  return fatalError(
    'CONFIG_INVALID',
    `${shown} is there already, and nothing was written: take another name.`,
  )
}

function nextSteps({ topology, topic, record }: Kind, name: string): string[] {
  const file = topology(name)
  return [
    `millrace lint ${file}`,
    `millrace test ${file.replace(/\.yaml$/, '.test.yaml')}`,
    `echo '${record}' | millrace produce ${topic(name)} --raw`,
    `millrace run ${file} --until-end`,
  ]
}

function report(written: readonly string[], next: readonly string[]): string[] {
  return ['Written:', ...written.map((file) => `  ${file}`), '', 'Next:', ...next.map((step) => `  ${step}`)]
}
