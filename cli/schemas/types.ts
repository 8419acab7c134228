import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fatalError } from '../../engine/errors.ts'
import { outputFlag } from '../command-line/flags.ts'
import { namedFiles, schemaFilesOf, type SchemasContext } from './context.ts'

/**
 * `millrace schemas types`: TypeScript of the newest versions, in `schemas/types.ts`. With `--dry-run` nothing is written, and the answer is 1
 * where the file is not what it would be: for a build.
 */
export async function writeTypes(context: SchemasContext): Promise<number> {
  const { typescriptOf } = await import('../../engine/avro/typescript.ts')
  const { args, folder, words } = context
  const path = join(folder, 'types.ts')
  const json = outputFlag(args.values, ['text', 'json']) === 'json'
  const say = (state: 'unchanged' | 'stale' | 'written', sentence: string): void =>
    args.out(json ? JSON.stringify({ file: path, state }) : sentence)
  const text = typescriptOf(namedFiles(await schemaFilesOf(context), words))
  const there = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  if (there === text) {
    say('unchanged', `${path} is up to date.`)
    return 0
  }
  if (args.values['dry-run'] === true) {
    const state = there === undefined ? 'is not there' : 'is not up to date'
    say('stale', `${path} ${state}: run millrace schemas types.`)
    return 1
  }
  try {
    writeFileSync(path, text)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw fatalError('CONFIG_UNREADABLE', `${path} could not be written (${code}).`, { cause: error })
  }
  say('written', `${path} is written.`)
  return 0
}
