// Cassandra's jars and the small Java program that starts a node.

import { readdir, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { command } from './command.ts'
import { fetchJars, sha256 } from './maven-jars.ts'

/** java/cassandra/pom.xml and the file of hashes say the same. */
export const cassandraVersion = '5.0.5'

const java = fileURLToPath(new URL('java/cassandra/', import.meta.url))

/**
 * The class path of a node, fetched and compiled once per machine.
 *
 * @throws Error in one sentence where mvn or javac is missing, a jar is not the expected one, or nothing answers
 */
export async function cassandraClassPath(): Promise<string> {
  const hashes = join(java, `cassandra-${cassandraVersion}.sha256`)
  const fetch = (folder: string) => fetchJars(join(java, 'pom.xml'), hashes, folder)
  const jars = await cached(`cassandra-${cassandraVersion}`, fetch)
  const libraries = (await readdir(jars)).sort().map((name) => join(jars, name))
  const source = join(java, 'Node.java')
  const hash = sha256(Buffer.concat([Buffer.from(cassandraVersion), await readFile(source)])).slice(0, 16)
  const classes = await cached(`java-${hash}`, async (aside) => {
    await command('javac', ['-encoding', 'UTF-8', '-nowarn', '-d', aside, '-cp', join(jars, '*'), source])
  })
  return [classes, ...libraries].join(delimiter)
}
