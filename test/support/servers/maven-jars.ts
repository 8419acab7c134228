// Jars from Maven Central, or from the mirror that Maven's settings name, held against committed hashes.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { command } from './command.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Copies the dependencies of a pom to a folder.
 *
 * @param hashes  the file that says what must come, as sha256sum prints it: nothing else, nothing less
 * @throws Error in one sentence where mvn is missing, nothing answers, or a jar is not the expected one
 */
export async function fetchJars(pom: string, hashes: string, folder: string): Promise<void> {
  const goal = 'dependency:copy-dependencies'
  await command('mvn', ['-B', '-q', '-C', '-f', pom, goal, `-DoutputDirectory=${folder}`])

  const list = await readFile(hashes, 'utf8')
  const expected = new Map(
    list
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).reverse() as [string, string]),
  )
  const found = await readdir(folder)
  const wrong = found.filter((name) => !expected.has(name))
  for (const [name, hash] of expected) {
    if (!found.includes(name) || sha256(await readFile(join(folder, name))) !== hash) wrong.push(name)
  }
  if (wrong.length > 0) {
    throw new Error(
      `test servers: Maven delivered other jars than java/${basename(hashes)} names (${wrong.join(', ')}); ` +
        'empty the local Maven repository of them and try again',
    )
  }
}
