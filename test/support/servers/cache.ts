// What is fetched or compiled once per machine: ~/.cache/millrace (XDG_CACHE_HOME is honored).

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const root = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace')

/** Where the folder of that name is, or would be. */
export const cacheFolder = (name: string): string => join(root(), name)

/**
 * The folder `name` of the cache, built where it is not there yet. It is built aside and then renamed: a process
 * that was killed leaves nothing half-made, and of two at once the second one's work is thrown away.
 *
 * @param name  says what is inside, with its version: a folder is never rebuilt
 */
export async function cached(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = cacheFolder(name)
  if (existsSync(folder)) return folder
  await mkdir(root(), { recursive: true })
  const aside = await mkdtemp(join(root(), `.${name}-`))
  try {
    await build(aside)
    await rename(aside, folder)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
