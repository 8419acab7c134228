import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Pull } from '../../engine/avro/compatibility/pull.ts'
import type { SchemaFile } from '../../engine/avro/schema-files.ts'
import { outputFlag } from '../command-line/flags.ts'
import { schemaFilesOf, type SchemasContext } from './context.ts'
import { withOpenRegistry, type OpenRegistry } from './registry.ts'

/** `millrace schemas pull`. Files that are there stay as they are. */
export function pullSchemas(context: SchemasContext): Promise<number> {
  const { args, folder } = context
  return withOpenRegistry(context, async (registry) => {
    // A project may begin with what its registry has.
    const files = existsSync(folder) ? await schemaFilesOf(context) : []
    const pulls = await pullsOf(files, registry, context)
    const found = pulls
      .flatMap((pull) => pull.files)
      .map((file) => ({ ...file, path: join(folder, file.topic, file.name) }))
    const left = pulls.flatMap((pull) => pull.left)
    const dry = args.values['dry-run'] === true
    if (!dry) for (const { path, text } of found) write(path, text)
    if (outputFlag(args.values, ['text', 'json']) === 'json') {
      const plain = found.map(({ path, version }) => ({ file: path, version }))
      args.out(JSON.stringify({ written: !dry, files: plain, left }, undefined, 2))
      return 0
    }
    for (const { path } of found) args.out(`${dry ? 'would write' : 'wrote'} ${path}`)
    for (const sentence of left) args.out(sentence)
    if (found.length === 0) args.out('Nothing to write.')
    return 0
  })
}

async function pullsOf(
  files: readonly SchemaFile[],
  { admin }: OpenRegistry,
  { words }: SchemasContext,
): Promise<Pull[]> {
  const { pullSubject } = await import('../../engine/avro/compatibility/pull.ts')
  const subjects = (await admin.subjects()).filter(
    (subject) =>
      words.length === 0 || words.some((word) => subject === word || subject.startsWith(`${word}-`)),
  )
  const pulls: Pull[] = []
  for (const subject of subjects) pulls.push(pullSubject(subject, await admin.versions(subject), files))
  return pulls
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  // What is there is somebody's work.
  writeFileSync(path, text, { flag: 'wx' })
}
