import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MillraceError } from '../../engine/errors.ts'
import type { SchemasContext } from './context.ts'

/**
 * Carries out a sub-command on the schemas as they are staged for the next commit, whatever else lies in the folder: a hook
 * judges what is committed. What it prints names the files as they are called in the project.
 *
 * Rejects with USAGE where there is no git repository, and with CONFIG_UNREADABLE where a merge is not finished.
 */
export async function withStaged(
  context: SchemasContext,
  act: (context: SchemasContext) => Promise<number>,
): Promise<number> {
  const { args, root, folder } = context
  const { openStaged } = await import('../lint/git.ts')
  const staged = await openStaged(root)
  const aside = mkdtempSync(join(tmpdir(), 'millrace-staged-'))
  const named = (text: string): string => text.replaceAll(aside, folder)
  try {
    await staged.extract(resolve(args.cwd, root, 'schemas'), aside)
    const out = (line: string): void => args.out(named(line))
    const err = (line: string): void => args.err(named(line))
    const words = context.words.map((word) => word.replace(folder, aside))
    return await act({ ...context, args: { ...args, out, err }, words, folder: aside })
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new MillraceError(error.kind, error.code, named(error.message))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}
