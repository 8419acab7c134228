import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { nearest } from '../../engine/config/suggest.ts'
import { fatalError } from '../../engine/errors.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { entryAt } from '../../project/root.ts'
import type { Project } from '../project/project.ts'
import type { LineRules } from './lines.ts'

/** What is to be written, and where from. */
export interface Job {
  readonly topic: string
  readonly rules: LineRules
  /** Opened when everything else is known to be right. */
  readonly open: () => Readable
  /** Bytes of the file, where there is one. */
  readonly size: number | undefined
}

/** What the flags ask for. Throws USAGE, CONFIG_UNREADABLE and what the schema's reading throws, before anything is made. */
export async function prepare({ values, cwd }: CommandArgs, project: Project, topic: string): Promise<Job> {
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
